/** What the tier needs of the fleet's log, in positions of that log; never mixed with those of this thread's own. `invalidation/` implements it. */
import type { CachedObject } from './object.ts'
import type { Verdict } from './table.ts'

/** `unknown`: nobody can tell any more, so that it is of no use. */
export type FleetVerdict = Verdict | 'unknown'

export interface FleetVerdicts {
  /** Up to where this thread knows the log. */
  readonly position: number
  /**
   * What became of an object whose fetch began at `since`: by every newer entry, bans included, and by entries of this node that are not in the
   * log yet. Changes nothing.
   */
  verdict(object: CachedObject, names: readonly string[], variant: string, since: number): FleetVerdict
  /** The same of a refusal under `key`. */
  refusal(key: string, since: number): FleetVerdict
}
