/**
 * What is served while the fleet's log is not heard of: nobody knows whether other nodes have purged it. It is served at once all the same, and
 * confirmed by a refresh in the background, at a pace that an origin does not notice.
 */
import type { Claim } from '../object/claim.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject } from '../object/object.ts'
import { judgeLimited } from './fitness.ts'
import type { RequestTransaction } from './transaction.ts'

/** Refreshes of this kind that a thread may begin in a second. */
export const CONFIRMED_EACH_SECOND = 10

/** How many refreshes may begin now. */
export class Confirmations {
  #left = CONFIRMED_EACH_SECOND
  #filled = 0

  /** Whether one may. `now`: monotonic milliseconds, here and below. */
  free(now: number): boolean {
    const come = ((now - this.#filled) / 1000) * CONFIRMED_EACH_SECOND
    this.#left = Math.min(CONFIRMED_EACH_SECOND, this.#left + come)
    this.#filled = now
    return this.#left >= 1
  }

  /** One begins. */
  take(): void {
    this.#left--
  }
}

/** Once vouching has ended. `freshness`: by its own life and the request's limits. Beyond the pace it is as fresh as it would be. */
export function judgeUnvouched(tx: RequestTransaction, object: CachedObject, freshness: Freshness): Freshness {
  if (freshness !== 'fresh' || !isUnvouched(tx, object)) return freshness
  return tx.engine.confirmations.free(tx.now) ? 'grace' : 'fresh'
}

/** Whether what is served as if in grace is so only because nobody vouches for it. With a claim it is going to be confirmed. */
export function confirms(tx: RequestTransaction, object: CachedObject, claim: Claim | null): boolean {
  if (!isUnvouched(tx, object)) return false
  const freshness = tx.limited ? judgeLimited(tx, object) : object.freshness(tx.now)
  if (freshness !== 'fresh') return false
  if (claim !== null) tx.engine.confirmations.take()
  return true
}

function isUnvouched({ now, engine }: RequestTransaction, object: CachedObject): boolean {
  const { from, limit } = engine.vouching
  // A part and what arrives cannot be refreshed in the background.
  return now >= from && now - object.storedAt > limit && object.part === null && object.complete
}
