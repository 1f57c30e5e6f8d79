/** The Cache-Status field (RFC 9211), as one member for this cache. */
import type { Reason } from '../../vcl-ts/reason.ts'

export interface CacheStatusFacts {
  readonly hit: boolean
  /** Why the request went forward (RFC 9211 §2.2). */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial' | 'miss' | null
  /** Status of the origin's answer, when it differs from the one sent. */
  readonly fwdStatus?: number | null
  readonly stored?: boolean
  readonly collapsed?: boolean
  /** Seconds of freshness left, negative when stale. */
  readonly ttl?: number | null
  readonly detail: Reason
  /** Which tier behind memory had it (an extension of ours); absent: it was in memory, or had to be fetched. */
  readonly tier?: string | null
}

/** `name` must be a Structured Fields token. */
export function cacheStatus(name: string, facts: CacheStatusFacts): string {
  let value = facts.hit ? `${name}; hit` : name
  if (facts.fwd != null && !facts.hit) value += `; fwd=${facts.fwd}`
  if (facts.fwdStatus != null) value += `; fwd-status=${facts.fwdStatus}`
  if (facts.stored === true) value += '; stored'
  if (facts.collapsed === true) value += '; collapsed'
  if (facts.ttl != null && Number.isFinite(facts.ttl)) value += `; ttl=${Math.floor(facts.ttl)}`
  value += `; detail=${facts.detail}`
  return facts.tier == null ? value : `${value}; tier=${facts.tier}`
}
