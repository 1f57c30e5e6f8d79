/** Asks the object table once: an object, a claim, a remembered refusal, or somebody else's fetch to wait for. */

import { credentialedByDefault } from '../../vcl-ts/builtin/client-steps.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { type Claim, type ClaimOutcome, OVERTAKEN_WAIT } from '../object/claim.ts'
import type { Marker } from '../object/marker.ts'
import type { CachedObject } from '../object/object.ts'
import type { Found } from '../object/table.ts'
import { OriginFailure } from '../origin/exchange.ts'
import { failureStatus } from '../policy/failure-status.ts'
import { errorAnswer } from './fetched.ts'
import { prepareSlices } from './sliced.ts'
import {
  deliverStep,
  failureStep,
  hitForMissStep,
  hitForPassStep,
  hitStep,
  LOOKUP,
  missStep,
  type RequestStep,
  recallStep,
  WAIT,
} from './step.ts'
import type { RequestTransaction } from './transaction.ts'
import { confirms } from './vouched.ts'

/** More often a request does not ask: what it was told has been purged or has gone each time. */
const MOST_RECALLS = 3

/** Longest Range that is worth a claim of its own. */
const LONGEST_RANGE = 256

export function lookup(tx: RequestTransaction): RequestStep {
  const { engine } = tx
  prepareLookup(tx)
  const found = engine.table.find(tx)
  if (found.type === 'fetch' && found.claim !== null && engine.tier !== null && mayRecall(tx, found.claim)) {
    leaveBody(tx)
    return recallStep(engine.tier, found.claim, found.stale, whyMissed(tx, found))
  }
  if (tx.onlyIfCached && found.type !== 'object' && found.type !== 'away') {
    if (found.type === 'fetch' && found.claim !== null) engine.table.release(found.claim, { type: 'again' })
    return failureStep(new RequestFailure('only_if_cached'), 504, 'CLIENT_ONLY_IF_CACHED')
  }
  if (found.type !== 'object' && found.type !== 'away') leaveBody(tx)
  return after(tx, found)
}

/** Whether the tier behind memory is asked before the origin. */
function mayRecall(tx: RequestTransaction, claim: Claim): boolean {
  if (tx.recalls >= MOST_RECALLS || tx.alwaysMiss || tx.demanding) return false
  // What the tier has of a file that changed is what was found to be another's.
  return claim.kind === 'whole' && claim.part === null && !tx.foundChanged
}

/** What is fetched goes forward without it. */
function leaveBody(tx: RequestTransaction): void {
  if (tx.req.hasBody && !tx.asksWithBody) tx.body?.cancel(new RequestFailure('cancelled'))
}

function prepareLookup(tx: RequestTransaction): void {
  const { engine, req } = tx
  const { decisions } = engine
  const { headers } = req
  tx.controls = headers.hasLower('cache-control') || headers.hasLower('pragma')
  const honoured = tx.controls && tx.policy.honoursClient
  tx.refreshing = tx.controls && !honoured && req.cacheControl.noCache && tx.client.mayRefresh
  tx.credentialed = req.credentialed ?? credentialedByDefault(req, decisions)
  tx.limited = honoured || tx.refreshing || req.ttl !== null || req.grace !== null
  const control = honoured ? req.cacheControl : null
  tx.demanding =
    tx.refreshing || (control !== null && (control.noCache || control.noStore || control.maxAge !== null || control.minFresh !== null))
  tx.onlyIfCached = honoured && req.cacheControl.onlyIfCached
  tx.alwaysMiss = req.hashAlwaysMiss
  tx.ignoreBusy = req.hashIgnoreBusy
  tx.ignoreVary = req.hashIgnoreVary
  const range = req.method === 'GET' && decisions.rangeMiss === 'forward' ? (headers.joinedLower('range') ?? null) : null
  tx.range = range !== null && /^bytes=/i.test(range) && range.length <= LONGEST_RANGE ? range : null
  // A range under a condition is this request's own; so is a HEAD where it is forwarded as HEAD.
  tx.solitary = (req.method === 'HEAD' && decisions.headMiss === 'forward') || (tx.range !== null && headers.hasLower('if-range'))
  tx.completesParts = decisions.partCompletion
  tx.slicing = null
  if (req.slice !== null) prepareSlices(tx, req.slice)
}

/** The last answer could not be shared, so that no manifest would be stored: the request goes forward as it is. */
function goesAlone(tx: RequestTransaction): void {
  if (tx.slicing === null) return
  tx.unsliceable = true
  prepareLookup(tx)
}

function after(tx: RequestTransaction, found: Found): RequestStep {
  switch (found.type) {
    case 'object': {
      const reason: Reason =
        found.freshness === 'fresh' ? hitReason(tx) : found.freshness === 'grace' ? graceReason(tx, found) : 'STALE_IF_ERROR'
      return hitStep(found.object, found.freshness, found.claim, reason)
    }
    case 'fetch':
      return missStep(found.claim, found.stale, whyMissed(tx, found))
    case 'refused':
      return foundRefusal(tx, found.marker)
    case 'wait':
      return wait(tx, found.claim, found.stale)
    case 'away':
      return wait(tx, found.claim, null)
    default:
      return found satisfies never
  }
}

