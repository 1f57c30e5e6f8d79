import { describe, expect, it } from 'vitest'
import { type Clock, ManualClock } from '../../src/clock.ts'
import { type Entry, newEntryId } from '../../src/object/entry.ts'
import { Expiry } from '../../src/object/expiry.ts'
import fc from '../support/properties.ts'

interface Mortal extends Entry {
  expiresAt: number
}

function entry(expiresAt: number): Mortal {
  const id = newEntryId()
  return { id, key: String(id), bytes: 1, expiresAt, place: -1, row: -1 }
}

function rig(): { clock: ManualClock; expiry: Expiry; gone: Entry[] } {
  const clock = new ManualClock()
  const gone: Entry[] = []
  return { clock, gone, expiry: new Expiry(clock, (each) => gone.push(each)) }
}

/** Tells of each timer that fires. */
function watched(clock: ManualClock, fired: () => void): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, callback) =>
      clock.after(ms, () => {
        fired()
        callback()
      }),
  }
}

describe('expiry', () => {
  it('lets entries go when their time is over, at the most a second late, and not before', () => {
    const { clock, expiry, gone } = rig()
    const [late, soon] = [entry(9000), entry(2500)]
    expiry.add(late)
    expiry.add(soon)
    clock.advance(2499)
    expect(gone).toEqual([])
    clock.advance(1000)
    expect(gone).toEqual([soon])
    clock.advance(7000)
    expect(gone).toEqual([soon, late])
    expect(expiry.size).toBe(0)
  })

  it('lets them go in the order of their times, to the second, whatever was added, moved and removed before', () => {
    const step = fc.record({ time: fc.integer({ min: 0, max: 50_000 }), what: fc.constantFrom('add', 'remove', 'move'), which: fc.nat() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { clock, expiry, gone } = rig()
        const held: Mortal[] = []
        for (const { time, what, which } of steps) {
          const chosen = held[which % Math.max(1, held.length)]
          if (what === 'add' || chosen === undefined) {
            const added = entry(time)
            held.push(added)
            expiry.add(added)
          } else if (what === 'move') {
            chosen.expiresAt = time
            expiry.add(chosen)
          } else {
            held.splice(held.indexOf(chosen), 1)
            expiry.remove(chosen)
            expiry.remove(chosen)
          }
        }
        expect(expiry.size).toBe(held.length)
        clock.advance(60_000)
        // What is over already is due with what is due first.
        const times = gone.map((each) => Math.max(1, Math.ceil(each.expiresAt / 1000)))
        expect(new Set(gone)).toEqual(new Set(held))
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }),
      { numRuns: 200 },
    )
  })

  it('is never early and at the most a second late, for a moment as for years, whenever they are added', () => {
    const [second, day, year] = [1000, 86_400_000, 365 * 86_400_000]
    const life = fc.oneof(...[second, 100 * second, day, 60 * day, 5 * year].map((max) => fc.integer({ min: -5, max })))
    const step = fc.record({ lives: fc.array(life, { maxLength: 8 }), pass: life })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const clock = new ManualClock()
        clock.advance(1234.5)
        const due = new Map<Entry, number>()
        const expiry = new Expiry(clock, (each) => {
          expect(clock.now() - (due.get(each) as number)).toBeGreaterThanOrEqual(0)
          expect(clock.now() - (due.get(each) as number)).toBeLessThanOrEqual(1000)
          due.delete(each)
        })
        for (const { lives, pass } of steps) {
          for (const life of lives) {
            const added = entry(clock.now() + life)
            due.set(added, Math.max(clock.now(), added.expiresAt))
            expiry.add(added)
          }
          clock.advance(Math.max(0, pass))
          for (const time of due.values()) expect(clock.now() - time).toBeLessThanOrEqual(1000)
          expect(expiry.size).toBe(due.size)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('holds what never expires, and lets it be removed', () => {
    const { clock, expiry, gone } = rig()
    const forever = [entry(Number.POSITIVE_INFINITY), entry(1e15)]
    for (const each of forever) expiry.add(each)
    clock.advance(10 * 365 * 86_400_000)
    expect([gone.length, expiry.size]).toEqual([0, 2])
    for (const each of forever) expiry.remove(each)
    expect(expiry.size).toBe(0)
  })

  it('sleeps until there is something to do', () => {
    const clock = new ManualClock()
    let fired = 0
    const counting = watched(clock, () => fired++)
    const expiry = new Expiry(counting, () => {})
    expiry.add(entry(3 * 3_600_000))
    clock.advance(4 * 3_600_000)
    // Once for each wheel that it came down through, at the most.
    expect([fired > 0, fired <= 5, expiry.size]).toEqual([true, true, 0])
  })

  it('holds nothing that has been removed', () => {
    const { expiry } = rig()
    const stays = entry(1)
    expiry.add(stays)
    for (let i = 0; i < 10_000; i++) {
      const passing = entry(1e9 - i)
      expiry.add(passing)
      expiry.remove(passing)
      expect(passing.place).toBe(-1)
    }
    expect(expiry.size).toBe(1)
  })

  it('sweeps many in slices', () => {
    const { clock, expiry, gone } = rig()
    for (let i = 0; i < 1250; i++) expiry.add(entry(500))
    clock.advance(1000)
    expect(gone).toHaveLength(500)
    clock.advance(1)
    expect(gone).toHaveLength(1000)
    clock.advance(1)
    expect(gone).toHaveLength(1250)
  })

  it('moves many in slices, too, and no entry more than a few times', () => {
    const clock = new ManualClock()
    let slices = 0
    const counting = watched(clock, () => slices++)
    const gone: number[] = []
    const expiry = new Expiry(counting, () => gone.push(slices))
    const hour = 3600 * 1000
    for (let i = 0; i < 50_000; i++) expiry.add(entry(5 * hour + (i % 1000)))
    clock.advance(6 * hour)
    expect(gone).toHaveLength(50_000)
    // 500 in a slice: from one wheel into another at the most four times, and out.
    expect([slices >= 200, slices <= 520]).toEqual([true, true])
    const told = new Map<number, number>()
    for (const slice of gone) told.set(slice, (told.get(slice) ?? 0) + 1)
    expect(Math.max(...told.values())).toBeLessThanOrEqual(500)
  })

  it('goes on when an entry is added by whoever is told', () => {
    const clock = new ManualClock()
    const gone: number[] = []
    const expiry = new Expiry(clock, (each) => {
      gone.push(clock.now())
      if (gone.length < 3) expiry.add(entry(each.expiresAt + 2000))
    })
    expiry.add(entry(1000))
    clock.advance(60_000)
    expect(gone).toHaveLength(3)
  })

  it('stops', () => {
    const { clock, expiry, gone } = rig()
    expiry.add(entry(100))
    expiry.stop()
    clock.advance(10_000)
    expect([gone.length, expiry.size]).toEqual([0, 0])
  })
})
