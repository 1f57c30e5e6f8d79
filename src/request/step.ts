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

export type RequestStep =
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
      readonly marker?: Marker
      /** Nobody else in the fleet fetches it meanwhile. */
      readonly fleet?: FleetClaim | null
      readonly reason: Reason
    }
  | { readonly step: 'pass'; readonly refusal: 'hitForPass' | null; readonly marker?: Marker; readonly reason: Reason }
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

export const WAIT: RequestStep = { step: 'wait' }
export const DONE: RequestStep = { step: 'done' }
export const LOOKUP: RequestStep = { step: 'lookup' }
export const RECV: RequestStep = { step: 'recv' }
export const RESTART: RequestStep = { step: 'restart' }

/** An answer made here because something went wrong. */
export function failureStep(failure: RequestFailure | OriginFailure, status: number, why: Reason): RequestStep {
  return { step: 'synth', synth: { status, reason: null, body: null, close: false, why, failure } }
}
