/** Which backend each kind of director chooses: who is sick is skipped, and directors stand behind directors. */
import { describe, expect, it } from 'vitest'
import {
  type Backend,
  byName,
  consistent,
  type Director,
  fallback,
  hash,
  leastConnections,
  random,
  roundRobin,
  split,
  sticky,
  withKey,
} from '../../../vcl-ts/index.ts'
import { chooser, named, tally } from './rig.ts'

const a = named('a')
const b = named('b')
const c = named('c')

describe('every director', () => {
  const kinds: readonly (readonly [name: string, make: (members: readonly Backend[]) => Director])[] = [
    ['roundRobin', roundRobin],
    ['random', random],
    ['leastConnections', leastConnections],
    ['fallback', fallback],
    ['hash', hash],
    ['consistent', consistent],
    ['sticky', sticky],
    ['split', (members) => split(Object.fromEntries(members.map((member) => [member.host.slice(0, 1), member])), { keyed: false })],
  ]
  it.each(kinds)('%s skips the sick, and has none to give when all are', (_name, make) => {
    const rig = chooser()
    const director = make([a, b, c])
    rig.origins.setHealth(b, 'sick')
    const keys = (index: number): { hash: string; identity: string } => ({ hash: `/${index}`, identity: `10.0.0.${index}` })
    expect(rig.many(director, 50, keys)).not.toContain('b')
    rig.origins.setHealth(a, 'sick')
    expect(new Set(rig.many(director, 50, keys))).toEqual(new Set(['c']))
    rig.origins.setHealth(c, 'sick')
    expect(rig.choose(director)).toBe('unhealthy')
    rig.origins.setHealth(b, 'auto')
    expect(rig.choose(director)).toBe('b')
  })

  it.each(kinds.slice(0, -1))('%s of nobody has none', (_name, make) => {
    expect(chooser().choose(make([]))).toBe('no_backend')
  })
})

