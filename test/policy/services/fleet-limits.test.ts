/** Limits of several nodes: what all of them let through together, against one bucket; and what happens when Redis or a node goes. */
import { describe, expect, it } from 'vitest'
import { type BucketRule, Buckets, bucketMemory, bucketRule } from '../../../src/policy/services/buckets.ts'
import { LimitFleet } from '../../support/limit-fleet.ts'
import fc from '../../support/properties.ts'

/** How full one bucket would have to be that lets through what all nodes did, and how much one of the limit would have let through. */
class Measure {
  readonly #fleet: LimitFleet
  readonly #rule: BucketRule
  readonly #one = new Buckets(bucketMemory())
  #debt = 0
  #last = 0
  worst = 0
  passed = 0
  ideal = 0

  constructor(fleet: LimitFleet, rule: BucketRule) {
    this.#fleet = fleet
    this.#rule = rule
  }

  ask(node: number, times = 1, key = 'a'): number {
    let passed = 0
    for (let i = 0; i < times; i++) {
      if (this.#one.take(key, this.#rule, this.#fleet.now())) this.ideal++
      if (!this.#fleet.take(node, key, this.#rule)) continue
      const now = Number(this.#fleet.now())
      this.#debt = Math.max(0, this.#debt - (now - this.#last) / Number(this.#rule.step)) + 1
      this.#last = now
      this.worst = Math.max(this.worst, this.#debt)
      passed++
    }
    this.passed += passed
    return passed
  }
}

function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

type Load = (
  random: () => number,
  nodes: number,
  rule: { limit: number; period: number },
  ask: (node: number, times: number) => void,
) => void

const HALF = 0.0005
const some = (random: () => number, mean: number): number => Math.floor(mean + random())
const anyOf = (random: () => number, nodes: number): number => Math.floor(random() * nodes)

/** What comes in half a millisecond. */
const LOADS: Readonly<Record<string, Load>> = {
  even: (random, nodes, { limit, period }, ask) => {
    for (let left = some(random, (limit / period) * 10 * nodes * HALF); left > 0; left--) ask(anyOf(random, nodes), 1)
  },
  'all on one node': (random, _nodes, { limit, period }, ask) => ask(0, some(random, (limit / period) * 10 * HALF)),
  uneven: (random, nodes, { limit, period }, ask) => {
    for (let left = some(random, (limit / period) * 5 * HALF); left > 0; left--) ask(random() < 0.8 ? 0 : anyOf(random, nodes), 1)
  },
  'bursts on one node': (random, nodes, { limit }, ask) => {
    if (random() < 0.003) ask(anyOf(random, nodes), limit)
  },
  'bursts on all nodes': (random, nodes, { limit }, ask) => {
    if (random() < 0.003) for (let node = 0; node < nodes; node++) ask(node, limit)
  },
  'bursts that follow each other': (random, nodes, { limit }, ask) => {
    if (random() < 0.05) ask(anyOf(random, nodes), Math.ceil((limit * 2) / nodes))
  },
}

const cases = fc.record({
  nodes: fc.integer({ min: 2, max: 5 }),
  limit: fc.integer({ min: 2, max: 1000 }),
  period: fc.constantFrom(0.2, 1, 10, 60),
  load: fc.constantFrom(...Object.keys(LOADS)),
  slowest: fc.constantFrom(1, 5, 20),
  seed: fc.integer(),
})

describe('a fleet of nodes', () => {
  it('lets through at most 1.2 × the limit more than comes anew, or a token for each other node where that is more', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ nodes, limit, period, load, slowest, seed }) => {
        const random = seeded(seed)
        const fleet = new LimitFleet({ nodes, latency: () => 0.2 + random() * (slowest - 0.2), phase: () => random() * 100 })
        await fleet.pass(300)
        const measure = new Measure(fleet, bucketRule(limit, period, 0))
        const come = LOADS[load] as Load
        for (let ms = 0; ms < 1200; ms += 0.5) {
          come(random, nodes, { limit, period }, (node, times) => measure.ask(node, times))
          await fleet.pass(0.5)
        }
        await fleet.stop()
        expect(measure.worst).toBeLessThanOrEqual(Math.max(1.2 * limit, limit + nodes - 1) + 0.01)
      }),
      { numRuns: 40 },
    )
  })

