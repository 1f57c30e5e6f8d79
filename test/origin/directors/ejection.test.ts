/** Members that fail again and again are left out for a while (HARDENING 316), and what keeps that within bounds. */
import { describe, expect, it } from 'vitest'
import { backend, fallback, roundRobin } from '../../../vcl-ts/index.ts'
import { type Chooser, chooser, label, named } from './rig.ts'

const ten = Array.from({ length: 10 }, (_, index) => named(`m${index}`))

/** Each member that is chosen answers: those named fail. */
function rounds(rig: Chooser, director: ReturnType<typeof roundRobin>, failing: readonly string[], requests: number): string[] {
  return Array.from({ length: requests }, () => {
    const chosen = rig.chosen(director)
    const name = label(chosen.backend)
    if (failing.includes(name)) chosen.failed()
    else chosen.succeeded()
    return name
  })
}

describe('ejection', () => {
  it('comes with the fifth failure in a row, and not with the fourth', () => {
    const rig = chooser()
    const director = roundRobin(ten)
    expect(rounds(rig, director, ['m3'], 50).filter((name) => name === 'm3')).toHaveLength(5)
    expect(rounds(rig, director, ['m3'], 50)).not.toContain('m3')
    const other = chooser()
    rounds(other, director, ['m3'], 40)
    rounds(other, director, [], 10)
    rounds(other, director, ['m3'], 40)
    expect(rounds(other, director, [], 10)).toContain('m3')
  })

  it('lasts 30 s, then 60 s, then 90 s, and less again after it went well', () => {
    const rig = chooser()
    const director = roundRobin(ten)
    const out = (seconds: number): void => {
      rounds(rig, director, ['m3'], 60)
      rig.clock.advance(seconds * 1000 - 1)
      expect(rounds(rig, director, [], 20)).not.toContain('m3')
      rig.clock.advance(1)
      expect(rounds(rig, director, [], 20)).toContain('m3')
    }
    out(30)
    out(60)
    out(90)
    rig.clock.advance(2 * 30_000)
    out(60)
    rig.clock.advance(3_600_000)
    out(30)
  })

  it('is never longer than its bound', () => {
    const rig = chooser()
    const director = roundRobin(ten, { ejection: { consecutive: 1, time: 100, longest: 150 } })
    rounds(rig, director, ['m3'], 10)
    rig.clock.advance(100_000)
    rounds(rig, director, ['m3'], 10)
    rig.clock.advance(150_000)
    expect(rounds(rig, director, [], 10)).toContain('m3')
  })

  it('takes a tenth of the members at most, but one of few', () => {
    const rig = chooser()
    const three = roundRobin(ten.slice(0, 3))
    expect(new Set(rounds(rig, three, ['m0', 'm1'], 60).slice(-20))).toEqual(new Set(['m1', 'm2']))
    const director = roundRobin(ten)
    expect(new Set(rounds(rig, director, ['m0', 'm1', 'm2'], 200).slice(-50)).size).toBe(9)
    const half = roundRobin(ten, { ejection: { share: 0.5 } })
    expect(new Set(rounds(rig, half, ['m0', 'm1', 'm2'], 200).slice(-50)).size).toBe(7)
  })

  it('leaves out nobody whom nobody could stand in for', () => {
    const rig = chooser()
    const [a, b] = [named('a'), named('b')]
    expect(rounds(rig, roundRobin([a]), ['a'], 20)).toHaveLength(20)
    rig.origins.setHealth(b, 'sick')
    expect(rounds(rig, roundRobin([a, b]), ['a'], 20)).toHaveLength(20)
  })

  it('is over before nobody is asked', () => {
    const rig = chooser()
    const [a, b] = [named('a'), named('b')]
    const director = fallback([roundRobin([a, b])])
    rounds(rig, director.members[0] as ReturnType<typeof roundRobin>, ['b'], 20)
    expect(rig.many(director, 4)).toEqual(['a', 'a', 'a', 'a'])
    expect(rig.choose(director, { avoid: a })).toBe('b')
    rig.origins.setHealth(a, 'sick')
    expect(rig.choose(director)).toBe('b')
    rig.origins.setHealth(b, 'sick')
    expect(rig.choose(director)).toBe('unhealthy')
  })

  it('can be switched off', () => {
    const rig = chooser()
    expect(rounds(rig, roundRobin(ten, { ejection: false }), ['m3'], 200).filter((name) => name === 'm3')).toHaveLength(20)
  })

  it('is told, and shown with the backend, as is its end', () => {
    const rig = chooser()
    rounds(rig, roundRobin(ten), ['m3'], 60)
    expect(rig.events).toEqual([{ event: 'backend', backend: 'http://m3.test', director: 'roundRobin', seconds: 30 }])
    expect(rig.origins.ledger(backend('http://m3.test')).ejected).toBe(1)
    rig.clock.advance(30_000)
    expect(rig.events).toHaveLength(2)
    expect(rig.origins.ledger(backend('http://m3.test')).ejected).toBe(0)
  })

  it('ends with a ramp where the director has one', () => {
    const rig = chooser([0.5])
    const director = roundRobin(ten, { rampup: 10 })
    rounds(rig, director, ['m3'], 60)
    rig.clock.advance(30_000)
    expect(rounds(rig, director, [], 20)).not.toContain('m3')
    rig.clock.advance(6000)
    expect(rounds(rig, director, [], 20)).toContain('m3')
  })
})
