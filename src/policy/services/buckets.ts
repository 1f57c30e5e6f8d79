/**
 * Token buckets in memory that threads share, a bounded number of them. A bucket is the moment at which it will be full again (the generic cell
 * rate algorithm), so that taking a token is one compare-and-swap, and a bucket that is full is one that need not be there.
 *
 * A key has its place in one group of eight buckets. When all of its group are in use, that is forgotten of which least is used up; a bucket that
 * is empty never is. The last bucket of a group is for what then finds no place, and counts all of it together.
 */
import { randomInt } from 'node:crypto'
import { hashOf } from '../../object/shared/hash.ts'

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
  /** Nobody outside can choose keys that fall together. */
  readonly seed: number
  readonly buckets: SharedArrayBuffer
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
  return { seed: randomInt(-(2 ** 31), 2 ** 31 - 1), buckets: bucketBuffer(groups) }
}

export class Buckets {
  readonly #tags: Int32Array
  readonly #debts: Float32Array
  readonly #times: BigInt64Array
  readonly #groups: number
  readonly #seed: number

  constructor({ buckets, seed }: BucketMemory) {
    this.#tags = new Int32Array(buckets)
    this.#debts = new Float32Array(buckets)
    this.#times = new BigInt64Array(buckets)
    this.#groups = buckets.byteLength / BYTES / WAYS
    this.#seed = seed
  }

  /** Takes a token; `false`: there is none, or the key is blocked. `now` in nanoseconds, of the same clock in all threads. */
  take(key: string, rule: BucketRule, now: bigint): boolean {
    const at = this.#found(key) ?? this.#placed(key, rule, now)
    const times = this.#times
    for (;;) {
      if (Atomics.load(times, at * TIMES + 2) > now) return false
      const full = Atomics.load(times, at * TIMES + 1)
      const next = (full > now ? full : now) + rule.step
      if (next - now > rule.period) {
        if (rule.block > 0n) Atomics.store(times, at * TIMES + 2, now + rule.block)
        return false
      }
      if (Atomics.compareExchange(times, at * TIMES + 1, full, next) === full) return true
    }
  }

  remaining(key: string, rule: BucketRule, now: bigint): number {
    const at = this.#found(key)
    if (at === null) return rule.limit
    if (Atomics.load(this.#times, at * TIMES + 2) > now) return 0
    const left = (rule.period - this.#debt(at, now)) / rule.step
    return left <= 0n ? 0 : Math.min(rule.limit, Number(left))
  }

  /** Nanoseconds until the key's block ends. */
  blocked(key: string, now: bigint): bigint {
    const at = this.#found(key)
    const until = at === null ? 0n : Atomics.load(this.#times, at * TIMES + 2)
    return until > now ? until - now : 0n
  }

  /** Nanoseconds until a token can be taken. */
  wait(key: string, rule: BucketRule, now: bigint): bigint {
    const at = this.#found(key) ?? this.#overflow(key, now)
    if (at === null) return 0n
    const until = Atomics.load(this.#times, at * TIMES + 2)
    const blocked = until > now ? until - now : 0n
    const empty = this.#debt(at, now) + rule.step - rule.period
    return empty > blocked ? empty : blocked
  }

  giveBack(key: string, rule: BucketRule, now: bigint): void {
    const at = this.#found(key)
    if (at === null) return
    for (;;) {
      const full = Atomics.load(this.#times, at * TIMES + 1)
      if (full <= now || Atomics.compareExchange(this.#times, at * TIMES + 1, full, full - rule.step) === full) return
    }
  }

  remove(key: string): void {
    const at = this.#found(key)
    if (at === null) return
    Atomics.store(this.#times, at * TIMES + 1, 0n)
    Atomics.store(this.#times, at * TIMES + 2, 0n)
  }

  #debt(at: number, now: bigint): bigint {
    const full = Atomics.load(this.#times, at * TIMES + 1)
    return full > now ? full - now : 0n
  }

  #found(key: string): number | null {
    const group = this.#groupOf(key)
    const tag = this.#tagOf(key)
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
  #placed(key: string, { period, step }: BucketRule, now: bigint): number {
    const group = this.#groupOf(key)
    const tag = this.#tagOf(key)
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
        this.#debts[victim * WORDS + 1] = Number(period - step) / 1e6
        return victim
      }
      const found = this.#found(key)
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
