/** What retries may add (HARDENING 308), and which keys a backend is not asked for. */
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { RetryBudget } from '../../src/origin/budget.ts'
import { Denials } from '../../src/origin/denials.ts'
import { backend } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

describe('the retry budget', () => {
  it('adds a fifth at most while retries are in vain, and ten where there is little to do', () => {
    const step = fc.record({ ms: fc.nat(400), requests: fc.nat(20), retries: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new RetryBudget()
        let [now, requests, retries] = [0, 0, 0]
        let windows = 1
        let began = 0
        for (const each of steps) {
          now += each.ms
          requests += each.requests
          for (let i = 0; i < each.retries; i++) if (budget.take(now, requests)) retries++
          if (now - began >= 10_000) [windows, began] = [windows + 1, now]
        }
        expect(retries).toBeLessThanOrEqual(0.2 * requests + 10 * (windows + 1))
      }),
    )
  })

  it('does not count what was worth it', () => {
    const budget = new RetryBudget()
    for (let i = 0; i < 1000; i++) {
      expect(budget.take(0, i)).toBe(true)
      budget.refund()
    }
    for (let i = 0; i < 200; i++) budget.take(0, 1000)
    expect(budget.take(0, 1000)).toBe(false)
    expect(budget.take(10_000, 1000)).toBe(true)
  })
})

describe('denials', () => {
  const [a, b] = [backend('http://a'), backend('http://b')]

  it('hold for one backend and one key, for their time', () => {
    const clock = new ManualClock()
    const denials = new Denials(clock)
    denials.add(a, '/x', 1000, false)
    expect([denials.has(a, '/x', false), denials.has(a, '/x', true), denials.has(a, '/y', false), denials.has(b, '/x', false)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    clock.advance(1000)
    expect(denials.has(a, '/x', false)).toBe(false)
  })

  it('may hold for refreshes alone, which take nothing back', () => {
    const denials = new Denials(new ManualClock())
    denials.add(a, '/x', 1000, true)
    expect([denials.has(a, '/x', false), denials.has(a, '/x', true)]).toEqual([false, true])
    denials.add(a, '/x', 1000, false)
    denials.add(a, '/x', 5000, true)
    expect(denials.has(a, '/x', false)).toBe(true)
  })

  it('are a thousand at most, of which the oldest goes', () => {
    const denials = new Denials(new ManualClock())
    for (let i = 0; i <= 1000; i++) denials.add(a, `/${i}`, 1000, false)
    expect([denials.has(a, '/0', false), denials.has(a, '/1', false), denials.has(a, '/1000', false)]).toEqual([false, true, true])
  })

  it('last an hour at most', () => {
    const clock = new ManualClock()
    const denials = new Denials(clock)
    denials.add(a, '/x', Number.MAX_SAFE_INTEGER, false)
    clock.advance(3_600_000)
    expect(denials.has(a, '/x', false)).toBe(false)
  })
})
