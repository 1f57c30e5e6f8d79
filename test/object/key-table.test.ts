import { describe, expect, it } from 'vitest'
import { type Keyed, KeyTable } from '../../src/object/key-table.ts'
import fc from '../support/properties.ts'

/** Many keys at a time, so that the table has to grow and shrink. */
const CHANGE = fc.record({
  what: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
  from: fc.integer({ min: 0, max: 3000 }),
  count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 1500 })),
})

interface Change {
  readonly what: 'put' | 'delete'
  readonly from: number
  readonly count: number
}

const keysOf = ({ from, count }: Change): readonly string[] =>
  Array.from({ length: count }, (_, i) => (i % 2 === 0 ? `${from + i}` : `10:/a/page/${from + i}14:ö.example.com`))

/** A table and a map that is told the same. */
class Twice {
  readonly table: KeyTable<Keyed> = new KeyTable<Keyed>()
  readonly map: Map<string, Keyed> = new Map()

  change(change: Change): void {
    for (const key of keysOf(change)) {
      if (change.what === 'delete') expect(this.table.delete(key)).toBe(this.map.delete(key))
      else {
        // As another string, which is how requests come by theirs.
        const thing = { key: Buffer.from(key).toString() }
        this.table.put(thing)
        this.map.set(key, thing)
      }
    }
  }

  same(keys: Iterable<string>): void {
    expect(this.table.size).toBe(this.map.size)
    for (const key of keys) expect(this.table.get(key)).toBe(this.map.get(key))
    const all = [...this.table.values()]
    expect(all.length).toBe(this.map.size)
    expect(all.filter((thing) => this.map.get(thing.key) !== thing)).toEqual([])
  }
}

describe('a table of keys', () => {
  it('holds what a map would, whatever comes, makes way and goes', () => {
    fc.assert(
      fc.property(fc.array(CHANGE, { maxLength: 20 }), (changes) => {
        const both = new Twice()
        for (const change of changes) {
          both.change(change)
          both.same(keysOf(change))
        }
        both.same(changes.flatMap(keysOf))
        both.table.clear()
        expect([both.table.size, ...both.table.values(), both.table.get(`${changes[0]?.from}`)]).toEqual([0, undefined])
      }),
    )
  })

  it('shows, while it is walked, all that stays, and nothing that has gone', () => {
    fc.assert(
      fc.property(fc.array(CHANGE, { maxLength: 5 }), fc.array(CHANGE, { maxLength: 20 }), (before, meanwhile) => {
        const both = new Twice()
        for (const change of before) both.change(change)
        const stays = new Set(both.map.keys())
        const seen = new Set<string>()
        const left = [...meanwhile]
        for (const thing of both.table.values()) {
          expect(both.map.get(thing.key)).toBe(thing)
          seen.add(thing.key)
          const change = seen.size % 50 === 0 ? left.shift() : undefined
          if (change === undefined) continue
          if (change.what === 'delete') for (const key of keysOf(change)) stays.delete(key)
          both.change(change)
        }
        expect([...stays].filter((key) => !seen.has(key))).toEqual([])
      }),
    )
  })

  it('tells keys apart whose tags are the same, of which there are some among so many', () => {
    const table = new KeyTable<Keyed>()
    const things = Array.from({ length: 300_000 }, (_, i) => ({ key: `${i}` }))
    for (const thing of things) table.put(thing)
    expect(table.size).toBe(things.length)
    expect(things.every((thing) => table.get(thing.key) === thing)).toBe(true)
  })

  it('takes and lets go of others without end while some stay', () => {
    const both = new Twice()
    for (let i = 0; i < 100_000; i++) {
      both.change({ what: 'put', from: i, count: 1 })
      if (i >= 500) both.change({ what: 'delete', from: i - 500, count: 1 })
    }
    both.same(Array.from({ length: 1000 }, (_, i) => `${99_000 + i}`))
  })
})
