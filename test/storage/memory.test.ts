import { describe, expect, it } from 'vitest'
import { type Entry, newEntryId } from '../../src/object/entry.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { storeContract } from '../object/store-contract.ts'

function entry(key: string, bytes: number = 1): Entry {
  return { id: newEntryId(), key, bytes, expiresAt: Number.POSITIVE_INFINITY, place: -1, row: -1 }
}

storeContract('the memory tier', (budget) => new MemoryStore(budget))

it('uses the rows of what has left again', () => {
  const store = new MemoryStore(1000)
  // A row of either queue.
  const rows = Array.from({ length: 5000 }, (_, i) => {
    const one = entry(`${i}`, 100)
    store.put(one)
    return one.row
  })
  expect(store.count).toBe(10)
  expect(new Set(rows).size).toBeLessThanOrEqual(2 * 12)
})

describe('the memory tier under URLs that are asked for once', () => {
  /** A full cache: 800 hot entries that were used since they came, and 200 others. */
  function full(): { readonly store: MemoryStore; readonly hot: readonly Entry[] } {
    const store = new MemoryStore(1000)
    const hot = Array.from({ length: 800 }, (_, i) => entry(`hot ${i}`))
    for (const each of hot) {
      store.put(each)
      store.touch(each)
    }
    for (let i = 0; i < 200; i++) store.put(entry(`other ${i}`))
    expect(store.count).toBe(1000)
    return { store, hot }
  }

  const kept = (store: MemoryStore, entries: readonly Entry[]): number => entries.filter((each) => store.has(each)).length

  it('keeps what is hot, although each is used far more seldom than new ones come', () => {
    const { store, hot } = full()
    for (let i = 0; i < 50_000; i++) {
      store.put(entry(`once ${i}`))
      // Each hot one is used after 4,000 new ones: four times as many as there is room for.
      if (i % 5 === 0) store.touch(hot[(i / 5) % hot.length] as Entry)
    }
    expect(kept(store, hot)).toBeGreaterThanOrEqual(785)
    expect(store.count).toBe(1000)
  })

  it('keeps what is hot, although nobody asks for it meanwhile', () => {
    const { store, hot } = full()
    for (let i = 0; i < 50_000; i++) store.put(entry(`once ${i}`))
    expect(kept(store, hot)).toBeGreaterThanOrEqual(785)
  })

  it('lets what was hot go once others are used in its place', () => {
    const { store, hot } = full()
    const next = Array.from({ length: 800 }, (_, i) => entry(`next ${i}`))
    for (let round = 0; round < 10; round++)
      for (const each of next) {
        if (!store.has(each)) store.put(each)
        store.touch(each)
      }
    expect([kept(store, next) > 780, kept(store, hot) < 220]).toEqual([true, true])
  })

  it('keeps what comes back soon after it went', () => {
    const { store } = full()
    for (let i = 0; i < 1000; i++) store.put(entry(`once ${i}`))
    store.put(entry('again'))
    for (let i = 0; i < 300; i++) store.put(entry(`twice ${i}`))
    const again = entry('again')
    store.put(again)
    const stranger = entry('stranger')
    store.put(stranger)
    for (let i = 0; i < 1000; i++) store.put(entry(`thrice ${i}`))
    expect([store.has(again), store.has(stranger)]).toEqual([true, false])
  })

  it('keeps the successor of what it keeps', () => {
    const { store, hot } = full()
    for (let i = 0; i < 1000; i++) store.put(entry(`once ${i}`))
    const before = hot.find((each) => store.has(each)) as Entry
    store.remove(before, 'superseded')
    const after = entry(before.key)
    store.put(after)
    for (let i = 0; i < 1000; i++) store.put(entry(`twice ${i}`))
    expect(store.has(after)).toBe(true)
  })

  it('forgets in time who left', () => {
    const { store } = full()
    const names = Array.from({ length: 50 }, (_, i) => `again ${i}`)
    for (let i = 0; i < 1000; i++) store.put(entry(`once ${i}`))
    for (const name of names) store.put(entry(name))
    for (let i = 0; i < 2000; i++) store.put(entry(`twice ${i}`))
    const again = names.map((name) => entry(name))
    for (const each of again) store.put(each)
    for (let i = 0; i < 1000; i++) store.put(entry(`thrice ${i}`))
    expect(kept(store, again)).toBe(0)
  })

  it('moves no more than a few at a time, though everything was used', () => {
    const store = new MemoryStore(10_000)
    const all = Array.from({ length: 10_000 }, (_, i) => entry(`hot ${i}`))
    for (const each of all) {
      store.put(each)
      store.touch(each)
    }
    const order = (): number => all.findIndex((each) => store.has(each) === false)
    store.put(entry('new'))
    // Neither the first nor one far away: those before it were spared.
    expect([order() > 0, order() <= 256]).toEqual([true, true])
    expect(kept(store, all)).toBe(9_999)
  })
})