/** The last answer could not be shared. */
export function foundRefusal(tx: RequestTransaction, marker: Marker): RequestStep {
  goesAlone(tx)
  if (marker.type === 'hitForPass') return hitForPassStep(marker)
  return hitForMissStep(marker)
}

/** A fetch that was waited for brought nothing that may be shared. */
export function waitedInVain(tx: RequestTransaction): RequestStep {
  goesAlone(tx)
  return hitForMissStep(null)
}

/** Of something fresh. */
export function hitReason(tx: RequestTransaction): Reason {
  return asksInVain(tx) ? 'CLIENT_IGNORED' : 'HIT'
}

function graceReason(tx: RequestTransaction, { object, claim }: Extract<Found, { type: 'object' }>): Reason {
  return tx.now >= tx.engine.vouching.from && confirms(tx, object, claim) ? 'UNVOUCHED' : 'GRACE'
}

function whyMissed(tx: RequestTransaction, { why, stale }: Extract<Found, { type: 'fetch' }>): Reason {
  return why === 'EXPIRED' && stale !== null ? missReason(tx, stale.ttl) : why
}

/** The request said no-cache or the like, and this preset does not listen: its answer says so. */
function asksInVain(tx: RequestTransaction): boolean {
  const { req } = tx
  if (tx.policy.honoursClient || !tx.controls) return false
  const control = req.cacheControl
  return control.noCache || control.noStore || control.maxAge !== null || control.minFresh !== null || control.onlyIfCached
}

/** Of something stale. */
export function missReason(tx: RequestTransaction, ttl: number): Reason {
  if (tx.demanding) return 'CLIENT_NO_CACHE'
  return ttl <= 0 ? 'NO_CACHE' : 'EXPIRED'
}

function wait(tx: RequestTransaction, claim: Claim, stale: CachedObject | null): RequestStep {
  const { engine } = tx
  tx.stale = stale
  if (claim.waiters >= engine.settings.limits.waiters) return giveUp(tx, new RequestFailure('wait_limit'), 'WAIT_LIMIT')
  engine.counters.add(C.busy_sleep)
  tx.waitingFor = claim
  tx.leaveQueue = engine.table.wait(claim, tx)
  const now = engine.clock.now()
  const left = engine.settings.deadlines.firstByte * 1000 - (now - tx.received)
  const { overtakenAt } = claim
  const patience = overtakenAt === null ? left : overtakenAt + OVERTAKEN_WAIT - now
  tx.waitTimer = engine.clock.after(Math.min(left, patience), () => {
    tx.stopWaiting()
    if (patience < left) {
      tx.waitingFor = null
      tx.now = engine.clock.now()
      tx.resume(LOOKUP)
      return
    }
    engine.counters.add(C.busy_killed)
    tx.resume(giveUp(tx, new RequestFailure('wait_timeout'), 'WAIT_TIMEOUT'))
  })
  return WAIT
}

/** What a waiter does when the fetch it waited for has ended. */
export function released(tx: RequestTransaction, outcome: ClaimOutcome): RequestStep {
  const claim = tx.waitingFor
  tx.waitingFor = null
  tx.now = tx.engine.clock.now()
  switch (outcome.type) {
    case 'object': {
      const { object, names, variant } = outcome
      if (tx.demanding || (tx.variant(names) !== variant && !tx.alsoMatches(object, names))) return LOOKUP
      if (object.part !== null && !tx.covers(object)) return LOOKUP
      object.hits++
      return hitStep(object, 'fresh', null, 'COLLAPSED')
    }
    case 'alone':
      return waitedInVain(tx)
    case 'failed':
      if (claim === null || (claim.attempt === 0 && !inVain(outcome.cause))) {
        tx.attempt = 1
        return LOOKUP
      }
      return giveUp(tx, named(outcome.cause), 'ERROR', outcome.page)
    case 'again':
      return LOOKUP
    default:
      return outcome satisfies never
  }
}

/** Whether the fetch used its time up: whoever tried it again would wait as long as that once more. */
function inVain(cause: Error): boolean {
  return cause instanceof OriginFailure && (cause.code === 'first_byte_timeout' || cause.code === 'between_bytes_timeout')
}

/** Nothing came of waiting: the stale object if that is allowed, else the failure, by the page that its policy made where there is one. */
function giveUp(
  tx: RequestTransaction,
  failure: RequestFailure | OriginFailure,
  why: Reason,
  page: CachedObject | null = null,
): RequestStep {
  const { stale } = tx
  if (stale?.servableOnError(tx.engine.clock.now(), false) === true) return hitStep(stale, 'stale', null, 'STALE_IF_ERROR')
  if (page !== null) return deliverStep(errorAnswer(tx, failure, page))
  return failureStep(failure, failureStatus(failure.code, tx.engine.decisions), why)
}

function named(cause: Error): RequestFailure | OriginFailure {
  return cause instanceof RequestFailure || cause instanceof OriginFailure ? cause : new RequestFailure('origin_error', cause.message)
}
