import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { Marker } from '../../src/object/marker.ts'
import type { Recalled } from '../../src/object/tier.ts'
import { CLAIM } from '../../src/storage/redis-scripts.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { ACL, bytesOf, changed, claimIn, keysIn, type Node, newNode, objectIn, pattern, stored, wanted } from './tiers.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis({ acl: ACL })
})
beforeEach(() => redis.cli('FLUSHALL'))
afterAll(() => redis.stop())

const PATIENT = 10_000

/** Of a node that never looks again of itself: whoever waits there goes on with what is said alone, or hangs. */
const NO_LOOKS: Clock = { ...systemClock, after: () => ({ cancel: () => undefined, refresh: () => undefined }) }

/** The other one waits: it was told that the claim is somebody else's. */
async function waiting(node: Node, recalled: Promise<Recalled>): Promise<Promise<Recalled>[]> {
  await until(() => node.counters.get('tier_claim_waits') > 0, 'the other node to wait')
  return [recalled]
}

async function took<T>(promise: Promise<T>): Promise<readonly [T, number]> {
  const began = systemClock.now()
  return [await promise, systemClock.now() - began]
}

const lockOf = (node: Node): string => node.keys.lock(node.keys.base('k', 'http'))

describe('a claim in the fleet', () => {
  it('is got by one of many nodes, and what it brings is what the others get', async () => {
    const nodes: Node[] = []
    for (let i = 0; i < 4; i++) nodes.push(await newNode(redis))
    const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`)
    const got = new Map<string, number>()
    await Promise.all(
      nodes.flatMap((node, at) =>
        keys.map(async (key) => {
          const recalled = await node.tier.recall(wanted({ key, wait: PATIENT }))
          if (recalled.type !== 'nothing') {
            expect(bytesOf(objectIn(recalled)).equals(pattern(100, keys.indexOf(key) + 1))).toBe(true)
            return
          }
          got.set(key, (got.get(key) ?? 0) + 1)
          node.tier.keep({
            object: stored({ key, bytes: 100, seed: keys.indexOf(key) + 1 }),
            ...{ names: [], variant: 'http', since: node.log.position, claim: claimIn(recalled) },
          })
          expect(at).toBeLessThan(4)
        }),
      ),
    )
    expect([...got.values()]).toEqual(keys.map(() => 1))
    expect((await keysIn(redis)).some((key) => key.endsWith(':l'))).toBe(false)
  })

  it('wakes who waits when the answer is there, not at the next look', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    const times: number[] = []
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      const claim = claimIn(await one.tier.recall(wanted({ key, wait: PATIENT })))
      const recalled = other.tier.recall(wanted({ key, wait: PATIENT }))
      await until(() => other.counters.get('tier_claim_waits') > times.length, 'the other node to wait')
      const began = systemClock.now()
      await one.keep({ object: stored({ key }), claim })
      expect((await recalled).type).toBe('object')
      times.push(systemClock.now() - began)
      expect(await redis.cli('EXISTS', one.keys.lock(one.keys.base(key, 'http')))).toBe(0)
    }
    expect(Math.min(...times)).toBeLessThan(100)
  })

  it('ends in silence where nobody waits: what is said is heard by every node', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis, { clock: NO_LOOKS })]
    const said = async (): Promise<number> =>
      Number(/cmdstat_publish:calls=(\d+)/.exec(String(await redis.cli('INFO', 'commandstats')))?.[1] ?? 0)
    const end = async (key: string, waits: boolean): Promise<number> => {
      const claim = claimIn(await one.tier.recall(wanted({ key, wait: PATIENT })))
      const waited = other.counters.get('tier_claim_waits')
      const recalled = waits ? other.tier.recall(wanted({ key, wait: PATIENT })) : null
      if (waits) await until(() => other.counters.get('tier_claim_waits') > waited, 'the other node to wait')
      const before = await said()
      if (key.startsWith('kept')) await one.keep({ object: stored({ key }), claim })
      else claim.release('alone')
      expect((await recalled)?.type).toBe(waits ? (key.startsWith('kept') ? 'object' : 'alone') : undefined)
      for (;;) if ((await redis.cli('EXISTS', one.keys.lock(one.keys.base(key, 'http')))) === 0) break
      return (await said()) - before
    }
    expect([await end('kept', false), await end('let go', false)]).toEqual([0, 0])
    expect([await end('kept, waited for', true), await end('let go, waited for', true)]).toEqual([1, 1])
    // What was renewed meanwhile is waited for still.
    const claim = claimIn(await one.tier.recall(wanted({ key: 'long', wait: PATIENT })))
    const recalled = other.tier.recall(wanted({ key: 'long', wait: PATIENT }))
    const lock = one.keys.lock(one.keys.base('long', 'http'))
    await redis.cli('PEXPIRE', lock, 1500)
    for (;;) if (Number(await redis.cli('PTTL', lock)) > 2000) break
    claim.release('alone')
    expect((await recalled).type).toBe('alone')
  })

  it('tells who waits to go on alone, or whose turn it is next', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis, { clock: NO_LOOKS })]
    const first = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const [alone] = await waiting(other, other.tier.recall(wanted({ wait: PATIENT })))
    first.release('alone')
    expect(await alone).toEqual({ type: 'alone' })
    const second = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const again = other.tier.recall(wanted({ wait: PATIENT }))
    await until(() => other.counters.get('tier_claim_waits') > 1)
    second.release('again')
    second.release('alone')
    claimIn(await again).release('again')
    await until(() => other.counters.get('tier_claims') === 1)
  })

  it('that ends in a refusal tells that to who waits, and one for what is never written lets them go alone', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis, { clock: NO_LOOKS })]
    const claim = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const [refused] = await waiting(other, other.tier.recall(wanted({ wait: PATIENT })))
    const marker = new Marker('k', 'hitForMiss', systemClock.now() + 60_000, 0, false)
    one.tier.refuse({ marker, names: [], variant: 'http', since: one.log.position, claim })
    expect((await refused!).type).toBe('refused')
    const next = claimIn(await one.tier.recall(wanted({ key: 'l', wait: PATIENT })))
    const alone = other.tier.recall(wanted({ key: 'l', wait: PATIENT }))
    await until(() => other.counters.get('tier_claim_waits') > 1)
    await one.keep({ object: stored({ key: 'l', ttl: 0.5 }), claim: next })
    expect((await alone).type).toBe('alone')
  })

  it('is let go in a second when its key is purged: what is fetched under it is of no use to who asks after that', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    const purge = ({ log }: Node, soft: boolean): void => log.apply(log.position + 1, { do: 'key', key: 'k', soft }, null)
    const overtaken = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const recalled = other.tier.recall(wanted({ wait: PATIENT }))
    await waiting(other, recalled)
    for (const node of [one, other]) purge(node, false)
    const [next, ms] = await took(recalled)
    expect(ms).toBeLessThan(2000)
    overtaken.release('again')
    // The lock is the next one's now, and what purged nothing of this key lets nobody go.
    one.log.apply(one.log.position + 1, { do: 'key', key: 'another', soft: false }, null)
    expect((await one.tier.recall(wanted({ wait: 2500 }))).type).toBe('nothing')
    expect(one.counters.get('tier_claim_timeouts')).toBe(1)
    claimIn(next).release('again')
  })

  it('is of a class of requests, and of a variant', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    const names = ['accept']
    const variant = (some: readonly string[], value: string): string => (some.length === 0 ? 'http' : `http accept:1:${value}`)
    await one.keep({ object: stored({ ttl: 100 }), names, variant: variant(names, 'a') })
    const asks = (value: string, credentialed: boolean) => ({
      ...wanted({ wait: 100, credentialed }),
      variant: (some: readonly string[]) => variant(some, value),
    })
    for (const [value, credentialed] of [
      ['b', false],
      ['c', false],
      ['b', true],
    ] as const)
      claimIn(await one.tier.recall(asks(value, credentialed)))
    expect((await other.tier.recall(asks('b', false))).type).toBe('nothing')
    expect(other.counters.get('tier_claim_timeouts')).toBe(1)
    expect(one.counters.get('tier_claims')).toBe(3)
  })

  it('is waited for until the time is over, then the origin is asked without one', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const [recalled, ms] = await took(other.tier.recall(wanted({ wait: 400 })))
    expect(recalled).toEqual({ type: 'nothing', claim: null })
    expect(ms).toBeGreaterThan(390)
    expect(ms).toBeLessThan(2000)
    expect(await other.tier.recall(wanted())).toEqual({ type: 'nothing', claim: null })
  })

  it('is renewed while the fetch goes on', async () => {
    const one = await newNode(redis)
    const claim = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    await redis.cli('PEXPIRE', lockOf(one), 1500)
    await until(() => one.counters.get('tier_claims') === 1)
    for (;;) if (Number(await redis.cli('PTTL', lockOf(one))) > 2000) break
    claim.release('again')
    for (;;) if ((await redis.cli('EXISTS', lockOf(one))) === 0) break
  })

  it('of a dead node ends within three seconds, and who waits goes on with one (HARDENING 284)', async () => {
    const [dead, one, other] = [await newNode(redis), await newNode(redis), await newNode(redis)]
    claimIn(await dead.tier.recall(wanted({ wait: PATIENT })))
    // Killed: it neither renews nor releases.
    dead.port.stop()
    const [recalled, ms] = await took(
      Promise.all(
        [one, other].map((node) =>
          node.tier.recall(wanted({ wait: PATIENT })).then((found) => {
            if (found.type === 'nothing' && found.claim !== null)
              node.tier.keep({ object: stored(), names: [], variant: 'http', since: node.log.position, claim: found.claim })
            return found.type
          }),
        ),
      ),
    )
    expect(recalled.toSorted()).toEqual(['nothing', 'object'])
    expect(ms).toBeLessThan(4000)
  })

  it("that is lost to another owner ends nobody else's", async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    const lost = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    await redis.cli('DEL', lockOf(one))
    claimIn(await other.tier.recall(wanted({ wait: PATIENT })))
    const owner = await redis.cli('GET', lockOf(one))
    lost.release('again')
    await one.keep({ object: stored({ key: 'l' }) })
    expect(await redis.cli('GET', lockOf(one))).toBe(owner)
  })

  it('wakes who waits although the message is lost', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis, { around: changed({ subscribe: () => () => undefined }) })]
    const claim = claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const [recalled] = await waiting(other, other.tier.recall(wanted({ wait: PATIENT })))
    await one.keep({ object: stored(), claim })
    const [found, ms] = await took(recalled!)
    expect(found.type).toBe('object')
    expect(ms).toBeLessThan(1000)
  })

  it('that is got when the answer has just come is given back, and the answer is used', async () => {
    const one = await newNode(redis)
    const late = changed({
      run: (port) => async (script, keys, args) => {
        if (script === CLAIM && args[2] instanceof Buffer && args[2].length === 0) await one.keep({ object: stored() })
        return port.run(script, keys, args)
      },
    })
    const other = await newNode(redis, { around: late })
    expect((await other.tier.recall(wanted({ wait: PATIENT }))).type).toBe('object')
    expect(other.counters.get('tier_claims')).toBe(1)
    for (;;) if ((await redis.cli('EXISTS', lockOf(one))) === 0) break
  })

  it('that is got after nobody waits for it any more is given back', async () => {
    let slow: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      slow = resolve
    })
    const late = changed({
      run: (port) => async (script, keys, args) => {
        const reply = await port.run(script, keys, args)
        if (script === CLAIM) await held
        return reply
      },
    })
    const one = await newNode(redis, { around: late })
    expect(await one.tier.recall(wanted({ wait: PATIENT }))).toEqual({ type: 'nothing', claim: null })
    expect(await redis.cli('EXISTS', lockOf(one))).toBe(1)
    await redis.cli('PERSIST', lockOf(one))
    slow()
    for (;;) if ((await redis.cli('EXISTS', lockOf(one))) === 0) break
    expect(one.counters.reasonCount('tier_fault', 'timeout')).toBe(1)
  })

  it('comes with an answer that is stale, to be confirmed by one node', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    await one.keep({ object: stored({ ttl: 10, keep: 100, etag: '"1"' }) })
    await redis.cli('PEXPIRE', one.keys.base('k', 'http'), 90_000)
    const first = await one.tier.recall(wanted({ wait: PATIENT }))
    expect([objectIn(first).etag, first.type === 'object' && first.claim !== null]).toEqual(['"1"', true])
    const next = other.tier.recall(wanted({ wait: PATIENT }))
    await until(() => other.counters.get('tier_claim_waits') === 1)
    await one.keep({ object: stored({ ttl: 10, etag: '"2"' }), claim: first.type === 'object' ? first.claim : null })
    const second = await next
    expect([objectIn(second).etag, second.type === 'object' && second.claim]).toEqual(['"2"', null])
  })

  it('is not asked for where nodes do not wait for each other', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    for (const node of [one, other]) expect(await node.tier.recall(wanted({ wait: PATIENT }))).toEqual({ type: 'nothing', claim: null })
    expect(await keysIn(redis)).toEqual([])
  })

  it('is given back by a node that stops, and who waits there goes on', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    claimIn(await one.tier.recall(wanted({ wait: PATIENT })))
    const [recalled] = await waiting(other, other.tier.recall(wanted({ wait: PATIENT })))
    one.tier.stop()
    claimIn(await recalled!)
    expect(await one.tier.recall(wanted())).toEqual({ type: 'nothing', claim: null })
  })
})
