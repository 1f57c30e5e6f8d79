import { describe, expect, it } from 'vitest'
import { median, quantile, ratios, spread } from '../../bench/harness/statistics.ts'

describe('statistics of rounds', () => {
  it('takes the middle of an odd number and the mean of the two in the middle of an even one', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([9, 1, 5, 6])).toBe(5.5)
    expect(median([10, 9, 100])).toBe(10)
    expect(median([])).toBeNaN()
  })

  it('quotes the median with the lowest and the highest', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 })
  })

  it('takes the smallest number that a share of all does not exceed', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, index) => index + 1)
    expect([0, 0.5, 0.99, 0.999, 1].map((share) => quantile(hundred, share))).toEqual([1, 50, 99, 100, 100])
    expect(quantile([], 0.5)).toBe(0)
  })

  it('pairs rounds, so that a slow minute counts for both sides', () => {
    expect(ratios([10, 40], [20, 80])).toEqual([0.5, 0.5])
    expect(ratios([10, 40], [20])).toEqual([0.5])
  })
})
