/** What lies under the key, in words that say nothing of how it is kept. */
import type { CachedObject } from '../../object/object.ts'
import type { Peek, PeekedVariant } from '../../object/peek.ts'
import type { StoredSummary, StoredUnderKey } from '../explanation.ts'
import { rounded } from './freshness.ts'
import { variantParts } from './variants.ts'

export interface StoredInit {
  readonly peek: Peek
  readonly now: number
  /** Whether it is the one that the request selects, or would be served. */
  readonly selects: (variant: PeekedVariant) => boolean
  /** Whether the request would wait for a fetch of that class and range. */
  readonly joins: (fetch: Peek['claims'][number]) => boolean
}

export function storedUnderKey({ peek, now, selects, joins }: StoredInit): StoredUnderKey {
  const summary = (object: CachedObject | null): StoredSummary | null => (object === null ? null : summaryOf(object, now))
  return {
    variants: peek.variants.map((each) => ({
      ...variantParts(each.names, each.variant),
      selected: selects(each),
      object: summary(each.whole),
      part: summary(each.part),
      arriving: summary(each.filling),
      markers: each.markers
        .filter(({ expiresAt }) => now < expiresAt)
        .map(({ type, credentialed, expiresAt }) => ({
          type,
          class: credentialed ? 'credentialed' : 'anonymous',
          left: rounded((expiresAt - now) / 1000),
        })),
    })),
    fetches: peek.claims.map((claim) => ({
      class: claim.credentialed ? 'credentialed' : 'anonymous',
      range: claim.range,
      waiters: claim.waiters,
      joined: claim.overtakenAt === null && joins(claim),
    })),
  }
}

function summaryOf(object: CachedObject, now: number): StoredSummary {
  const { id, status, bytes, ttl, grace, staleIfError, keep, hits, tags, validator, body, coding } = object
  return {
    id,
    status,
    length: body.length,
    bytes,
    state: object.freshness(now),
    age: rounded(object.age(now)),
    ttl: rounded(ttl),
    left: rounded(object.left(now)),
    grace,
    staleIfError,
    keep,
    hits,
    tags,
    validator,
    coding: coding === null ? null : coding.coding,
  }
}
