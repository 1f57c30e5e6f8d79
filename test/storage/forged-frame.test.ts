/** Entries that are well formed and were written by somebody who means harm (HARDENING 275). */
import { describe, expect, it } from 'vitest'
import { StoredBody } from '../../src/object/stored-body.ts'
import { Seal } from '../../src/redis/seal.ts'
import { openFrame, sealFrame } from '../../src/storage/frame.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { object } from '../object/things.ts'
import { KEY, told, unframed } from './framed.ts'

const OURS = new Seal('our secret', 'clearcoat:')
const THEIRS = new Seal('a guess', 'clearcoat:')
const CHECKSUM = new Seal(null, 'clearcoat:')
const place = { names: [], variant: '', since: 0 }

function raw(...lines: readonly (readonly [name: string, value: string])[]): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of lines) map.appendRaw(name, name.toLowerCase(), value)
  return map
}

function withFields(...lines: readonly (readonly [name: string, value: string])[]): Buffer {
  const fieldLines = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return told(place, object({ headers: raw(...lines), fieldLines }))
}

function patched(pattern: Buffer, by: Buffer): Buffer {
  const bytes = told(place, object({ status: 418, ttl: 1234.5, keep: 60 }))
  const at = bytes.indexOf(pattern)
  expect(at).toBeGreaterThan(0)
  by.copy(bytes, at)
  return bytes
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

const status = (code: number): Buffer => Buffer.from(Uint16Array.of(code).buffer)

const FORGED: Readonly<Record<string, Buffer>> = {
  'a value that ends its line': withFields(['X-A', 'a\r\nSet-Cookie: b=c']),
  'a value with a bare line feed': withFields(['X-A', 'a\nb']),
  'a value with a NUL': withFields(['X-A', 'a\0b']),
  'a name with a blank': withFields(['X A', 'a']),
  'a name that is empty': withFields(['', 'a']),
  'Transfer-Encoding': withFields(['Transfer-Encoding', 'chunked']),
  Connection: withFields(['Connection', 'close']),
  'Set-Cookie': withFields(['Set-Cookie', 'session=stolen']),
  'Set-Cookie in capitals': withFields(['SET-COOKIE', 'session=stolen']),
  'a Content-Length that is sent': withFields(['Content-Length', '5']),
  'a Content-Length that is no number': told(place, object({ headers: raw(['Content-Length', '5, 6']), fieldLines: '' })),
  'lines that are sent and were never received': told(place, object({ fieldLines: 'X-A: a\r\n\r\nHTTP/1.1 200 OK\r\n' })),
  'status 101': patched(status(418), status(101)),
  'status 99': patched(status(418), status(99)),
  'status 600': patched(status(418), status(600)),
  'status 206': patched(status(418), status(206)),
  'status 304': patched(status(418), status(304)),
  'a ttl until the year 9999': patched(double(1234.5), double(251_000_000_000)),
  'a ttl without end': patched(double(1234.5), double(Number.POSITIVE_INFINITY)),
  'a ttl that is no number': patched(double(1234.5), double(Number.NaN)),
  'a life beyond its lifetime': patched(double(1_294_500), double(9_294_500)),
  'a reason with lines of its own': told(place, object({ reason: 'OK\r\nX-A: a' })),
  'an ETag with lines of its own': told(place, object({ etag: '"a"\r\nX-A: a' })),
  'a manifest of nothing': told(place, object({ sliced: true, body: new StoredBody('x') })),
  'a manifest of slices of no bytes': told(place, object({ sliced: true, body: new StoredBody('QUJD 0 100 "v"') })),
  'tags without a name': told(place, object({ tags: [''] })),
  'names that are none': told({ ...place, names: ['a b'] }, object()),
  'names out of order': told({ ...place, names: ['b', 'a'] }, object()),
}

describe('a forged entry', () => {
  for (const [what, bytes] of Object.entries(FORGED)) {
    const of = (seal: Seal): Buffer => sealFrame(seal, 'object', KEY, bytes) ?? expect.fail('it is too large')

    it(`with ${what} is refused by its seal, and where there is only a checksum by what it says`, () => {
      expect([openFrame(OURS, KEY, of(THEIRS)), openFrame(OURS, KEY, of(CHECKSUM))]).toEqual(['seal', 'seal'])
      expect(typeof openFrame(CHECKSUM, KEY, of(CHECKSUM))).toBe('object')
      expect(unframed(of(CHECKSUM), CHECKSUM)).toBeNull()
    })
  }

  it('whose fields and tags are called like what every object has is plain text, and changes nothing', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const lines = names.map((name) => [name, 'polluted'] as const)
    const bytes = told(
      { ...place, names: ['__proto__'], variant: '__proto__;' },
      object({ headers: raw(...lines), fieldLines: '__proto__: polluted\r\n', tags: names, key: '__proto__' }),
    )
    const read = unframed(sealFrame(CHECKSUM, 'object', KEY, bytes)!, CHECKSUM)
    expect([...read!.headers]).toEqual(lines)
    expect(read!.tags).toEqual(names)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf(read!)).toBe(Object.getPrototypeOf(object()))
  })

  it('is one that would be read if it said nothing wrong', () => {
    for (const bytes of [withFields(['X-A', 'a']), patched(status(418), status(203)), patched(double(1234.5), double(1235))])
      expect(unframed(sealFrame(CHECKSUM, 'object', KEY, bytes)!, CHECKSUM)).not.toBeNull()
  })
})
