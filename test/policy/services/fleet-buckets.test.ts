/** Buckets of which other nodes have equal ones: what they tell, what they are told, what a node may take before it is heard. */
import { describe, expect, it } from 'vitest'
import { type BucketMemory, Buckets, bucketMemory, bucketRule, fleetBucketMemory } from '../../../src/policy/services/buckets.ts'
import { FleetBuckets } from '../../../src/policy/services/fleet-buckets.ts'
import { type LimitRecord, packReport, unpackReport } from '../../../src/policy/services/limit-report.ts'

const SECOND = 1_000_000_000n
const START = 3_600n * SECOND
const SEED = 77

function node(groups?: number, memory: BucketMemory = fleetBucketMemory(SEED, groups)): { buckets: Buckets; fleet: FleetBuckets } {
  return { buckets: new Buckets(memory), fleet: new FleetBuckets(memory) }
}

function take(buckets: Buckets, key: string, rule: ReturnType<typeof bucketRule>, times: number, now = START): number {
  let passed = 0
  for (let i = 0; i < times; i++) if (buckets.take(key, rule, now)) passed++
  return passed
}

describe('buckets of a fleet', () => {
  const rule = bucketRule(100, 60, 0)

  it('tell what was taken since they told last, under names that are the same on all nodes', () => {
    const one = node()
    const other = node()
    take(one.buckets, 'a', rule, 30)
    take(one.buckets, 'b', rule, 1)
    const { records } = one.fleet.collect(START)
    expect(records.map(({ tokens, limit, period }) => [tokens, limit, period]).sort()).toEqual([
      [1, 100, 60n * SECOND],
      [30, 100, 60n * SECOND],
    ])
    expect(one.fleet.collect(START).records).toEqual([])
    other.fleet.charge(records, 0n, START)
    expect(['a', 'b', 'c'].map((key) => other.buckets.remaining(key, rule, START))).toEqual([70, 99, 100])
    // What was told to it is nothing that it tells.
    expect(other.fleet.collect(START).records).toEqual([])
    take(one.buckets, 'a', rule, 5)
    expect(one.fleet.collect(START)).toMatchObject({ records: [{ tokens: 5 }], more: false })
  })

  it('charge what was taken a while ago as it would be by now', () => {
    const one = node()
    const other = node()
    take(one.buckets, 'a', rule, 50)
    const { records } = one.fleet.collect(START)
    other.fleet.charge(records, 6n * SECOND, START)
    expect(other.buckets.remaining('a', rule, START)).toBe(60)
    const third = node()
    third.fleet.charge(records, 60n * SECOND, START)
    expect(third.buckets.remaining('a', rule, START)).toBe(100)
  })

  it('are in debt for what all let through at once, but not without end', () => {
    const { buckets, fleet } = node()
    fleet.cells.nodes = 3
    take(buckets, 'a', rule, 40)
    const [record] = fleet.collect(START).records as [LimitRecord]
    fleet.charge([{ ...record, tokens: 80 }], 0n, START)
    expect(buckets.wait('a', rule, START)).toBe((21n * 60n * SECOND) / 100n)
    fleet.charge([{ ...record, tokens: 1_000_000_000 }], 0n, START)
    expect(buckets.wait('a', rule, START)).toBe((29n * 60n * SECOND) / 100n)
    fleet.charge([{ ...record, tokens: -1_000_000_000 }], 0n, START)
    expect(buckets.remaining('a', rule, START)).toBe(100)
    expect(take(buckets, 'b', rule, 200)).toBe(40)
  })

  it('let a node take its share only, until the others know', () => {
    const { buckets, fleet } = node()
    fleet.cells.nodes = 2
    expect(take(buckets, 'a', rule, 200)).toBe(60)
    expect([fleet.cells.isPressed, buckets.remaining('a', rule, START)]).toEqual([true, 0])
    const report = fleet.collect(START)
    fleet.sent(report, '1-0')
    expect(fleet.known(() => false)).toBe(false)
    expect(take(buckets, 'a', rule, 200)).toBe(0)
    expect(fleet.known((id) => id === '1-0')).toBe(true)
    // Half of the 40 that are left, and of the fifth.
    expect(take(buckets, 'a', rule, 200)).toBe(30)
    fleet.alone()
    expect(take(buckets, 'a', rule, 200)).toBe(10)
  })

  it.each([1, 2, 3, 4])('let the last tokens of a limit of %d be taken', (limit) => {
    const small = bucketRule(limit, 60, 0)
    const { buckets, fleet } = node()
    fleet.cells.nodes = 5
    for (let passed = 0; passed < limit; passed++) {
      expect(buckets.take('a', small, START)).toBe(true)
      fleet.sent(fleet.collect(START), '1-0')
      fleet.known(() => true)
    }
    expect(buckets.take('a', small, START)).toBe(false)
  })

  it('press while a share is being used up, and not before', () => {
    const { buckets, fleet } = node()
    fleet.cells.nodes = 2
    take(buckets, 'a', rule, 30)
    expect(fleet.cells.isPressed).toBe(false)
    take(buckets, 'a', rule, 1)
    expect(fleet.cells.isPressed).toBe(true)
  })

  it('tell a key that took the place of another from it', () => {
    const { buckets, fleet } = node(1)
    fleet.cells.nodes = 2
    for (let key = 0; key < 7; key++) take(buckets, `key ${key}`, rule, key === 0 ? 20 : 50)
    // Key 0 is the one of which least is used up.
    expect(take(buckets, 'new', rule, 200)).toBe(60)
    const { records } = fleet.collect(START)
    expect(records.map(({ tokens }) => tokens).sort()).toEqual([50, 50, 50, 50, 50, 50, 60])
  })

  it('share what is counted together where there is no place', () => {
    const one = node(1)
    const other = node(1)
    for (let key = 0; key < 7; key++) take(one.buckets, `denied ${key}`, rule, 100)
    expect(take(one.buckets, 'new', rule, 10)).toBe(10)
    const { records } = one.fleet.collect(START)
    expect(records.filter(({ tag }) => tag === 0)).toMatchObject([{ tokens: 10, limit: 100 }])
    other.fleet.charge(records, 0n, START)
    expect(other.buckets.take('denied 3', rule, START)).toBe(false)
    expect(take(other.buckets, 'newer', rule, 200)).toBe(90)
  })

  it('tell more than fits one report by the next one', () => {
    const { buckets, fleet } = node()
    for (let key = 0; key < 6000; key++) buckets.take(`key ${key}`, rule, START)
    const first = fleet.collect(START)
    const second = fleet.collect(START)
    expect([first.more, second.more]).toEqual([true, false])
    expect(first.records.length + second.records.length).toBeGreaterThan(5990)
    expect(first.records.length).toBeLessThan(4096 + 32)
  })

  it('are made for a fleet, or are not', () => {
    expect(() => new FleetBuckets(bucketMemory())).toThrow(TypeError)
  })
})

