import { describe, expect, it } from 'vitest'
import { bounded, retention } from '../../src/object/lifetime.ts'
import { object } from './things.ts'

describe('the numbers of a life', () => {
  it('retain an object for its ttl and the longest use behind it, or for their sum', () => {
    const life = { ttl: 10, grace: 5, staleIfError: 7, keep: 6 }
    expect([retention(life, 'max'), retention(life, 'sum')]).toEqual([17, 21])
  })

  it('count a negative ttl as none', () => {
    expect(retention({ ttl: -10, grace: 5, staleIfError: 0, keep: 0 }, 'max')).toBe(5)
  })

  it.each([
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 2 ** 31],
    [Number.NEGATIVE_INFINITY, -(2 ** 31)],
    [1.5, 1.5],
  ])('are bounded: %d becomes %d', (value, expected) => {
    expect(bounded(value)).toBe(expected)
  })

  it('take an object from fresh through grace to stale, each from its very moment on', () => {
    const made = object({ at: 1000, ttl: 10, grace: 5 })
    expect([made.freshness(10_999), made.freshness(11_000), made.freshness(15_999), made.freshness(16_000)]).toEqual([
      'fresh',
      'grace',
      'grace',
      'stale',
    ])
    expect(made.expiresAt).toBe(16_000)
    expect(made.left(9000)).toBe(2)
  })

  it('let age grow from what it was on receipt, and never shrink it', () => {
    const made = object({ at: 1000 })
    expect([made.age(500), made.age(1000), made.age(3500)]).toEqual([0, 0, 2.5])
  })

  it('allow what is stale to answer for an error as long as staleIfError says, and for a well-formed one only if that was asked for', () => {
    const made = object({ ttl: 10, staleIfError: 5 })
    expect([made.servableOnError(14_999, false), made.servableOnError(15_000, false), made.servableOnError(12_000, true)]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('are shortened by a soft purge, never lengthened', () => {
    const made = object({ ttl: 100, grace: 10 })
    made.soften(20_000)
    expect([made.ttl, made.freshness(20_000), made.expiresAt]).toEqual([20, 'grace', 30_000])
    made.soften(50_000)
    expect([made.ttl, made.freshness(50_000)]).toEqual([20, 'stale'])
  })
})
