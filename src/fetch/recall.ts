/** Before the origin is asked for a refresh or a slice, the tier behind memory is: another node may have fetched it. */

import { adopt, ask, isOvertaken } from '../object/adoption.ts'
import type { Claim } from '../object/claim.ts'
import type { Recalled, Tier } from '../object/tier.ts'
import type { FetchInit } from './start.ts'
import { DONE, type FetchStep, type NextFetchStep, PREPARE } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

/** Whether a fetch begins so. A request has asked for what it is missing before it begins one. */
export function beginsByRecall(tier: Tier | null, { kind, claim, request }: FetchInit): boolean {
  if (tier === null || claim === null || claim.part !== null) return false
  return kind === 'refresh' || (request.slice !== null && request.slice.of !== null)
}

export function recall(fetch: FetchTransaction): NextFetchStep {
  const { deps, init } = fetch
  const { tier, clock, settings } = deps
  const { claim, request } = init
  if (tier === null || claim === null) return PREPARE
  const asked = ask(deps, tier, {
    key: request.key,
    credentialed: request.credentialed,
    variant: (names) => request.variant(names),
    until: clock.now() + settings.deadlines.firstByte * 1000,
    after: claim.stale === null ? null : claim.stale.storedAt,
  })
  return asked.then((recalled) => after(fetch, claim, tier, recalled))
}

function after(fetch: FetchTransaction, claim: Claim, tier: Tier, recalled: Recalled): FetchStep {
  // What the origin says from now on is newer than all that is known of by now.
  const turn = recalled.type === 'object' || recalled.type === 'nothing' ? recalled.claim : null
  fetch.owes(tier, turn)
  if (isInVain(fetch, claim)) return DONE
  return recalled.type === 'object' && takes(fetch, claim, recalled) ? DONE : PREPARE
}

/** A refresh that a purge overtook while it waited for its turn: what it would bring could not be stored, and nobody waits for it. */
function isInVain(fetch: FetchTransaction, claim: Claim): boolean {
  const { table } = fetch.deps
  if (fetch.observer !== null) return false
  // What is purged softly by a tag meanwhile would be refreshed into an object that is stale at once.
  const { stale } = claim
  if (!isOvertaken(table, claim) && (stale === null || table.outdated(stale, claim.position) === 'valid')) return false
  fetch.duty?.release('again')
  table.release(claim, { type: 'again' })
  return true
}

/** Whether another node's answer does as well as one of the origin's. */
function takes(fetch: FetchTransaction, claim: Claim, recalled: Extract<Recalled, { type: 'object' }>): boolean {
  const { deps, observer } = fetch
  const { table, clock } = deps
  const { object, names, variant } = recalled
  if (object.freshness(clock.now()) !== 'fresh') return false
  const adopted = adopt(table, claim, recalled)
  // A refresh whose object finds no room has nobody to give it to.
  if (adopted === 'overtaken' || (adopted === 'unkept' && observer === null)) return false
  fetch.observer = null
  if (fetch.duty !== null) fetch.duty.release('again')
  table.release(claim, adopted === 'kept' ? { type: 'again' } : { type: 'object', object, names, variant })
  observer?.recalled(object)
  return true
}
