/** Carries out `rateLimit`: its buckets are those of the whole server. */
import type { CheckedRate, RateLimitWork } from '../../../vcl-ts/services/rate-limit.ts'
import type { Clock } from '../../clock.ts'
import { type BucketRule, type Buckets, bucketRule } from './buckets.ts'

interface Known {
  readonly rate: CheckedRate
  readonly rule: BucketRule
  /** What the names of its buckets begin with. */
  readonly prefix: string
}

export class RateLimiting implements RateLimitWork {
  readonly #name: string
  readonly #buckets: Buckets
  readonly #clock: Clock
  /** The rule of the last call. */
  #known: Known | null = null

  constructor(name: string, buckets: Buckets, clock: Clock) {
    this.#name = name
    this.#buckets = buckets
    this.#clock = clock
    buckets.fleet?.declare()
  }

  take(key: string, rate: CheckedRate): boolean {
    const { prefix, rule } = this.#of(rate)
    return this.#buckets.take(prefix + key, rule, this.#now())
  }

  remaining(key: string, rate: CheckedRate): number {
    const { prefix, rule } = this.#of(rate)
    return this.#buckets.remaining(prefix + key, rule, this.#now())
  }

  blocked(key: string, rate: CheckedRate): number {
    return Number(this.#buckets.blocked(this.#of(rate).prefix + key, this.#now())) / 1e9
  }

  retryAfter(key: string, rate: CheckedRate): number {
    const { prefix, rule } = this.#of(rate)
    return Number(this.#buckets.wait(prefix + key, rule, this.#now())) / 1e9
  }

  giveBack(key: string, rate: CheckedRate): void {
    const { prefix, rule } = this.#of(rate)
    this.#buckets.giveBack(prefix + key, rule, this.#now())
  }

  remove(key: string, rate: CheckedRate): void {
    this.#buckets.remove(this.#of(rate).prefix + key)
  }

  #now(): bigint {
    return BigInt(Math.round(this.#clock.now() * 1e6))
  }

  #of(rate: CheckedRate): Known {
    if (this.#known?.rate === rate) return this.#known
    const { limit, period, block } = rate
    this.#known = { rate, rule: bucketRule(limit, period, block), prefix: `${this.#name}\n${limit}/${period}\n` }
    return this.#known
  }
}
