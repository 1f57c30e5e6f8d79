/** The buckets behind limits: what a token costs, what is forgotten when there is no room, and what never is. */
import { describe, expect, it } from 'vitest'
import { type BucketMemory, Buckets, bucketBuffer, bucketMemory, bucketRule } from '../../../src/policy/services/buckets.ts'

const SECOND = 1_000_000_000n
/** Time does not begin at zero. */
const START = 3_600n * SECOND
const at = (seconds: number): bigint => START + BigInt(Math.round(seconds * 1e9))

/** How many of so many are allowed. */
function allowed(buckets: Buckets, key: string, rule: ReturnType<typeof bucketRule>, now: bigint, times: number): number {
  let count = 0
  for (let i = 0; i < times; i++) if (buckets.take(key, rule, now)) count++
  return count
}

describe('a bucket', () => {
  const rule = bucketRule(10, 60, 0)

  it('is full at first, and fills evenly', () => {
    const buckets = new Buckets(bucketMemory())
    expect(buckets.remaining('a', rule, at(0))).toBe(10)
    expect(allowed(buckets, 'a', rule, at(0), 25)).toBe(10)
    expect(buckets.remaining('a', rule, at(0))).toBe(0)
    expect(allowed(buckets, 'a', rule, at(5.9), 5)).toBe(0)
    expect(allowed(buckets, 'a', rule, at(6), 5)).toBe(1)
    expect(allowed(buckets, 'a', rule, at(36), 25)).toBe(5)
    expect(allowed(buckets, 'a', rule, at(1000), 25)).toBe(10)
  })

  it('is of one key', () => {
    const buckets = new Buckets(bucketMemory())
    expect(allowed(buckets, 'a', rule, at(0), 25)).toBe(10)
    expect(allowed(buckets, 'b', rule, at(0), 25)).toBe(10)
  })

  it('tells how long it takes until there is a token again', () => {
    const buckets = new Buckets(bucketMemory())
    allowed(buckets, 'a', rule, at(0), 25)
    expect(buckets.wait('a', rule, at(0))).toBe(6n * SECOND)
    expect(buckets.wait('a', rule, at(4))).toBe(2n * SECOND)
    expect(buckets.wait('a', rule, at(6))).toBe(0n)
    expect(buckets.wait('b', rule, at(0))).toBe(0n)
  })

  it('blocks for a while once it denied, whatever has come meanwhile', () => {
    const buckets = new Buckets(bucketMemory())
    const blocking = bucketRule(2, 1, 30)
    expect(allowed(buckets, 'a', blocking, at(0), 3)).toBe(2)
    expect(buckets.blocked('a', at(10))).toBe(20n * SECOND)
    expect([buckets.remaining('a', blocking, at(29)), allowed(buckets, 'a', blocking, at(29), 3)]).toEqual([0, 0])
    expect(buckets.wait('a', blocking, at(29))).toBe(SECOND)
    // Being denied while blocked does not prolong it.
    expect(allowed(buckets, 'a', blocking, at(30), 3)).toBe(2)
  })

  it('takes a token back, but never more than it holds', () => {
    const buckets = new Buckets(bucketMemory())
    allowed(buckets, 'a', rule, at(0), 10)
    buckets.giveBack('a', rule, at(0))
    expect(allowed(buckets, 'a', rule, at(0), 5)).toBe(1)
    for (let i = 0; i < 50; i++) buckets.giveBack('a', rule, at(0))
    expect(buckets.remaining('a', rule, at(0))).toBe(10)
    expect(allowed(buckets, 'a', rule, at(0), 25)).toBe(10)
  })

  it('is forgotten with its block', () => {
    const buckets = new Buckets(bucketMemory())
    const blocking = bucketRule(1, 60, 600)
    allowed(buckets, 'a', blocking, at(0), 5)
    buckets.remove('a')
    expect(buckets.blocked('a', at(0))).toBe(0n)
    expect(allowed(buckets, 'a', blocking, at(0), 5)).toBe(1)
  })

  it('knows a million a second, and three a month', () => {
    const buckets = new Buckets(bucketMemory())
    expect(allowed(buckets, 'a', bucketRule(1_000_000, 1, 0), at(0), 1_000_005)).toBe(1_000_000)
    const rare = bucketRule(3, 30 * 86_400, 0)
    expect(allowed(buckets, 'b', rare, at(0), 5)).toBe(3)
    expect(allowed(buckets, 'b', rare, at(9 * 86_400), 5)).toBe(0)
    expect(allowed(buckets, 'b', rare, at(10 * 86_400), 5)).toBe(1)
  })
})

describe('memory for few buckets', () => {
  const memory = (groups: number): BucketMemory => ({ seed: 7, buckets: bucketBuffer(groups), fleet: null })

  it('does not let a limited key go free for a million others', () => {
    const buckets = new Buckets(memory(64))
    const rule = bucketRule(20, 3600, 0)
    expect(allowed(buckets, 'limited', rule, at(0), 30)).toBe(20)
    for (let i = 0; i < 1_000_000; i++) {
      buckets.take(`other ${i}`, rule, at(i / 100_000))
      if (i % 50_000 === 0) expect(buckets.take('limited', rule, at(i / 100_000))).toBe(false)
    }
    expect(allowed(buckets, 'limited', rule, at(10), 10)).toBe(0)
    expect(allowed(buckets, 'limited', rule, at(3600), 30)).toBe(20)
  })

  it('does not let a blocked key go free either', () => {
    const buckets = new Buckets(memory(1))
    const rule = bucketRule(5, 1, 600)
    allowed(buckets, 'blocked', rule, at(0), 6)
    for (let i = 0; i < 10_000; i++) buckets.take(`other ${i}`, rule, at(1 + i / 1000))
    expect(buckets.take('blocked', rule, at(500))).toBe(false)
    expect(buckets.take('blocked', rule, at(600))).toBe(true)
  })

  it('counts together what finds no place among keys that are denied', () => {
    const buckets = new Buckets(memory(1))
    const rule = bucketRule(2, 3600, 0)
    for (let key = 0; key < 7; key++) expect(allowed(buckets, `denied ${key}`, rule, at(0), 5)).toBe(2)
    let passed = 0
    for (let key = 0; key < 1000; key++) if (buckets.take(`new ${key}`, rule, at(0))) passed++
    expect(passed).toBe(2)
    expect(buckets.wait('new 5', rule, at(0))).toBe(1800n * SECOND)
    for (let key = 0; key < 7; key++) expect(buckets.take(`denied ${key}`, rule, at(1))).toBe(false)
    // When those have tokens again, there is room again.
    expect(allowed(buckets, 'new 5', rule, at(3600), 5)).toBe(2)
  })

  it('forgets a key that used little before one that used much', () => {
    const buckets = new Buckets(memory(1))
    const rule = bucketRule(10, 3600, 0)
    for (let key = 0; key < 6; key++) allowed(buckets, `much ${key}`, rule, at(0), 8)
    for (let key = 0; key < 100; key++) buckets.take(`little ${key}`, rule, at(0))
    for (let key = 0; key < 6; key++) expect(buckets.remaining(`much ${key}`, rule, at(0))).toBe(2)
  })

  it('is counted in by two who share it as by one', () => {
    const shared = memory(64)
    const [one, other] = [new Buckets(shared), new Buckets(shared)]
    const rule = bucketRule(100, 60, 0)
    let passed = 0
    for (let i = 0; i < 150; i++) if ((i % 2 === 0 ? one : other).take('a', rule, at(0))) passed++
    expect(passed).toBe(100)
  })
})