describe('roundRobin', () => {
  it('takes one after the other', () => {
    expect(chooser().many(roundRobin([a, b, c]), 7)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a'])
  })

  it('goes on where it was when a member is back', () => {
    const rig = chooser()
    const director = roundRobin([a, b, c])
    rig.origins.setHealth(b, 'sick')
    expect(rig.many(director, 3)).toEqual(['a', 'c', 'a'])
    rig.origins.setHealth(b, 'auto')
    expect(rig.many(director, 3)).toEqual(['b', 'c', 'a'])
  })
})

describe('random', () => {
  it('takes members in proportion to their weights', () => {
    const steps = Array.from({ length: 100 }, (_, index) => index / 100)
    expect(tally(chooser(steps).many(random([a, b, c], { weights: [1, 2, 7] }), 100))).toEqual({ a: 10, b: 20, c: 70 })
  })

  it('shares what a sick member had among the others by their weights', () => {
    const rig = chooser(Array.from({ length: 90 }, (_, index) => index / 90))
    rig.origins.setHealth(a, 'sick')
    expect(tally(rig.many(random([a, b, c], { weights: [1, 2, 7] }), 90))).toEqual({ b: 20, c: 70 })
  })
})

describe('fallback', () => {
  it('takes the first that is healthy', () => {
    const rig = chooser()
    const director = fallback([a, b, c])
    rig.origins.setHealth(a, 'sick')
    expect(rig.choose(director)).toBe('b')
    rig.origins.setHealth(a, 'auto')
    expect(rig.choose(director)).toBe('a')
  })

  it('stays with who took over when it is sticky', () => {
    const rig = chooser()
    const director = fallback([a, b, c], { sticky: true })
    rig.origins.setHealth(a, 'sick')
    rig.choose(director)
    rig.origins.setHealth(a, 'auto')
    expect(rig.choose(director)).toBe('b')
    rig.origins.setHealth(b, 'sick')
    expect(rig.choose(director)).toBe('a')
  })
})

describe('hash, consistent, sticky', () => {
  it.each([
    ['url', { url: '/x' }, { url: '/x', hash: 'other', identity: 'other' }],
    ['hash', { hash: 'k' }, { url: '/other', hash: 'k', identity: 'other' }],
    ['identity', { identity: 'i' }, { url: '/other', hash: 'other', identity: 'i' }],
  ] as const)('go by %s alone', (by, first, second) => {
    for (const make of [hash, consistent, sticky]) {
      const director = make([a, b, c], { by })
      expect(chooser().choose(director, second)).toBe(chooser().choose(director, first))
    }
  })

  it('go by a cookie or header, and by the address of who has none', () => {
    const cookies = (value: string) => ({ header: (name: string) => (name === 'cookie' ? `x=1; sid=${value}; y=2` : undefined) })
    for (const make of [hash, consistent, sticky]) {
      const director = make([a, b, c], { by: { cookie: 'sid' } })
      const rig = chooser()
      const seen = new Set(rig.many(director, 100, (index) => cookies(String(index))))
      expect(seen).toEqual(new Set(['a', 'b', 'c']))
      expect(new Set(rig.many(director, 20, (index) => ({ ...cookies('7'), identity: String(index) }))).size).toBe(1)
      expect(new Set(rig.many(director, 100, (index) => ({ identity: String(index) }))).size).toBe(3)
    }
  })

  it('take a key that is given in place of their own', () => {
    const rig = chooser()
    for (const make of [hash, consistent, sticky]) {
      const director = make([a, b, c], { by: 'hash' })
      const own = rig.many(director, 50, (index) => ({ hash: `k${index}` }))
      expect(Array.from({ length: 50 }, (_, index) => rig.choose(withKey(director, `k${index}`)))).toEqual(own)
    }
  })

  it('give a heavier member more keys', () => {
    for (const make of [hash, consistent, sticky]) {
      const counts = tally(
        chooser().many(make([a, b], { weights: [1, 3] }), 4000, (index) => ({ hash: `/${index}`, identity: `/${index}` })),
      )
      expect(counts['b'], make.name).toBeGreaterThan(2600)
      expect(counts['b'], make.name).toBeLessThan(3400)
    }
  })
})

describe('sticky with names', () => {
  it('sends a key that is a name to that member, while it is healthy', () => {
    const rig = chooser()
    const director = sticky({ left: a, right: b }, { by: { header: 'X-Route' } })
    const route = (value: string) => ({ header: () => value })
    expect([rig.choose(director, route('left')), rig.choose(director, route('right'))]).toEqual(['a', 'b'])
    rig.origins.setHealth(b, 'sick')
    expect(rig.choose(director, route('right'))).toBe('a')
  })
})

describe('consistent', () => {
  it('takes the alternative where that is asked for, and the next one to keep it warm', () => {
    const first = chooser().many(consistent([a, b, c]), 50, (index) => ({ hash: `/${index}` }))
    const second = chooser().many(consistent([a, b, c], { alt: 1 }), 50, (index) => ({ hash: `/${index}` }))
    expect(second.filter((each, index) => each === first[index])).toEqual([])
    const warmed = chooser([0.1, 0.5, 0.9]).many(consistent([a, b, c], { warmup: 0.2 }), 50, (index) => ({ hash: `/${index}` }))
    expect(warmed).toEqual(first.map((each, index) => (index % 3 === 0 ? second[index] : each)))
  })
})

describe('byName', () => {
  const by = { header: 'x-region' }
  const region = (value: string) => ({ header: () => value })

  it('takes the member whose name it is', () => {
    const rig = chooser()
    const director = byName({ eu: a, us: b }, { by })
    expect([rig.choose(director, region('eu')), rig.choose(director, region('us'))]).toEqual(['a', 'b'])
    expect(rig.choose(director, region('mars'))).toBe('unhealthy')
  })

  it('takes another for a name that nobody has', () => {
    expect(chooser().choose(byName({ eu: a, us: b }, { by, otherwise: c }), region('mars'))).toBe('c')
    expect(chooser().choose(byName({ eu: a, us: b }, { by, otherwise: b }), region('mars'))).toBe('b')
  })
})

describe('directors behind directors', () => {
  it('are asked in turn, and skipped when all their members are sick', () => {
    const rig = chooser()
    const director = fallback([roundRobin([a, b]), c])
    expect(rig.many(director, 3)).toEqual(['a', 'b', 'a'])
    rig.origins.setHealth(a, 'sick')
    expect(rig.many(director, 2)).toEqual(['b', 'b'])
    rig.origins.setHealth(b, 'sick')
    expect(rig.choose(director)).toBe('c')
  })

  it('may be given a key of their own', () => {
    const shards = hash([a, b, c], { by: 'hash' })
    const rig = chooser()
    expect(rig.choose(fallback([withKey(shards, 'tenant')]))).toBe(rig.choose(withKey(shards, 'tenant')))
  })
})

describe('who has just failed', () => {
  it('is chosen again only if there is nobody else', () => {
    const rig = chooser()
    expect(rig.choose(fallback([a, b]), { avoid: a })).toBe('b')
    rig.origins.setHealth(b, 'sick')
    expect(rig.choose(fallback([a, b]), { avoid: a })).toBe('a')
  })
})

describe('panic', () => {
  const probe = { threshold: 3 }
  const members = ['p', 'q', 'r', 's'].map((name) => named(name, { probe }))

  it('takes all for healthy when fewer than its share are, but for whom an operator called sick', () => {
    const rig = chooser()
    const director = roundRobin(members, { panic: 0.5 })
    const [p, q, r] = members as [Backend, Backend, Backend]
    for (const each of [p, q]) rig.origins.setProbed(each, true, null)
    expect(new Set(rig.many(director, 8))).toEqual(new Set(['p', 'q']))
    rig.origins.setProbed(q, false, null)
    expect(new Set(rig.many(director, 8))).toEqual(new Set(['p', 'q', 'r', 's']))
    rig.origins.setHealth(r, 'sick')
    expect(new Set(rig.many(director, 8))).toEqual(new Set(['p', 'q', 's']))
  })

  it('is off unless it is asked for', () => {
    expect(chooser().choose(roundRobin(members))).toBe('unhealthy')
  })
})

describe('the health that an operator sets', () => {
  it('wins over what a probe finds', () => {
    const rig = chooser()
    const probed = named('p', { probe: {} })
    const director = fallback([probed, a])
    expect(rig.choose(director)).toBe('a')
    rig.origins.setHealth(probed, 'healthy')
    expect(rig.choose(director)).toBe('p')
    rig.origins.setHealth(probed, 'sick')
    rig.origins.setProbed(probed, true, null)
    expect(rig.choose(director)).toBe('a')
    rig.origins.setHealth(probed, 'auto')
    expect(rig.choose(director)).toBe('p')
  })
})

describe('a member that comes back', () => {
  it('gets its share little by little', () => {
    let chance = 0
    const rig = chooser(() => chance)
    const probed = named('p', { probe: {} })
    const director = roundRobin([probed, a], { rampup: 10 })
    rig.origins.setProbed(probed, true, null)
    const share = (): number => {
      let taken = 0
      for (let step = 0; step < 20; step++) {
        chance = step / 20
        if (rig.many(director, 2).includes('p')) taken++
      }
      return taken / 20
    }
    expect(share()).toBeLessThanOrEqual(0.1)
    rig.clock.advance(5000)
    expect(share()).toBeCloseTo(0.5, 1)
    rig.clock.advance(5000)
    expect(share()).toBe(1)
  })

  it('gets its weight little by little where members are weighed', () => {
    const steps = Array.from({ length: 100 }, (_, index) => index / 100)
    const rig = chooser(steps)
    const probed = named('p', { probe: {} })
    const director = random([probed, a], { rampup: 10 })
    rig.origins.setProbed(probed, true, null)
    rig.clock.advance(2500)
    expect(tally(rig.many(director, 100))).toEqual({ p: 20, a: 80 })
  })

  it('shares its keys with the next on the ring meanwhile', () => {
    const rig = chooser(Array.from({ length: 10 }, (_, index) => index / 10))
    const probed = named('p', { probe: {} })
    const director = consistent([probed, a, b], { rampup: 10 })
    rig.origins.setProbed(probed, true, null)
    const key = Array.from({ length: 50 }, (_, index) => `/${index}`).find((each) => {
      const settled = chooser()
      settled.origins.setHealth(probed, 'healthy')
      return settled.choose(consistent([probed, a, b]), { hash: each }) === 'p'
    }) as string
    const taken = (): number => rig.many(director, 10, () => ({ hash: key })).filter((each) => each === 'p').length
    expect(taken()).toBe(1)
    rig.clock.advance(5000)
    expect(taken()).toBe(5)
    rig.clock.advance(5000)
    expect(taken()).toBe(10)
  })

  it('is there in full at the start, and without a ramp', () => {
    const rig = chooser([0.99])
    const well = named('p', { probe: { initial: 3 } })
    expect(rig.many(roundRobin([well, a], { rampup: 10 }), 4)).toEqual(['p', 'a', 'p', 'a'])
  })
})
