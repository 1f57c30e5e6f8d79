/** What `deliver` gets, whichever way it came: a head, a body, and the story of how. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { Body } from '../body/body.ts'
import type { RequestFailure } from '../errors.ts'
import type { CachedObject } from '../object/object.ts'
import type { OriginFailure } from '../origin/exchange.ts'

export type Outcome = 'HIT' | 'MISS' | 'PASS' | 'STALE' | 'SYNTH' | 'PIPE' | 'ERROR'

/** Why the request went forward (RFC 9211 §2.2). */
export type Forward = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial' | 'miss'

export interface Answer {
  status: number
  reason: string
  /** `null`: the object's own head as it is kept. */
  headers: HeaderMap | null
  readonly object: CachedObject | null
  body: Body | null
  contentLength: number | null
  readonly outcome: Outcome
  readonly why: Reason
  readonly forward: Forward | null
  readonly forwardStatus: number | null
  readonly stored: boolean
  readonly collapsed: boolean
  /** Whether this cache's own Age belongs on it: it was not fetched for this request. */
  readonly aged: boolean
  /** Whether conditions and ranges of the request are this cache's to judge. */
  readonly judged: boolean
  /** The bytes of the body are made for this answer out of the object's: its ranges are not known until they are made. */
  transformed: false | 'decoded' | 'filtered'
  /** The body is a page with what it includes, which no validator, range or digest of the page tells. */
  assembled: boolean
  /** The head is one of an origin, untouched: it has a Date. */
  readonly dated: boolean
  readonly close: boolean
  readonly failure: RequestFailure | OriginFailure | null
  /** For the log: what became of it. */
  readonly story: string
}
