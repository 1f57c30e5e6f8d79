/**
 * Token buckets in memory that threads share, a bounded number of them. A bucket is the moment at which it will be full again (the generic cell
 * rate algorithm), so that taking a token is one compare-and-swap, and a bucket that is full is one that need not be there.
 *
 * A key has its place in one group of eight buckets. When all of its group are in use, that is forgotten of which least is used up; a bucket that
 * is empty never is. The last bucket of a group is for what then finds no place, and counts all of it together.
 */
import { randomInt } from 'node:crypto'
import { hashOf } from '../../object/hash.ts'
import { BLOCKED, FleetCells, REMOVED } from './fleet-cells.ts'

/** Buckets of a group that keys have for themselves; behind them is the common one. */
const OWN = 7
const WAYS = OWN + 1
/** A bucket: Int32 tag (0: nobody's), Float32 milliseconds of debt above which it is empty, BigInt64 moments of fullness and of the block's end. */
const WORDS = 6
const TIMES = 3
const BYTES = WORDS * 4
/** A power of two. */
const GROUPS = 32_768
const TRIES = 4

/** More used up than anything that may be forgotten. */
const EMPTY = 2

/** A rule in the units of the buckets: nanoseconds. */
export interface BucketRule {
  readonly limit: number
  /** In which an empty bucket fills. */
  readonly period: bigint
  /** In which one token comes. */
  readonly step: bigint
  readonly block: bigint
}

export interface BucketMemory {
  /** Nobody outside can choose keys that fall together. In a fleet it is the same on all nodes, so that a key has the same bucket on each. */
  readonly seed: number
  readonly buckets: SharedArrayBuffer
  /** What other nodes are to know; `null`: there are none. */
  readonly fleet: SharedArrayBuffer | null
}

/** A bucket's name, which is the same on all nodes. `tag` 0: the common bucket of the group. */
export interface BucketName {
  readonly group: number
  readonly tag: number
}

export function bucketRule(limit: number, period: number, block: number): BucketRule {
  const nanoseconds = BigInt(Math.round(period * 1e9))
  return { limit, period: nanoseconds, step: nanoseconds / BigInt(limit), block: BigInt(Math.round(block * 1e9)) }
}

/** Pages of it cost memory when they are used: 6 MiB at the most. `groups` must be a power of two. */
export function bucketBuffer(groups: number = GROUPS): SharedArrayBuffer {
  return new SharedArrayBuffer(groups * WAYS * BYTES)
}

export function bucketMemory(groups: number = GROUPS): BucketMemory {
  return { seed: randomInt(-(2 ** 31), 2 ** 31 - 1), buckets: bucketBuffer(groups), fleet: null }
}

/** Memory for buckets that other nodes have, too: those of the same seed. 8 MiB more at the most. */
export function fleetBucketMemory(seed: number, groups: number = GROUPS): BucketMemory {
  return { seed, buckets: bucketBuffer(groups), fleet: new SharedArrayBuffer(FleetCells.bytes(groups * WAYS)) }
}

export class Buckets {
  readonly #tags: Int32Array
  readonly #debts: Float32Array
  readonly #times: BigInt64Array
  readonly #groups: number
  readonly #seed: number
  readonly #fleet: FleetCells | null

  constructor({ buckets, seed, fleet }: BucketMemory) {
    this.#tags = new Int32Array(buckets)
    this.#debts = new Float32Array(buckets)
    this.#times = new BigInt64Array(buckets)
    this.#groups = buckets.byteLength / BYTES / WAYS
    this.#seed = seed
    this.#fleet = fleet === null ? null : new FleetCells(fleet, this.#groups * WAYS)
  }

  get groups(): number {
    return this.#groups
  }

  get fleet(): FleetCells | null {
    return this.#fleet
  }

  /** Takes a token; `false`: there is none, or the key is blocked. `now` in nanoseconds, of the same clock in all threads. */
  take(key: string, rule: BucketRule, now: bigint): boolean {
    const group = this.#groupOf(key)
    const tag = this.#tagOf(key)
    const at = this.#found(group, tag) ?? this.#placed(group, tag, rule, now)
    const times = this.#times
    const fleet = this.#fleet
    for (;;) {
      if (Atomics.load(times, at * TIMES + 2) > now) return false
      const full = Atomics.load(times, at * TIMES + 1)
      const next = (full > now ? full : now) + rule.step
      if (next - now > rule.period) {
        if (rule.block > 0n) {
          Atomics.store(times, at * TIMES + 2, now + rule.block)
          fleet?.mark(at, BLOCKED)
        }
        return false
      }
      // It is not used up: no block begins.
      if (fleet !== null && !fleet.admits(at, rule, next - now - rule.step)) return false
      if (Atomics.compareExchange(times, at * TIMES + 1, full, next) === full) {
        fleet?.took(at, rule, 1)
        return true
      }
    }
  }

