import { beforeEach, describe, expect, it } from 'vitest'
import { DEAD, Entries, FREE, HANDED, LIVE } from '../../../src/object/shared/entries.ts'
import { createSharedMemory, type SharedMemory } from '../../../src/object/shared/memory.ts'
import fc from '../../support/properties.ts'

let memory: SharedMemory
let entries: Entries

beforeEach(() => {
  memory = createSharedMemory({ bytes: 1, workers: 1, entries: 64 })
  entries = new Entries(memory)
})

function put(entry: number, hash: number): void {
  entries.setHash(entry, hash)
  entries.setState(entry, LIVE)
  entries.link(entry)
}

function chain(bucket: number): number[] {
  const found: number[] = []
  for (let entry = entries.first(bucket); entry !== 0; entry = entries.next(entry)) found.push(entry)
  return found
}

describe('entries', () => {
  it('are linked at the head of the chain that their hash says', () => {
    put(1, 5)
    put(2, 5 + memory.buckets)
    put(3, 6)
    put(64, -memory.buckets + 5)
    expect(chain(5)).toEqual([64, 2, 1])
    expect(chain(6)).toEqual([3])
    expect(chain(7)).toEqual([])
    expect(entries.bucketOf(-1)).toBe(memory.buckets - 1)
  })

  it('raise the version of their bucket when one is linked, killed or touched, and of no other', () => {
    const version = () => [entries.version(5), entries.version(6)]
    put(1, 5)
    expect(version()).toEqual([1, 0])
    expect(entries.kill(1)).toBe(true)
    expect(version()).toEqual([2, 0])
    entries.touchVersion(5)
    expect(version()).toEqual([3, 0])
  })

  it('die once', () => {
    put(1, 5)
    expect(entries.isLive(1)).toBe(true)
    expect(entries.kill(1)).toBe(true)
    expect([entries.isLive(1), entries.state(1)]).toEqual([false, DEAD])
    expect(entries.kill(1)).toBe(false)
    expect(entries.version(5)).toBe(2)
    entries.setState(2, HANDED)
    expect(entries.kill(2)).toBe(false)
  })

  it('leave a chain at its head, in its middle and at its end, and keep their next one', () => {
    for (const entry of [1, 2, 3, 4]) put(entry, 5)
    expect(entries.unlink(3)).toBe(true)
    expect(chain(5)).toEqual([4, 2, 1])
    expect(entries.next(3)).toBe(2)
    expect(entries.unlink(4)).toBe(true)
    expect(entries.unlink(1)).toBe(true)
    expect(chain(5)).toEqual([2])
    expect(entries.unlink(2)).toBe(true)
    expect(chain(5)).toEqual([])
  })

  it('say when one is not in its chain', () => {
    put(1, 5)
    entries.setHash(2, 5)
    expect(entries.unlink(2)).toBe(false)
    entries.unlink(1)
    expect(entries.unlink(1)).toBe(false)
  })

  it('have another generation when they are used anew', () => {
    put(1, 5)
    entries.kill(1)
    entries.unlink(1)
    entries.renew(1)
    expect([entries.generation(1), entries.state(1)]).toEqual([1, FREE])
  })

  it('keep every word apart from the others, also at the end of the table', () => {
    for (const entry of [1, 63, 64]) {
      const at = entry * 1000
      entries.setHash(entry, at)
      entries.setAddress(entry, at + 1)
      entries.setSize(entry, at + 2)
      entries.setLarge(entry, at + 3)
      entries.setChecked(entry, at + 4)
      entries.setUsed(entry, at + 5)
      entries.setHits(entry, at)
      entries.addHits(entry, 6)
      entries.setOwner(entry, at + 7)
      entries.setSequence(entry, at + 8)
      entries.setNoticed(entry, at + 9)
      entries.setTtl(entry, at + 0.5)
    }
    for (const entry of [1, 63, 64]) {
      const at = entry * 1000
      expect([entries.next(entry), entries.state(entry), entries.generation(entry)]).toEqual([0, FREE, 0])
      expect(entries.ttl(entry)).toBe(at + 0.5)
      expect([
        entries.hash(entry),
        entries.address(entry),
        entries.size(entry),
        entries.large(entry),
        entries.checked(entry),
        entries.used(entry),
        entries.hits(entry),
        entries.owner(entry),
        entries.sequence(entry),
        entries.noticed(entry),
      ]).toEqual([at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7, at + 8, at + 9])
    }
  })

  it('make the chains that lists would be', () => {
    const step = fc.record({
      is: fc.constantFrom('link', 'unlink'),
      entry: fc.integer({ min: 1, max: 12 }),
      hash: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        memory = createSharedMemory({ bytes: 1, workers: 1, entries: 64 })
        entries = new Entries(memory)
        const model: number[][] = [[], [], []]
        for (const { is, entry, hash } of steps) {
          const linked = model.findIndex((list) => list.includes(entry))
          if (is === 'unlink') {
            expect(entries.unlink(entry)).toBe(linked >= 0)
            if (linked >= 0) model[linked] = model[linked]!.filter((other) => other !== entry)
          } else if (linked < 0) {
            put(entry, hash)
            model[hash]!.unshift(entry)
          }
          expect([chain(0), chain(1), chain(2)]).toEqual(model)
        }
      }),
    )
  })
})
