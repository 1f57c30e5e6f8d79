import { describe, expect, it } from 'vitest'
import { keyPart, marksKey, partsEnd, partsOf, placeOf, sliceKey } from '../../src/object/key-text.ts'
import { manifestBody, manifestOf, newManifest } from '../../src/object/manifest.ts'

import fc from '../support/properties.ts'
import { object } from './things.ts'

const keys = fc
  .array(fc.oneof(fc.string(), fc.constantFrom('/', '/abc/1', '1:/', '-')), { minLength: 0, maxLength: 4 })
  .chain((parts) => fc.constantFrom('', '-').map((begin) => `${parts.length === 0 ? '-' : begin}${parts.map(keyPart).join('')}`))

describe('the key of a slice', () => {
  it('tells whose slice it is, whatever a policy puts into keys', () => {
    fc.assert(
      fc.property(keys, fc.nat(), (key, index) => {
        const slice = sliceKey(key, 'AbC-_9', index)
        expect(partsEnd(key)).toBe(key.length)
        expect(slice.slice(0, partsEnd(slice))).toBe(key)
        expect(slice.startsWith(`${marksKey(key, 'AbC-_9')}/`)).toBe(true)
        expect(partsOf(slice)).toEqual(partsOf(key))
      }),
    )
  })

  it('is of the same place', () => {
    const key = keyPart('/a/b') + keyPart('www.example')
    expect(placeOf(sliceKey(key, 'm', 3))).toEqual({ url: '/a/b', host: 'www.example' })
  })
})

describe('a manifest', () => {
  it('is read as it was written', () => {
    for (const validator of ['"a b  c"', 'Sun, 06 Nov 1994 08:49:37 GMT', '""']) {
      const manifest = newManifest(65536, 2 ** 40, validator, null)
      expect(manifestOf(object({ sliced: true, body: manifestBody(manifest) }))).toEqual(manifest)
    }
  })

  it('takes over the slices of the one before only where they are of the same file', () => {
    const before = newManifest(65536, 2 ** 20, '"a"', null)
    expect(newManifest(65536, 2 ** 20, '"a"', before)).toBe(before)
    for (const other of [
      newManifest(65536, 2 ** 20, '"b"', before),
      newManifest(65536, 2 ** 20 + 1, '"a"', before),
      newManifest(131072, 2 ** 20, '"a"', before),
    ])
      expect(other.mark).not.toBe(before.mark)
  })

  it('is no other object', () => {
    expect(() => manifestOf(object({ body: manifestBody(newManifest(65536, 2 ** 20, '"a"', null)) }))).toThrow('no manifest')
  })
})
