/**
 * The tier behind memory is asked before the origin, by who has the claim: what it has is taken into memory, and everybody who waits looks it up
 * there. What there is no room for serves those who wait all the same.
 */
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { adopt, ask, isOvertaken, type RecalledObject } from '../object/adoption.ts'
import type { Claim } from '../object/claim.ts'
import type { FleetClaim, Recalled } from '../object/tier.ts'
import { foundRefusal, hitReason, missReason, waitedInVain } from './lookup.ts'
import { DONE, failureStep, hitStep, LOOKUP, missStep, type NextRequestStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

type RecallStep = Extract<RequestStep, { step: 'recall' }>

export function recall(tx: RequestTransaction, step: RecallStep): NextRequestStep {
  const { engine } = tx
  const { claim, stale, tier } = step
  tx.recalls++
  const asked = ask(engine, tier, {
    key: tx.key,
    credentialed: tx.credentialed,
    variant: (names) => tx.variant(names),
    until: tx.ignoreBusy ? tx.now : tx.received + engine.settings.deadlines.firstByte * 1000,
    after: stale === null ? null : stale.storedAt,
  })
  return asked.then((recalled) => {
    try {
      return after(tx, step, recalled)
    } catch (error) {
      giveBack(tx, claim, turnOf(recalled))
      throw error
    }
  })
}

function after(tx: RequestTransaction, step: RecallStep, recalled: Recalled): RequestStep {
  const { table } = tx.engine
  const { claim, stale, reason } = step
  tx.now = tx.engine.clock.now()
  if (tx.log !== null) tx.log.stamp('Recall')
  switch (recalled.type) {
    case 'object':
      return found(tx, claim, recalled)
    case 'refused': {
      const { marker, names, variant } = recalled
      if (isOvertaken(table, claim)) return lookAgain(tx, claim, null)
      table.refuse(claim, names, variant, marker, false)
      return unless(tx, null, null, () => foundRefusal(tx, marker))
    }
    case 'alone':
      table.release(claim, { type: 'alone' })
      return unless(tx, null, null, () => waitedInVain(tx))
    case 'nothing':
      // A purge came while it waited: what is fetched under this claim could not be stored.
      if (isOvertaken(table, claim)) return lookAgain(tx, claim, recalled.claim)
      return unless(tx, claim, recalled.claim, () => missStep(claim, stale, reason, recalled.claim))
    default:
      return recalled satisfies never
  }
}

function found(tx: RequestTransaction, claim: Claim, recalled: RecalledObject): RequestStep {
  const { table, counters } = tx.engine
  const { object, names, variant } = recalled
  const adopted = adopt(table, claim, recalled)
  if (adopted === 'overtaken') return lookAgain(tx, claim, recalled.claim)
  const freshness = tx.judge(object)
  if (freshness === 'stale') {
    counters.add(C.tier_stale)
    table.confirm(claim, object)
    return unless(tx, claim, recalled.claim, () => {
      tx.fromTier = object
      return missStep(claim, object, missReason(tx, object.ttl), recalled.claim)
    })
  }
  recalled.claim?.release('again')
  tx.fromTier = object
  if (adopted === 'kept') {
    table.release(claim, { type: 'again' })
    return tx.over ? DONE : LOOKUP
  }
  if (freshness === 'grace' && !tx.over) {
    table.confirm(claim, object)
    return hitStep(object, freshness, claim, 'GRACE')
  }
  table.release(claim, { type: 'object', object, names, variant })
  return tx.over ? DONE : hitStep(object, 'fresh', null, hitReason(tx))
}

/** An invalidation came meanwhile. */
function lookAgain(tx: RequestTransaction, claim: Claim, turn: FleetClaim | null): RequestStep {
  giveBack(tx, claim, turn)
  return tx.over ? DONE : LOOKUP
}

/** Goes on to the origin, unless nobody wants that any more: then whoever waits does, or another node. */
function unless(tx: RequestTransaction, claim: Claim | null, turn: FleetClaim | null, goesOn: () => RequestStep): RequestStep {
  if (!tx.over && !tx.onlyIfCached) return goesOn()
  giveBack(tx, claim, turn)
  return tx.over ? DONE : failureStep(new RequestFailure('only_if_cached'), 504, 'CLIENT_ONLY_IF_CACHED')
}

function giveBack({ engine }: RequestTransaction, claim: Claim | null, turn: FleetClaim | null): void {
  turn?.release('again')
  if (claim !== null) engine.table.release(claim, { type: 'again' })
}

function turnOf(recalled: Recalled): FleetClaim | null {
  return recalled.type === 'object' || recalled.type === 'nothing' ? recalled.claim : null
}
