import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHUNK } from '../../src/storage/chunk-frame.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { until } from '../support/until.ts'
import { ACL, bytesOf, claimIn, newNode, objectIn, pattern, stored, variantOf, wanted } from './tiers.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster({ acl: ACL.filter((line) => !line.includes('default')) })
})
afterAll(() => cluster.stop())

describe('the tier in a Redis Cluster', () => {
  it('has all that belongs to a key in one slot, whatever the key', async () => {
    const [one, other] = [await newNode(cluster, { claims: false }), await newNode(cluster, { claims: false })]
    const names = ['accept-language']
    for (let index = 0; index < 12; index++) {
      const key = `key ${index}`
      const fields = { 'accept-language': 'de' }
      await one.keep({ object: stored({ key, bytes: CHUNK + 1, seed: index + 1 }), names, variant: variantOf(names, fields) })
      const found = objectIn(await other.tier.recall(wanted({ key, fields, credentialed: true })))
      expect(bytesOf(found).equals(pattern(CHUNK + 1, index + 1))).toBe(true)
    }
    for (let index = 0; index < 12; index++) one.tier.forget(`key ${index}`)
    for (let index = 0; index < 12; index++)
      for (;;) if ((await other.tier.recall(wanted({ key: `key ${index}`, fields: { 'accept-language': 'de' } }))).type === 'nothing') break
    expect([[...one.counters.reasonsOf('tier_fault')], [...other.counters.reasonsOf('tier_fault')]]).toEqual([[], []])
  })

  it('wakes who waits, whichever master they hear', async () => {
    const [one, other] = [await newNode(cluster), await newNode(cluster)]
    for (let index = 0; index < 6; index++) {
      const key = `turn ${index}`
      const claim = claimIn(await one.tier.recall(wanted({ key, wait: 10_000 })))
      const waiting = other.tier.recall(wanted({ key, wait: 10_000 }))
      await until(() => other.counters.get('tier_claim_waits') > index, 'the other node to wait')
      await one.keep({ object: stored({ key }), claim })
      expect((await waiting).type).toBe('object')
    }
    expect(other.counters.get('tier_claim_waits')).toBe(6)
  })
})
