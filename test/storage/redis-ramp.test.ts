import { describe, expect, it } from 'vitest'
import { RedisRamp } from '../../src/storage/redis-ramp.ts'

/** Writes that are let in of a thousand a second, second by second. */
function admitted(ramp: RedisRamp, from: number, seconds: number): readonly number[] {
  return Array.from({ length: seconds }, (_, second) => {
    let count = 0
    for (let at = 0; at < 1000; at++) if (ramp.admits('ready', from + second * 1000 + at)) count++
    return count
  })
}

describe('writes to Redis (HARDENING 288)', () => {
  it('are all let in while it was never away', () => {
    expect(admitted(new RedisRamp(), 0, 2)).toEqual([1000, 1000])
  })

  it('are let in little by little when it is back, until all are', () => {
    const ramp = new RedisRamp()
    expect([ramp.admits('ready', 0), ramp.admits('away', 1), ramp.admits('away', 3_600_000)]).toEqual([true, false, false])
    const [first = 0, second = 0, third = 0, ...later] = admitted(ramp, 3_600_000, 12)
    expect(first).toBeGreaterThan(50)
    expect(first).toBeLessThan(110)
    expect(second / first).toBeGreaterThan(1.2)
    expect(third / second).toBeGreaterThan(1.5)
    expect(later.slice(2)).toEqual(later.slice(2).map(() => 1000))
  })

  it('begin anew with each time that it goes', () => {
    const ramp = new RedisRamp()
    ramp.sees('away', 0)
    admitted(ramp, 1000, 20)
    expect(ramp.admits('ready', 21_001)).toBe(true)
    ramp.sees('away', 22_000)
    ramp.sees('ready', 23_000)
    expect(admitted(ramp, 23_000, 1)[0]).toBeLessThan(110)
  })
})
