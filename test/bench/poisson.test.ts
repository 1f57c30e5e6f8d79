import { describe, expect, it } from 'vitest'
import { drawKey, seeded } from '../../bench/harness/paths.ts'
import { arrivals } from '../../bench/harness/poisson.ts'

describe('arrivals of an open loop', () => {
  it('come at the rate that was asked for, and as often close together as a Poisson process has them', () => {
    const next = arrivals(1000, 500, seeded(1))
    const times = Array.from({ length: 20_000 }, next)
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 500))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length
    expect(mean).toBeCloseTo(1, 1)
    // Of exponential gaps 1 - 1/e are shorter than their mean, and their deviation is their mean.
    expect(gaps.filter((gap) => gap < 1).length / gaps.length).toBeCloseTo(1 - 1 / Math.E, 1)
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(deviation).toBeCloseTo(1, 1)
  })

  it('are the same for the same seed, and others for another', () => {
    const of = (seed: number): number[] => Array.from({ length: 5 }, arrivals(10, 0, seeded(seed)))
    expect(of(7)).toEqual(of(7))
    expect(of(7)).not.toEqual(of(8))
  })
})

describe('keys', () => {
  const drawn = (draw: 'uniform' | 'zipf'): number[] => {
    const random = seeded(3)
    return Array.from({ length: 50_000 }, () => drawKey({ count: 1000, draw }, random))
  }

  it('are all of the keys and no other', () => {
    for (const draw of ['uniform', 'zipf'] as const) {
      const keys = drawn(draw)
      expect([Math.min(...keys), Math.max(...keys)]).toEqual([0, 999])
      expect(keys.every(Number.isInteger)).toBe(true)
    }
  })

  it('are drawn evenly, or a few of them most of the time', () => {
    const share = (keys: readonly number[], below: number): number => keys.filter((key) => key < below).length / keys.length
    expect(share(drawn('uniform'), 100)).toBeCloseTo(0.1, 1)
    // The first n of N: ln(n + 1) / ln(N + 1).
    expect(share(drawn('zipf'), 100)).toBeCloseTo(Math.log(101) / Math.log(1001), 2)
    expect(share(drawn('zipf'), 1)).toBeCloseTo(Math.log(2) / Math.log(1001), 2)
  })
})