  it.each(['even', 'all on one node', 'uneven'])('lets through what one bucket would where the load is %s', async (load) => {
    for (const nodes of [2, 3, 5]) {
      const random = seeded(nodes)
      const fleet = new LimitFleet({ nodes, latency: () => 0.2 + random(), phase: () => random() * 100 })
      await fleet.pass(300)
      const rule = { limit: 100, period: 1 }
      const measure = new Measure(fleet, bucketRule(rule.limit, rule.period, 0))
      for (let ms = 0; ms < 4000; ms += 0.5) {
        ;(LOADS[load] as Load)(random, nodes, rule, (node, times) => measure.ask(node, times))
        await fleet.pass(0.5)
      }
      await fleet.stop()
      expect(measure.passed / measure.ideal).toBeGreaterThan(0.95)
      expect(measure.passed / measure.ideal).toBeLessThan(1.1)
    }
  })

  it('gives a node that is asked alone its share at once, and the whole limit within a few rounds', async () => {
    const fleet = new LimitFleet({ nodes: 3 })
    await fleet.pass(300)
    const measure = new Measure(fleet, bucketRule(100, 3600, 0))
    expect(measure.ask(0, 200)).toBe(40)
    for (let ms = 0; ms < 100; ms++) {
      measure.ask(0, 200)
      await fleet.pass(1)
    }
    expect(measure.passed).toBe(100)
    expect(measure.ask(1, 200) + measure.ask(2, 200)).toBe(0)
    await fleet.stop()
  })