describe('a report', () => {
  const record: LimitRecord = {
    group: 32_767,
    tag: -5,
    limit: 1_000_000,
    period: 30n * 86_400n * SECOND,
    tokens: -3,
    block: 30 * 86_400_000,
    removed: true,
  }

  it('says the same when it is read', () => {
    expect(unpackReport(packReport([record, { ...record, removed: false, tag: 0 }]), 32_768)).toEqual([
      record,
      { ...record, removed: false, tag: 0 },
    ])
  })

  it.each([
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['names a group that is not there', (bytes: Buffer) => void bytes.writeUInt32LE(32_768, 0)],
    ['has no limit', (bytes: Buffer) => void bytes.writeUInt32LE(0, 8)],
    ['has a limit that cannot be', (bytes: Buffer) => void bytes.writeUInt32LE(1_000_001, 8)],
    ['has tokens that cannot be', (bytes: Buffer) => void bytes.writeInt32LE(-(2 ** 31), 12)],
    ['has no period', (bytes: Buffer) => void bytes.writeDoubleLE(Number.NaN, 24)],
    ['has an endless period', (bytes: Buffer) => void bytes.writeDoubleLE(Number.POSITIVE_INFINITY, 24)],
    ['has a period that is too short', (bytes: Buffer) => void bytes.writeDoubleLE(99_999_999, 24)],
  ])('is none when it %s', (_, damage) => {
    const bytes = packReport([record])
    expect(unpackReport(damage(bytes) ?? bytes, 32_768)).toBeNull()
  })
})
