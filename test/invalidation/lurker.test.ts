import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Lurker, type LurkerInit } from '../../src/invalidation/lurker.ts'

/** A lurker over numbers, each test of which takes a millisecond. */
class Rig {
  readonly clock = new ManualClock()
  readonly counters = new Counters()
  readonly entries = new Set<number>()
  readonly seen: number[] = []
  readonly tested: number[] = []
  newest = 0
  onTest: (entry: number) => void = () => {}
  #turn: (() => void) | null = null
  readonly lurker: Lurker<number>

  constructor(count: number, changes: Partial<LurkerInit<number>> = {}) {
    for (let i = 1; i <= count; i++) this.entries.add(i)
    this.lurker = new Lurker<number>({
      clock: this.clock,
      counters: this.counters,
      entries: () => this.entries.values(),
      test: (entry) => {
        this.seen.push(entry)
        this.clock.advance(1)
        this.onTest(entry)
      },
      newest: () => this.newest,
      tested: (position) => void this.tested.push(position),
      budget: 5,
      turn: (go) => {
        expect(this.#turn).toBe(null)
        this.#turn = go
      },
      ...changes,
    })
  }

  ban(): void {
    this.newest++
    this.lurker.added()
  }

  /** One turn of the event loop; answers how many entries were tested, `null` when there was nothing to do. */
  turn(): number | null {
    const go = this.#turn
    if (go === null) return null
    this.#turn = null
    const before = this.seen.length
    go()
    return this.seen.length - before
  }
}

describe('the lurker', () => {
  it('is done at once with what fits into one slice', async () => {
    const rig = new Rig(4)
    rig.ban()
    expect([rig.seen, rig.tested, rig.lurker.testedUpTo, rig.turn()]).toEqual([[1, 2, 3, 4], [1], 1, null])
    await rig.lurker.until(1)
  })

  it('gives way after each slice, and goes on where it was', () => {
    const rig = new Rig(12)
    rig.ban()
    expect([rig.seen.length, rig.tested]).toEqual([5, []])
    expect([rig.turn(), rig.turn(), rig.turn()]).toEqual([5, 2, null])
    expect([rig.seen, rig.tested]).toEqual([[...rig.entries], [1]])
    expect(rig.counters.get('bans_lurker_contention')).toBe(2)
  })

  it('walks again for a ban that came while it walked, once for all of them', () => {
    const rig = new Rig(6)
    rig.ban()
    rig.ban()
    rig.ban()
    expect(rig.seen.length).toBe(5)
    rig.turn()
    expect(rig.tested).toEqual([1])
    rig.turn()
    rig.turn()
    expect([rig.tested, rig.seen.length, rig.turn()]).toEqual([[1, 3], 12, null])
  })

  it('meets what is stored while it walks, and misses what has gone', () => {
    const rig = new Rig(8)
    rig.onTest = (entry) => {
      if (entry === 2) rig.entries.delete(7)
      if (entry === 3) rig.entries.add(9)
    }
    rig.ban()
    rig.turn()
    expect(rig.seen).toEqual([1, 2, 3, 4, 5, 6, 8, 9])
  })

  it('leaves a ban alone until it has its age', () => {
    const rig = new Rig(2, { age: () => 60 })
    rig.ban()
    rig.clock.advance(59_999)
    expect(rig.seen).toEqual([])
    rig.clock.advance(1)
    expect([rig.seen, rig.tested]).toEqual([[1, 2], [1]])
  })

  it('tells who waits for a position when it is through, and not before', async () => {
    const rig = new Rig(6)
    rig.ban()
    rig.ban()
    const told: number[] = []
    const first = rig.lurker.until(1).then(() => told.push(1))
    const second = rig.lurker.until(2).then(() => told.push(2))
    rig.turn()
    await first
    expect(told).toEqual([1])
    while (rig.turn() !== null);
    await second
    expect(told).toEqual([1, 2])
  })

  it('stops in the middle: nothing is tested any more, and nobody waits', async () => {
    const rig = new Rig(20)
    rig.ban()
    const waiting = rig.lurker.until(1)
    rig.onTest = (entry) => {
      if (entry === 7) rig.lurker.stop()
    }
    rig.turn()
    await waiting
    await rig.lurker.until(9)
    rig.ban()
    expect([rig.seen.length, rig.tested, rig.turn()]).toEqual([7, [], null])
  })

  it('stops while a ban has not its age', () => {
    const rig = new Rig(2, { age: () => 60 })
    rig.ban()
    rig.lurker.stop()
    rig.clock.advance(60_000)
    expect(rig.seen).toEqual([])
  })

  it('has nothing to do when all bans have gone meanwhile', () => {
    const rig = new Rig(2, { age: () => 60 })
    rig.ban()
    rig.newest = 0
    rig.clock.advance(60_000)
    expect([rig.seen, rig.tested]).toEqual([[], []])
  })
})
