/** The steps of a fetch, each with the data it needs. Every step is a file. */
import type { Body } from '../body/body.ts'
import type { RequestFailure } from '../errors.ts'
import type { OriginFailure, OriginResponse } from '../origin/exchange.ts'
import type { BackendResponse } from '../policy/backend-response.ts'

export type FetchStep =
  /** Asks the tier behind memory first. */
  | { readonly step: 'recall' }
  | { readonly step: 'prepare' }
  | { readonly step: 'send' }
  | { readonly step: 'refresh'; readonly response: OriginResponse }
  | { readonly step: 'respond'; readonly response: OriginResponse; readonly body: Body | null; readonly merged: Merged | null }
  | {
      readonly step: 'receive'
      readonly response: OriginResponse
      readonly body: Body | null
      readonly beresp: BackendResponse
      readonly merged: Merged | null
      readonly hitForPass: number | null
    }
  | {
      readonly step: 'fail'
      readonly failure: RequestFailure | OriginFailure
      readonly status: number | null
      readonly reason: string | null
    }
  /** Waits for the origin. */
  | { readonly step: 'wait' }
  | { readonly step: 'done' }

/** The stale object's head as the 304 freshened it. */
export interface Merged {
  readonly headers: import('../../vcl-ts/headers.ts').HeaderMap
}

/** Steps are synchronous unless a hook is not. */
export type NextFetchStep = FetchStep | Promise<FetchStep>

export const WAIT: FetchStep = { step: 'wait' }
export const PREPARE: FetchStep = { step: 'prepare' }
export const RECALL: FetchStep = { step: 'recall' }
export const DONE: FetchStep = { step: 'done' }

export function failWith(failure: RequestFailure | OriginFailure): FetchStep {
  return { step: 'fail', failure, status: null, reason: null }
}