  it('tells blocks, tokens that were given back, and keys that were forgotten', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    const rule = bucketRule(2, 3600, 60)
    for (let i = 0; i < 3; i++) {
      fleet.take(0, 'blocked', rule)
      await fleet.pass(300)
    }
    const block = fleet.buckets[1]!.blocked('blocked', fleet.now())
    expect(Number(block) / 1e9).toBeCloseTo(59.7, 1)
    fleet.buckets[1]!.remove('blocked')
    await fleet.pass(300)
    expect(fleet.buckets[0]!.blocked('blocked', fleet.now())).toBe(0n)
    expect(fleet.buckets[0]!.remaining('blocked', rule, fleet.now())).toBe(2)

    fleet.take(0, 'back', rule)
    await fleet.pass(300)
    expect(fleet.buckets[1]!.remaining('back', rule, fleet.now())).toBe(1)
    fleet.buckets[0]!.giveBack('back', rule, fleet.now())
    await fleet.pass(300)
    expect(fleet.buckets[1]!.remaining('back', rule, fleet.now())).toBe(2)
    await fleet.stop()
  })

  it('does not block a key whose limit is not used up', async () => {
    const fleet = new LimitFleet({ nodes: 3 })
    await fleet.pass(300)
    const rule = bucketRule(100, 3600, 600)
    const measure = new Measure(fleet, rule)
    expect(measure.ask(0, 200)).toBe(40)
    expect([fleet.buckets[0]!.blocked('a', fleet.now()), fleet.buckets[0]!.remaining('a', rule, fleet.now())]).toEqual([0n, 0])
    await fleet.pass(20)
    expect(fleet.buckets[0]!.remaining('a', rule, fleet.now())).toBe(60)
    await fleet.stop()
  })

  it('has one more when one begins, which knows of what was taken lately, and one less when one leaves or dies', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    expect(fleet.syncs.map(({ nodes }) => nodes)).toEqual([2, 2])
    const rule = bucketRule(100, 3600, 0)
    for (let i = 0; i < 30; i++) fleet.take(0, 'a', rule)
    await fleet.pass(300)
    fleet.join()
    await fleet.pass(300)
    expect(fleet.syncs.map(({ nodes }) => nodes)).toEqual([3, 3, 3])
    expect(fleet.buckets[2]!.remaining('a', rule, fleet.now())).toBe(70)
    fleet.take(0, 'a', rule)
    const stopped = fleet.syncs[0]!.stop()
    await fleet.pass(300)
    await stopped
    expect(fleet.buckets[2]!.remaining('a', rule, fleet.now())).toBe(69)
    expect(fleet.syncs.map(({ nodes }) => nodes)).toEqual([1, 2, 2])
    fleet.cut.add(1)
    await fleet.pass(2000)
    expect(fleet.syncs[2]!.nodes).toBe(1)
    // What the dead one had not read does not hold up the last one.
    const measure = new Measure(fleet, rule)
    expect(measure.ask(2, 200, 'b')).toBe(100)
    await fleet.stop()
  })

  it('counts alone while Redis is away, and makes nothing good when it is back', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    fleet.cut.add(0).add(1)
    const rule = bucketRule(100, 60, 0)
    const share = fleet.take(0, 'a', rule)
    await fleet.pass(1200)
    expect([share, ...fleet.syncs.map(({ nodes }) => nodes)]).toEqual([true, 1, 1])
    let passed = 0
    for (const node of [0, 1]) for (let i = 0; i < 200; i++) if (fleet.take(node, 'a', rule)) passed++
    expect(passed).toBeGreaterThan(195)
    await fleet.pass(3000)
    fleet.cut.clear()
    await fleet.pass(1000)
    expect(fleet.syncs.map(({ nodes }) => nodes)).toEqual([2, 2])
    // Each has what came anew to its own bucket since, not what the other one took.
    for (const { remaining } of fleet.buckets.map((buckets) => ({ remaining: buckets.remaining('a', rule, fleet.now()) })))
      expect(remaining).toBeGreaterThan(5)
    expect(fleet.model.entries).toEqual([])
    expect(fleet.take(0, 'a', rule)).toBe(true)
    await fleet.pass(600)
    expect(fleet.model.entries).toHaveLength(1)
    await fleet.stop()
    expect(fleet.logged.filter((line) => line.startsWith('0'))).toEqual([
      '0: limits are counted by each node alone until Redis answers',
      '0: limits are counted together with the other nodes again',
    ])
  })

  it('does not charge a node that was cut off with what the others took meanwhile', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    const rule = bucketRule(100, 3600, 0)
    fleet.cut.add(1)
    await fleet.pass(2000)
    for (let i = 0; i < 50; i++) fleet.take(0, 'a', rule)
    await fleet.pass(2000)
    fleet.cut.clear()
    await fleet.pass(1000)
    expect(fleet.syncs.map(({ nodes }) => nodes)).toEqual([2, 2])
    expect(fleet.model.entries).toHaveLength(1)
    expect(fleet.buckets[1]!.remaining('a', rule, fleet.now())).toBe(100)
    await fleet.stop()
  })

  it('counts a report once although its answer was lost', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    const rule = bucketRule(100, 3600, 0)
    for (let i = 0; i < 10; i++) fleet.take(0, 'a', rule)
    fleet.deaf.add(0)
    await fleet.pass(600)
    fleet.deaf.clear()
    await fleet.pass(600)
    expect(fleet.model.entries).toHaveLength(1)
    expect(fleet.buckets[1]!.remaining('a', rule, fleet.now())).toBe(90)
    await fleet.stop()
  })

  it('leaves out a report that nobody of the fleet has sealed', async () => {
    const fleet = new LimitFleet({ nodes: 2 })
    await fleet.pass(300)
    const rule = bucketRule(100, 3600, 0)
    fleet.take(0, 'a', rule)
    await fleet.pass(110)
    const { report } = fleet.model.entries[0]!
    report[12] = 90
    fleet.join()
    await fleet.pass(300)
    expect(fleet.buckets[2]!.remaining('a', rule, fleet.now())).toBe(100)
    expect(fleet.logged).toEqual([expect.stringMatching(/^2: a report of limits in Redis is left out/)])
    await fleet.stop()
  })

  it('asks nothing, and is counted by nobody, as long as no policy limits anything', async () => {
    const fleet = new LimitFleet({ nodes: 1 })
    fleet.join(0, false)
    await fleet.pass(3000)
    expect([...fleet.model.nodes.values()]).toHaveLength(1)
    expect(fleet.syncs[0]?.nodes).toBe(1)
    // A policy is swapped.
    const rule = bucketRule(10, 60, 0)
    fleet.take(0, 'a', rule)
    fleet.buckets[1]?.fleet?.declare()
    fleet.syncs[1]?.hurry()
    await fleet.pass(30)
    expect(fleet.syncs[1]?.nodes).toBe(2)
    await fleet.pass(600)
    expect(fleet.syncs[0]?.nodes).toBe(2)
    expect(fleet.take(1, 'a', rule)).toBe(true)
    await fleet.stop()
    expect(fleet.model.nodes.size).toBe(0)
  })

  it('asks rarely while nothing is counted', async () => {
    const fleet = new LimitFleet({ nodes: 1 })
    await fleet.pass(6000)
    const { rounds } = fleet.model
    await fleet.pass(10_000)
    expect(fleet.model.rounds - rounds).toBeLessThan(25)
    await fleet.stop()
  })
})
