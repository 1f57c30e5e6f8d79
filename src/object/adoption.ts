/** Asks the tier behind memory under a claim, and takes what it had into memory. One way for requests, refreshes and slices. */
import { C, type Counters } from '../counters.ts'
import type { EventLog } from '../log.ts'
import type { Claim } from './claim.ts'
import type { ObjectTable } from './table.ts'
import type { Recalled, Tier, Wanted } from './tier.ts'

export interface AskDeps {
  readonly counters: Counters
  readonly log: EventLog
}

export type RecalledObject = Extract<Recalled, { type: 'object' }>

/**
 * What became of it here. `kept`: it is in its place. `unkept`: there is no room for it, though it may serve who asked. `overtaken`: an
 * invalidation came meanwhile, and it is of no use.
 */
export type Adopted = 'kept' | 'unkept' | 'overtaken'

const NOTHING: Recalled = { type: 'nothing', claim: null }

const COUNTED: Readonly<Record<Recalled['type'], number>> = {
  object: C.tier_hit,
  nothing: C.tier_miss,
  refused: C.tier_refused,
  alone: C.tier_alone,
}

/** Never rejects: a tier that fails has nothing. */
export async function ask({ counters, log }: AskDeps, tier: Tier, wanted: Wanted): Promise<Recalled> {
  let recalled = NOTHING
  try {
    recalled = await tier.recall(wanted)
  } catch (error) {
    log.error({ err: error }, 'the tier behind memory failed')
  }
  counters.add(COUNTED[recalled.type])
  return recalled
}

/** The claim under which it was asked for goes on; whoever called ends it. */
export function adopt(table: ObjectTable, claim: Claim, { object, names, variant }: RecalledObject): Adopted {
  if (isOvertaken(table, claim)) return 'overtaken'
  table.publish(null, object, names, variant, true)
  if (table.complete(object)) return 'kept'
  return table.outdated(object, object.position) === 'hard' ? 'overtaken' : 'unkept'
}

/** Whether anything was purged since the claim was made that it is for. */
export function isOvertaken(table: ObjectTable, claim: Claim): boolean {
  // What other threads know is heard of by this.
  return table.overtaken(claim.key, claim.position) !== 'valid' || claim.detached
}