  remaining(key: string, rule: BucketRule, now: bigint): number {
    const at = this.#of(key)
    if (at === null) return rule.limit
    if (Atomics.load(this.#times, at * TIMES + 2) > now) return 0
    const debt = this.#debt(at, now)
    // What this node may not take before the others have heard of it is not there.
    if (this.#fleet !== null && !this.#fleet.admits(at, rule, debt)) return 0
    const left = (rule.period - debt) / rule.step
    return left <= 0n ? 0 : Math.min(rule.limit, Number(left))
  }

  /** Nanoseconds until the key's block ends. */
  blocked(key: string, now: bigint): bigint {
    const at = this.#of(key)
    const until = at === null ? 0n : Atomics.load(this.#times, at * TIMES + 2)
    return until > now ? until - now : 0n
  }

  /** Nanoseconds until a token can be taken. */
  wait(key: string, rule: BucketRule, now: bigint): bigint {
    const at = this.#of(key) ?? this.#overflow(key, now)
    if (at === null) return 0n
    const until = Atomics.load(this.#times, at * TIMES + 2)
    const blocked = until > now ? until - now : 0n
    const empty = this.#debt(at, now) + rule.step - rule.period
    return empty > blocked ? empty : blocked
  }

  giveBack(key: string, rule: BucketRule, now: bigint): void {
    const at = this.#of(key)
    if (at === null) return
    for (;;) {
      const full = Atomics.load(this.#times, at * TIMES + 1)
      if (full <= now) return
      if (Atomics.compareExchange(this.#times, at * TIMES + 1, full, full - rule.step) === full) {
        this.#fleet?.took(at, rule, -1)
        return
      }
    }
  }

  remove(key: string): void {
    const at = this.#of(key)
    if (at === null) return
    this.clear(at)
    this.#fleet?.mark(at, REMOVED)
  }

  /** Fills a bucket and ends its block. */
  clear(at: number): void {
    Atomics.store(this.#times, at * TIMES + 1, 0n)
    Atomics.store(this.#times, at * TIMES + 2, 0n)
  }

  /** Of the bucket in that place. */
  nameOf(at: number): BucketName {
    return { group: Math.floor(at / WAYS), tag: Atomics.load(this.#tags, at * WORDS) }
  }

  /** Where the bucket of that name is, with `rule` one is made; `null`: there is none, or no room for it. */
  locate({ group, tag }: BucketName, rule: BucketRule | null, now: bigint): number | null {
    const first = group * WAYS
    if (tag === 0) return first + OWN
    const at = this.#found(first, tag) ?? (rule === null ? null : this.#placed(first, tag, rule, now))
    return at === first + OWN ? null : at
  }

  /** When the block of the bucket in that place ends. */
  blockOf(at: number): bigint {
    return Atomics.load(this.#times, at * TIMES + 2)
  }

  /** Tokens that were taken elsewhere at `taken`; fewer than none: given back. The bucket's debt does not go beyond `most` by them. */
  charge(at: number, tokens: number, rule: BucketRule, taken: bigint, now: bigint, most: bigint): void {
    for (;;) {
      const full = Atomics.load(this.#times, at * TIMES + 1)
      const next = (full > taken ? full : taken) + BigInt(tokens) * rule.step
      const bound = full > now + most ? full : now + most
      if (Atomics.compareExchange(this.#times, at * TIMES + 1, full, next < bound ? next : bound) === full) return
    }
  }

  /** A block that began elsewhere. */
  block(at: number, until: bigint): void {
    if (until > Atomics.load(this.#times, at * TIMES + 2)) Atomics.store(this.#times, at * TIMES + 2, until)
  }

  #debt(at: number, now: bigint): bigint {
    const full = Atomics.load(this.#times, at * TIMES + 1)
    return full > now ? full - now : 0n
  }

  #of(key: string): number | null {
    return this.#found(this.#groupOf(key), this.#tagOf(key))
  }

  #found(group: number, tag: number): number | null {
    for (let at = group; at < group + OWN; at++) if (Atomics.load(this.#tags, at * WORDS) === tag) return at
    return null
  }

  /** The common bucket, if that is what this key would be counted in. */
  #overflow(key: string, now: bigint): number | null {
    const group = this.#groupOf(key)
    for (let at = group; at < group + OWN; at++) if (this.#used(at, now) < EMPTY) return null
    return group + OWN
  }

  /** A bucket for a key that has none: the one of which least is used up, or the common one. */
  #placed(group: number, tag: number, rule: BucketRule, now: bigint): number {
    for (let tries = 0; tries < TRIES; tries++) {
      let victim = -1
      let least = EMPTY
      for (let at = group; at < group + OWN && least > 0; at++) {
        const used = this.#used(at, now)
        if (used >= least) continue
        least = used
        victim = at
      }
      if (victim < 0) return group + OWN
      const before = Atomics.load(this.#tags, victim * WORDS)
      const full = Atomics.load(this.#times, victim * TIMES + 1)
      if (before === tag) return victim
      if (Atomics.compareExchange(this.#tags, victim * WORDS, before, tag) === before) {
        // Whoever has taken from it meanwhile did so for this key.
        if (full > now) Atomics.compareExchange(this.#times, victim * TIMES + 1, full, 0n)
        this.#debts[victim * WORDS + 1] = Number(rule.period - rule.step) / 1e6
        this.#fleet?.begin(victim, rule)
        return victim
      }
      const found = this.#found(group, tag)
      if (found !== null) return found
    }
    return group + OWN
  }

  /** From 0, full, towards 1; `EMPTY` where the next token is denied. */
  #used(at: number, now: bigint): number {
    if (Atomics.load(this.#times, at * TIMES + 2) > now) return EMPTY
    const debt = Number(this.#debt(at, now)) / 1e6
    if (debt === 0) return 0
    const most = this.#debts[at * WORDS + 1] as number
    return debt > most ? EMPTY : debt / most
  }

  #groupOf(key: string): number {
    return (hashOf(key, this.#seed) & (this.#groups - 1)) * WAYS
  }

  #tagOf(key: string): number {
    return hashOf(key, this.#seed ^ 0x5bd1_e995) || 1
  }
}
