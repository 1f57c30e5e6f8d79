/** The primitives of shared memory between threads that do not wait for each other. What must hold does so however they interleave. */
import { describe, expect, it } from 'vitest'
import { Entries } from '../../../src/object/shared/entries.ts'
import { createSharedMemory, RING_HEAD_WORDS } from '../../../src/object/shared/memory.ts'
import type { Chained, Chains } from './racing/chain-thread.ts'
import type { Claimed, Claims } from './racing/claim-thread.ts'
import type { Places } from './racing/epoch-thread.ts'
import type { Links } from './racing/link-thread.ts'
import { race } from './racing/threads.ts'

const program = (name: string): URL => new URL(`./racing/${name}-thread.ts`, import.meta.url)

function shared(words: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * words))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

describe('a ring between two threads', () => {
  it('loses nothing, doubles nothing and keeps the order', async () => {
    for (const [capacity, count] of [
      [2, 200],
      [1024, 200_000],
    ] as const) {
      const words = shared(RING_HEAD_WORDS + capacity)
      expect(await race(program('ring'), 2, { words, capacity, count })).toEqual([0, 0])
    }
  })
})

describe('epochs between threads', () => {
  it('reclaim nothing that somebody inside can hold', async () => {
    const memory = createSharedMemory({ bytes: 1, workers: 3 })
    const places = shared(8)
    places[0] = places[1] = 1
    const [reclaimed, ...spoiled] = await race<number>(program('epoch'), 4, { memory, places, rounds: 20_000 } satisfies Places)
    expect(spoiled).toEqual([0, 0, 0])
    expect(reclaimed).toBeGreaterThan(0)
  })
})

describe('claim cells between threads', () => {
  it('never let two hold one key, and let everybody have his turn', async () => {
    const memory = createSharedMemory({ bytes: 1, workers: 4 })
    const all = await race<Claimed>(program('claim'), 4, { memory, at: shared(2), claims: 5_000, steals: false } satisfies Claims)
    expect(all).toEqual(all.map(() => ({ taken: 5_000, stolen: 0, freed: 5_000, lost: 0, wrong: 0 })))
    expect(new Int32Array(memory.claims).every((word) => word === 0)).toBe(true)
  })

  it('end each claim once, also when it is taken over', async () => {
    const memory = createSharedMemory({ bytes: 1, workers: 4 })
    const all = await race<Claimed>(program('claim'), 4, { memory, at: shared(2), claims: 5_000, steals: true } satisfies Claims)
    expect(sum(all.map(({ freed }) => freed))).toBe(20_000)
    expect(sum(all.map(({ lost }) => lost))).toBe(sum(all.map(({ stolen }) => stolen)))
    expect(new Int32Array(memory.claims).every((word) => word === 0)).toBe(true)
  })
})

describe('chains between threads', () => {
  it('lose nothing that is linked while the heads are taken out', async () => {
    const memory = createSharedMemory({ bytes: 1, workers: 3, entries: 12_000 })
    expect(await race<number>(program('link'), 4, { memory, buckets: 2, counts: shared(2) } satisfies Links)).toEqual([0, 0, 0, 0])
    const entries = new Entries(memory)
    expect([liveIn(entries, 0), liveIn(entries, 1)]).toEqual([[], []])
  })

  it('lose no entry, show none that is torn or used anew, and change only with their version', async () => {
    const memory = createSharedMemory({ bytes: 1, workers: 3, entries: 24 })
    const all = await race<Chained>(program('chain'), 4, { memory, buckets: 2, steps: 10_000 } satisfies Chains)
    expect(all.flatMap(({ wrong }) => wrong)).toEqual([])

    const linked = sum(all.map((thread) => thread.linked))
    const killed = sum(all.map((thread) => thread.killed))
    const entries = new Entries(memory)
    const buckets = [0, 1].map((bucket) => ({
      version: entries.version(bucket),
      live: liveIn(entries, bucket),
    }))
    expect(sum(buckets.map(({ live }) => live.length))).toBe(linked - killed)
    expect(sum(buckets.map(({ version }) => version))).toBe(linked + killed)
    expect(all[0]?.renewed).toBe(killed)
    // Who remembers the version that a bucket has now, remembers what is in it now.
    const known = all.slice(1).flatMap(({ remembered }) => remembered.map((one, bucket) => ({ one, now: buckets[bucket]! })))
    for (const { one, now } of known) if (one.version === now.version) expect(one).toEqual(now)
  })
})

/** The numbers of what is live in a chain. */
function liveIn(entries: Entries, bucket: number): number[] {
  const live: number[] = []
  for (let entry = entries.first(bucket); entry !== 0; entry = entries.next(entry))
    if (entries.isLive(entry)) live.push(entries.sequence(entry))
  return live
}
