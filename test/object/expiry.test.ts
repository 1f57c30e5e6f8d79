import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Expiry } from '../../src/object/expiry.ts'
import { type Entry, newEntryId } from '../../src/object/object.ts'

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

  it('lets them go in the order of their times, whatever was added, moved and removed before', () => {
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
        const times = gone.map((each) => each.expiresAt)
        expect(new Set(gone)).toEqual(new Set(held))
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }),
      { numRuns: 200 },
    )
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
    for (let i = 0; i < 5000; i++) expiry.add(entry(500))
    clock.advance(1000)
    expect(gone).toHaveLength(2000)
    clock.advance(1)
    expect(gone).toHaveLength(4000)
    clock.advance(1)
    expect(gone).toHaveLength(5000)
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
