/** Preconditions of a GET or HEAD that this cache evaluates against what it stores (RFC 9110 §13, RFC 9111 §4.3.2). */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { listMatches, strongMatch } from './entity-tag.ts'
import { parseHttpDate } from './http-date.ts'

export interface ConditionalInput {
  /** The request's. */
  readonly headers: HeaderMap
  /** The stored ETag as it stands, or `null`. */
  readonly etag: string | null
  /** Stored Last-Modified in ms since the epoch, or `null`. */
  readonly lastModified: number | null
  /** What If-Modified-Since is compared with when there is no Last-Modified: the stored Date, in ms. */
  readonly date: number
  readonly hasRange: boolean
  /** Whether If-None-Match is compared strongly when Range is present, as Varnish does. */
  readonly strongWithRange: boolean
}

/** For stored 200 answers. If-None-Match decides alone when present (RFC 9110 §13.2.2); an unreadable date is ignored. */
export function evaluateConditional(input: ConditionalInput): 'deliver' | 'notModified' {
  const { headers } = input
  if (headers.hasLower('if-none-match')) {
    const strong = input.hasRange && input.strongWithRange
    return listMatches(headers.joinedLower('if-none-match') ?? '', input.etag ?? '', strong) ? 'notModified' : 'deliver'
  }
  if (!headers.hasLower('if-modified-since')) return 'deliver'
  const since = parseHttpDate(headers.joinedLower('if-modified-since') ?? '', input.date)
  if (since === null) return 'deliver'
  return (input.lastModified ?? input.date) <= since ? 'notModified' : 'deliver'
}

/** If-Match and If-Unmodified-Since are the origin's to judge: a cache cannot know its current state (RFC 9111 §4.3.2). */
export function hasOriginPrecondition(headers: HeaderMap): boolean {
  return headers.hasLower('if-match') || headers.hasLower('if-unmodified-since')
}

/**
 * Whether Range counts (RFC 9110 §13.1.5): no If-Range, or a strong match. A date is strong only when it is exactly the stored
 * Last-Modified and at least one second older than the stored Date (§8.8.2.2). Times in ms.
 */
export function ifRangeHolds(headers: HeaderMap, etag: string | null, lastModified: number | null, date: number): boolean {
  const value = headers.joinedLower('if-range')
  if (value === undefined) return true
  if (value.includes('"')) return etag !== null && strongMatch(value, etag)
  if (lastModified === null || lastModified > date - 1000) return false
  return parseHttpDate(value, date) === lastModified
}
