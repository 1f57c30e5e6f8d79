/**
 * A tier behind memory that nodes share. It is asked under a claim only, so that a stampede never reaches it. It knows keys, variants and bytes;
 * what it answers has been tested against everything that was invalidated in the fleet, up to now. `storage/` implements it.
 */
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'

/** Whose turn it is in the whole fleet to fetch something. Ends exactly once, by `kept`, `refused` or `release`. */
export interface FleetClaim {
  /** Nothing came of the fetch, or nothing that others may have: who waits asks again, or goes on alone. Harmless when it has ended. */
  release(outcome: 'again' | 'alone'): void
}

/** What is looked for. */
export interface Wanted {
  readonly key: string
  readonly credentialed: boolean
  /** The variant that the request selects under a list of Vary names (lower case, sorted). */
  variant(names: readonly string[]): string
  /** Milliseconds (monotonic) until which somebody else's fetch may be waited for. */
  readonly until: number
  /** Only what is fresh and was fetched later than this moment (monotonic) is of use; `null`: anything. */
  readonly after: number | null
}

export type Recalled =
  /**
   * Whole, and valid up to the position of the invalidation log of this thread that it carries; it may be stale. `claim`: it is neither fresh
   * nor in grace, so that the origin is asked all the same, and nobody else in the fleet does so meanwhile; else `null`.
   */
  | {
      readonly type: 'object'
      readonly object: CachedObject
      readonly names: readonly string[]
      readonly variant: string
      readonly claim: FleetClaim | null
    }
  /** The last answer could not be shared. */
  | { readonly type: 'refused'; readonly marker: Marker; readonly names: readonly string[]; readonly variant: string }
  /** The origin has to be asked. `claim`: and nobody else in the fleet does so meanwhile; `null`: that is not known. */
  | { readonly type: 'nothing'; readonly claim: FleetClaim | null }
  /** Another node's fetch brought nothing that may be shared: go on alone. */
  | { readonly type: 'alone' }

/** An answer that was stored in memory, on its way into the tier. */
export interface Keeping {
  readonly object: CachedObject
  readonly names: readonly string[]
  readonly variant: string
  /** `Tier.position` when its fetch began. */
  readonly since: number
  /** Ended by this. */
  readonly claim: FleetClaim | null
}

export interface Refusing {
  readonly marker: Marker
  readonly names: readonly string[]
  readonly variant: string
  readonly since: number
  readonly claim: FleetClaim | null
}

export interface Tier {
  /** Position of the fleet's log up to which this thread knows it: what a fetch that begins now has seen. */
  readonly position: number
  /** Never rejects: whatever goes wrong, the origin is asked. */
  recall(wanted: Wanted): Promise<Recalled>
  /** Writes in the background what may lie there: whole, not larger than allowed, nobody's own, not overtaken by an invalidation. */
  keep(keeping: Keeping): void
  refuse(refusing: Refusing): void
  /** A key was purged, hard: nothing of it stays. */
  forget(key: string): void
  stop(): void
}

/**
 * Whether what is stored can be vouched for: it cannot once the log has not been heard of for longer than the limit. Read on every hit:
 * one comparison of numbers.
 */
export interface Vouching {
  /** Monotonic milliseconds from which on what is stored has to be confirmed; infinite while the log is heard of. */
  from: number
  /** Milliseconds for which an object is vouched for without the log. */
  limit: number
}
