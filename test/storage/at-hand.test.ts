import { describe, expect, it } from 'vitest'
import { type Entry, newEntryId } from '../../src/object/entry.ts'
import { AtHandStore } from '../../src/storage/at-hand.ts'

const KIB = 1024
/** KiB of the store, and of them what is on trial. */
const BUDGET = 1000
const TRIAL = 128

function entry(key: string, kib: number = 1): Entry {
  return { id: newEntryId(), key, bytes: kib * KIB, expiresAt: Number.POSITIVE_INFINITY, place: -1, row: -1 }
}

/** As whoever reads something in: it is asked for at once. */
function read(store: AtHandStore, key: string): Entry {
  const one = entry(key)
  store.put(one)
  store.touch(one)
  return one
}

/** Those for which there was room, none asked for since, and as many on trial as there may be. */
function full(): { readonly store: AtHandStore; readonly first: readonly Entry[] } {
  const store = new AtHandStore(BUDGET * KIB)
  const first = Array.from({ length: BUDGET - TRIAL }, (_, i) => entry(`first ${i}`))
  for (const each of first) store.put(each)
  for (let i = 0; i < TRIAL; i++) store.put(entry(`other ${i}`))
  expect(store.count).toBe(BUDGET)
  return { store, first }
}

const kept = (store: AtHandStore, entries: readonly Entry[]): number => entries.filter((each) => store.has(each)).length

describe('what a worker has at hand', () => {
  it('is what there was room for, though nobody asks for it, and of what is asked for once no more than is on trial', () => {
    const { store, first } = full()
    const once = Array.from({ length: 5000 }, (_, i) => read(store, `once ${i}`))
    expect([kept(store, first), kept(store, once), kept(store, once.slice(-TRIAL)), store.bytes]).toEqual([872, 128, 128, 1000 * KIB])
  })

  it('is what is asked for again while it is on trial, and what comes back soon', () => {
    const { store, first } = full()
    const twice = read(store, 'twice')
    store.touch(twice)
    const soon = read(store, 'soon')
    for (let i = 0; i < 200; i++) read(store, `once ${i}`)
    expect([store.has(twice), store.has(soon)]).toEqual([true, false])
    const back = read(store, 'soon')
    for (let i = 200; i < 5000; i++) read(store, `once ${i}`)
    // The two have taken the place of the oldest two.
    expect([store.has(twice), store.has(back), kept(store, first)]).toEqual([true, true, 870])
  })

  it('lets go first what was not asked for of that which has proven itself', () => {
    const { store, first } = full()
    for (const each of first.slice(0, 100)) store.touch(each)
    for (let i = 0; i < 200; i++) read(store, `once ${i}`)
    const back = Array.from({ length: 50 }, (_, i) => read(store, `other ${i}`))
    expect([kept(store, back), kept(store, first.slice(0, 100))]).toEqual([50, 100])
    // Of those that come back one or the other is a stranger: who left is known by few bytes.
    expect(872 - kept(store, first)).toBeGreaterThan(40)
  })

  it('is what is new at once again when there is room', () => {
    const { store, first } = full()
    for (const each of first.slice(0, 50)) store.remove(each, 'expired')
    const late = Array.from({ length: 50 }, (_, i) => read(store, `late ${i}`))
    for (let i = 0; i < 500; i++) read(store, `once ${i}`)
    expect([kept(store, late), store.bytes]).toEqual([50, 1000 * KIB])
  })

  it('may be larger than all that may be on trial, and goes for the next', () => {
    const { store, first } = full()
    const large = entry('large', 200)
    store.put(large)
    expect([store.has(large), store.bytes]).toEqual([true, 1000 * KIB])
    const next = entry('next')
    store.put(next)
    expect([store.has(large), store.has(next), kept(store, first)]).toEqual([false, true, 800])
  })

  it('does not go for what lies under the same key, but for what comes then', () => {
    const { store, first } = full()
    const variants = Array.from({ length: 30 }, () => entry('page', 50))
    for (const each of variants) store.put(each)
    expect([kept(store, variants), kept(store, first)]).toEqual([30, 0])
    const other = entry('other')
    store.put(other)
    expect([store.has(other), store.bytes <= BUDGET * KIB]).toEqual([true, true])
  })

  it('counts for no more than a quarter of what there is room for', () => {
    const store = new AtHandStore(BUDGET * KIB)
    expect(store.takes(entry('huge', 100_000))).toBe(true)
    const all = Array.from({ length: 3 }, (_, i) => entry(`huge ${i}`, 100_000))
    for (const each of all) store.put(each)
    expect([kept(store, all), store.bytes]).toEqual([3, 750 * KIB])
  })
})
