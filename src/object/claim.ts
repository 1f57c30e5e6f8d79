/**
 * A claim: the right and the duty to fetch, held per variant and class. It is released exactly once, with a named outcome
 * that tells those who wait whether they have an object, go on alone, or try again.
 */
import type { CachedObject } from './object.ts'

/**
 * Milliseconds for which those who come after an invalidation wait for the fetch that it overtook, so that a storm of purges costs the
 * origin one fetch at a time. Most origins answer within it; one that hangs holds nobody up for longer.
 */
export const OVERTAKEN_WAIT = 1000

/** What the claim fetches; claims of different kinds never wait for each other. */
export type ClaimKind =
  /** The whole representation, by GET. */
  | 'whole'
  /** One Range, forwarded unchanged. */
  | 'range'

export type ClaimOutcome =
  /** The object is readable and may serve every waiter whose variant it is, even when its ttl is 0. */
  | { readonly type: 'object'; readonly object: CachedObject; readonly names: readonly string[]; readonly variant: string }
  /** The answer cannot be shared: every waiter goes on by itself, in parallel. */
  | { readonly type: 'alone' }
  /**
   * The fetch failed. After a first failure one waiter takes over and the others wait for it; after a second they get the failure, with the
   * page that a policy made for it where that is nobody's own.
   */
  | { readonly type: 'failed'; readonly cause: Error; readonly page: CachedObject | null }
  /** Look up again: the claim was given up without a result, or an invalidation overtook it. */
  | { readonly type: 'again' }

export interface Waiter {
  /** Told once. */
  released(outcome: ClaimOutcome): void
}

export interface Claim {
  readonly key: string
  readonly kind: ClaimKind
  /** The Range that is forwarded, for `range` claims. */
  readonly range: string | null
  readonly credentialed: boolean
  /** Of the invalidation log when the claim was made. */
  readonly position: number
  /** The stale object to be confirmed, or served should the fetch fail. */
  readonly stale: CachedObject | null
  /** The stored part that the fetch is to complete. */
  readonly part: CachedObject | null
  /** How many fetches in a row failed before this one, for the same waiters. */
  readonly attempt: number
  /** An invalidation overtook it: nothing is stored, and who comes waits only to look up again. */
  readonly detached: boolean
  /** When that was, monotonic milliseconds; `null` as long as it was not. */
  readonly overtakenAt: number | null
  readonly released: boolean
  readonly waiters: number
}
