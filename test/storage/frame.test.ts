import { describe, expect, it } from 'vitest'
import { CachedObject } from '../../src/object/object.ts'
import { Seal } from '../../src/redis/seal.ts'
import { LARGEST_FRAME, openFrame, sealFrame } from '../../src/storage/frame.ts'
import { readIndex, withList, writeIndex } from '../../src/storage/index-frame.ts'
import { readRefusal, writeRefusal } from '../../src/storage/refusal-frame.ts'
import { marker, object } from '../object/things.ts'
import fc from '../support/properties.ts'
import { anyObject, framed, KEY, SECRETS, seen, told, unframed } from './framed.ts'

const OTHER = 'clearcoat:{BBBBBBBBBBBBBBBBBBBBBB}'
const place = { names: [], variant: '', since: 0 }

describe('frames', () => {
  for (const secret of SECRETS) {
    const seal = new Seal(secret, 'clearcoat:')

    it(`bring every kind of object back as it was, ${secret === null ? 'without' : 'with'} a secret`, () => {
      fc.assert(
        fc.property(anyObject, (kind) => {
          const before = new CachedObject(kind.init)
          const after = unframed(framed(kind, seal), seal)
          expect(after === null ? null : seen(after)).toEqual(seen(before))
        }),
        { numRuns: 400 },
      )
    })
  }

  it('bring back where an object lies and up to where its fetch knew the log', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom('accept', 'x-a', 'x-b')),
        fc.string({ unit: 'binary' }),
        fc.nat(),
        (some, variant, since) => {
          const names = some.sort()
          const left = marker({ key: 'k', credentialed: names.length > 1, type: names.length > 0 ? 'hitForPass' : 'hitForMiss' })
          const back = readRefusal(writeRefusal(left, { key: 'k', names, variant, since, life: 5000 }))
          const { type, credentialed, xid } = left
          expect(back).toEqual({ key: 'k', names, variant, since, life: 5000, type, credentialed, xid })
        },
      ),
    )
  })

  it('bring back the lists of an index, the newest first and four at the most', () => {
    let lists: readonly (readonly string[])[] = []
    for (const name of ['a', 'b', 'c', 'a', 'd', 'e']) lists = withList(lists, [name, 'z'])
    expect(readIndex(writeIndex({ key: 'k', lists }))).toEqual({
      key: 'k',
      lists: [
        ['e', 'z'],
        ['d', 'z'],
        ['a', 'z'],
        ['c', 'z'],
      ],
    })
    expect(() => readIndex(writeIndex({ key: 'k', lists: [] }))).toThrow('there are no lists')
    expect(() => readIndex(writeIndex({ key: 'k', lists: [['a'], ['b'], ['c'], ['d'], ['e']] }))).toThrow('too many')
    expect(() => readIndex(writeIndex({ key: 'k', lists: [['B', 'a']] }))).toThrow('is not one')
  })

  it('are refused after ten thousand changes of a bit, truncations and extensions, each of them', () => {
    const random = fc.sample(fc.nat(2 ** 31 - 2), 20_000)
    const kinds = fc.sample(anyObject, 40)
    const refused: Record<string, number> = {}
    for (const secret of SECRETS) {
      const seal = new Seal(secret, 'clearcoat:')
      const frames = kinds.map((kind) => framed(kind, seal))
      for (let i = 0; i < 5000; i++) {
        const frame = frames[i % frames.length]!
        const [where, how] = [random[2 * i]!, random[2 * i + 1]!]
        let bad = Buffer.from(frame)
        if (how % 4 === 0) bad = bad.subarray(0, where % frame.length)
        else if (how % 4 === 1) bad = Buffer.concat([bad, Buffer.alloc(1 + (where % 40), how)])
        else bad[where % bad.length]! ^= 1 << (how % 8)
        const fault = openFrame(seal, KEY, bad)
        expect(typeof fault).toBe('string')
        refused[String(fault)] = (refused[String(fault)] ?? 0) + 1
      }
    }
    expect(Object.keys(refused).sort()).toEqual(['frame', 'seal', 'version'])
    expect(Object.values(refused).reduce((sum, count) => sum + count)).toBe(10_000)
  })

  it('of another key are told from what is broken', () => {
    for (const secret of SECRETS) {
      const seal = new Seal(secret, 'clearcoat:')
      const frame = framed({ init: object1(), ...place }, seal)
      expect(openFrame(seal, OTHER, frame)).toBe('key')
      const broken = Buffer.from(frame)
      broken[broken.length - 1]! ^= 1
      expect(openFrame(seal, OTHER, broken)).toBe('seal')
      // The name of the other key written over this one's.
      const renamed = Buffer.from(frame)
      renamed.write(OTHER, renamed.indexOf(KEY))
      expect(openFrame(seal, OTHER, renamed)).toBe('seal')
    }
  })

  it('of nothing, of another version, of half a gigabyte and of any bytes are refused', () => {
    const seal = new Seal('s', 'clearcoat:')
    expect(openFrame(seal, KEY, Buffer.alloc(0))).toBe('frame')
    expect(openFrame(seal, KEY, Buffer.alloc(512 * 1024 * 1024))).toBe('frame')
    const next = framed({ init: object1(), ...place }, seal)
    next[4]!++
    expect(openFrame(seal, KEY, next)).toBe('version')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, begins) => {
        const any = begins ? Buffer.concat([Buffer.from('ccrf\x01'), bytes]) : Buffer.from(bytes)
        expect(typeof openFrame(seal, KEY, any)).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })

  it('with another secret or another prefix are not believed', () => {
    const frame = framed({ init: object1(), ...place }, new Seal('one', 'a:'))
    for (const seal of [new Seal('two', 'a:'), new Seal('one', 'b:'), new Seal(null, 'a:')])
      expect(openFrame(seal, KEY, frame)).toBe('seal')
  })

  it('are not made of what is too large', () => {
    const seal = new Seal(null, '')
    expect(sealFrame(seal, 'chunk', KEY, Buffer.alloc(LARGEST_FRAME))).toBeNull()
    expect(sealFrame(seal, 'chunk', 'k'.repeat(2000), Buffer.alloc(1))).toBeNull()
  })

  it('sealed around any bytes are never read as an object, and nothing is thrown but a doubt', () => {
    const seal = new Seal(null, 'clearcoat:')
    const good = told(place, object({ ttl: 60 }))
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (where, byte, cut) => {
        const bad = Buffer.from(cut ? good.subarray(0, where) : good)
        if (!cut) bad[where] = byte
        const frame = sealFrame(seal, 'object', KEY, bad)
        if (frame === null) throw new Error('it is small')
        const read = unframed(frame, seal)
        // What was changed may be a letter of a text or a digit of a number that may be so; never less than a whole answer.
        if (read !== null) expect([read.status >= 200 && read.status < 600, read.ttl <= 2 ** 31, cut]).toEqual([true, true, false])
      }),
      { numRuns: 3000 },
    )
  })
})

function object1(): ConstructorParameters<typeof CachedObject>[0] {
  return fc.sample(anyObject, 1)[0]!.init
}
