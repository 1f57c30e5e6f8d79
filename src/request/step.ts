/** The steps of a client transaction, each with the data it needs. Every step is a file. */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { RequestFailure } from '../errors.ts'
import type { Claim } from '../object/claim.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { Marker } from '../object/marker.ts'
import type { CachedObject } from '../object/object.ts'
import type { FleetClaim, Tier } from '../object/tier.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import type { Answer } from './answer.ts'

/** Made by the functions below, and by nothing else. */
export type RequestStep = Step & Made

/** Is never there: without it a literal would be taken for a step. */
interface Made {
  readonly [MADE]: true
}
declare const MADE: unique symbol

type Step =
  | { readonly step: 'recv' }
  | { readonly step: 'key'; readonly way: 'lookup' | 'pass' | 'pipe'; readonly reason: Reason }
  | { readonly step: 'key'; readonly way: 'purge'; readonly soft: boolean; readonly subject: PurgeSubject | null }
  | { readonly step: 'key'; readonly way: 'synth'; readonly synth: Synthetic }
  | { readonly step: 'lookup' }
  /** Asks the tier behind memory before the origin is. */
  | {
      readonly step: 'recall'
      readonly tier: Tier
      readonly claim: Claim
      readonly stale: CachedObject | null
      readonly reason: Reason
    }
  | {
      readonly step: 'hit'
      readonly object: CachedObject
      readonly freshness: Freshness
      readonly claim: Claim | null
      readonly reason: Reason
    }
  | {
      readonly step: 'miss'
      readonly claim: Claim | null
      readonly stale: CachedObject | null
      readonly refusal: 'hitForMiss' | null
      /** What was found of the refusal. */
      readonly marker: Marker | null
      /** Nobody else in the fleet fetches it meanwhile. */
      readonly fleet: FleetClaim | null
      readonly reason: Reason
    }
  | { readonly step: 'pass'; readonly refusal: 'hitForPass' | null; readonly marker: Marker | null; readonly reason: Reason }
  | { readonly step: 'pipe' }
  | { readonly step: 'purge'; readonly soft: boolean; readonly subject: PurgeSubject | null }
  | { readonly step: 'synth'; readonly synth: Synthetic }
  | { readonly step: 'restart' }
  | { readonly step: 'deliver'; readonly answer: Answer }
  | { readonly step: 'transmit'; readonly answer: Answer }
  /** Waits for a fetch, or for somebody else's. */
  | { readonly step: 'wait' }
  | { readonly step: 'done' }

export interface Synthetic {
  readonly status: number
  /** `null`: the status' own phrase. */
  readonly reason: string | null
  readonly body: string | Uint8Array | null
  readonly close: boolean
  readonly contentType?: string
  readonly headers?: HeaderPairs
  /** Seconds after which the client may try again. */
  readonly retryAfter?: number
  readonly why: Reason
  readonly failure: RequestFailure | OriginFailure | null
}

export type NextRequestStep = RequestStep | Promise<RequestStep>

/*
 * V8 compiles what is done with every step for at most four hidden classes: one for steps without data, one on the way to the key, one for what a
 * look-up leads to, one for answers. A fifth made each look at a step a call; `test/shapes` counts them.
 */

export const WAIT: RequestStep = bare('wait')
export const DONE: RequestStep = bare('done')
export const LOOKUP: RequestStep = bare('lookup')
export const RECV: RequestStep = bare('recv')
export const RESTART: RequestStep = bare('restart')
export const PIPE: RequestStep = bare('pipe')

function bare(step: 'recv' | 'lookup' | 'pipe' | 'restart' | 'wait' | 'done'): RequestStep {
  return { step } as RequestStep
}

function plan(
  step: 'key' | 'purge' | 'synth',
  way: 'lookup' | 'pass' | 'pipe' | 'purge' | 'synth' | null,
  reason: Reason | null,
  soft: boolean,
  subject: PurgeSubject | null,
  synth: Synthetic | null,
): RequestStep {
  return { step, way, reason, soft, subject, synth } as Step as RequestStep
}

export function keyFor(way: 'lookup' | 'pass' | 'pipe', reason: Reason): RequestStep {
  return plan('key', way, reason, false, null, null)
}

export function keyForPurge(soft: boolean, subject: PurgeSubject | null): RequestStep {
  return plan('key', 'purge', null, soft, subject, null)
}

export function keyForSynth(synth: Synthetic): RequestStep {
  return plan('key', 'synth', null, false, null, synth)
}

export function purgeStep(soft: boolean, subject: PurgeSubject | null): RequestStep {
  return plan('purge', null, null, soft, subject, null)
}

export function synthStep(synth: Synthetic): RequestStep {
  return plan('synth', null, null, false, null, synth)
}

function led(
  step: 'recall' | 'hit' | 'miss' | 'pass',
  object: CachedObject | null,
  freshness: Freshness | null,
  claim: Claim | null,
  reason: Reason,
  stale: CachedObject | null,
  refusal: 'hitForMiss' | 'hitForPass' | null,
  marker: Marker | null,
  fleet: FleetClaim | null,
  tier: Tier | null,
): RequestStep {
  return { step, object, freshness, claim, reason, stale, refusal, marker, fleet, tier } as Step as RequestStep
}

export function recallStep(tier: Tier, claim: Claim, stale: CachedObject | null, reason: Reason): RequestStep {
  return led('recall', null, null, claim, reason, stale, null, null, null, tier)
}

export function hitStep(object: CachedObject, freshness: Freshness, claim: Claim | null, reason: Reason): RequestStep {
  return led('hit', object, freshness, claim, reason, null, null, null, null, null)
}

export function missStep(claim: Claim | null, stale: CachedObject | null, reason: Reason, fleet: FleetClaim | null = null): RequestStep {
  return led('miss', null, null, claim, reason, stale, null, null, fleet, null)
}

/** Without a claim, since the last answer could not be shared. */
export function hitForMissStep(marker: Marker | null): RequestStep {
  return led('miss', null, null, null, 'HIT_FOR_MISS', null, 'hitForMiss', marker, null, null)
}

export function passStep(reason: Reason): RequestStep {
  return led('pass', null, null, null, reason, null, null, null, null, null)
}

export function hitForPassStep(marker: Marker): RequestStep {
  return led('pass', null, null, null, 'HIT_FOR_PASS', null, 'hitForPass', marker, null, null)
}

function answering(step: 'deliver' | 'transmit', answer: Answer): RequestStep {
  return { step, answer } as RequestStep
}

export function deliverStep(answer: Answer): RequestStep {
  return answering('deliver', answer)
}

export function transmitStep(answer: Answer): RequestStep {
  return answering('transmit', answer)
}

/** An answer made here because something went wrong. */
export function failureStep(failure: RequestFailure | OriginFailure, status: number, why: Reason): RequestStep {
  return synthStep({ status, reason: null, body: null, close: false, why, failure })
}
