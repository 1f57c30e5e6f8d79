/** The five numbers of an object's life (DECISIONS “Lifetimes”), and what follows from them at a moment. Computed once, at fetch time; a hit compares. */

export interface Lifetime {
  /** Monotonic milliseconds at which the answer was received. */
  readonly storedAt: number
  /** Seconds from `storedAt`; may be negative. */
  readonly ttl: number
  /** Seconds past ttl during which it is served at once while one fetch refreshes it. */
  readonly grace: number
  /** Seconds past ttl during which it is served when the fetch fails. */
  readonly staleIfError: number
  /** Whether `staleIfError` was asked for, by directive or policy, so that it also covers a well-formed 5xx (RFC 5861 §4). */
  readonly staleIfErrorExplicit: boolean
  /** Seconds past ttl during which it is kept for a conditional refetch. */
  readonly keep: number
  /** Seconds of age at `storedAt` (RFC 9111 §4.2.3). */
  readonly age: number
}

/** Seconds past `storedAt` for which the object is worth its memory. */
export function retention(life: Pick<Lifetime, 'ttl' | 'grace' | 'staleIfError' | 'keep'>, mode: 'max' | 'sum'): number {
  const past = mode === 'max' ? Math.max(life.grace, life.staleIfError, life.keep) : life.grace + life.keep
  return Math.max(0, life.ttl) + past
}

/** What an object is good for now. */
export type Freshness = 'fresh' | 'grace' | 'stale'

/** Longest life that is kept: RFC 9111 §1.2.2 caps delta-seconds at 2^31. */
const LONGEST = 2 ** 31

/** Seconds, never NaN, never beyond 2^31. */
export function bounded(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, -LONGEST), LONGEST)
}
