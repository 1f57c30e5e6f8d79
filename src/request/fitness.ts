/** What a stored object is good for to one request: as fresh as that wants it, in the language, and with the bytes. */
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject } from '../object/object.ts'
import { highestLanguage } from '../wire/accept.ts'
import { ifRangeHolds } from '../wire/conditional.ts'
import { requestedRange } from '../wire/range.ts'
import type { RequestTransaction } from './transaction.ts'

/** Under `req.ttl`, `req.grace`, and the request's own Cache-Control where it is honoured (RFC 9111 §5.2.1). */
export function judgeLimited(tx: RequestTransaction, object: CachedObject): Freshness {
  if (tx.refreshing) return 'stale'
  const { req, now } = tx
  const age = object.age(now)
  const left = object.left(now)
  if (req.ttl !== null && age > req.ttl) return 'stale'
  if (tx.policy.honoursClient) {
    const control = req.cacheControl
    if (control.noCache || control.noStore) return 'stale'
    if (control.maxAge !== null && age > control.maxAge && control.maxStale === null) return 'stale'
    if (control.minFresh !== null && left < control.minFresh) return 'stale'
    if (control.maxStale !== null && left <= 0 && !object.mustRevalidate && left + control.maxStale >= 0) return 'fresh'
  }
  const grace = req.grace === null ? object.grace : Math.min(object.grace, req.grace)
  return left > 0 ? 'fresh' : left + grace > 0 ? 'grace' : 'stale'
}

/** Whether an object that is another variant is in the language that the request likes best, where that is looked at. */
export function speaksLanguage(tx: RequestTransaction, object: CachedObject, names: readonly string[]): boolean {
  if (tx.engine.decisions.acceptLanguage !== 'setOrContentLanguage' || names.length !== 1 || names[0] !== 'accept-language') return false
  const wanted = highestLanguage(tx.req.headers.joinedLower('accept-language') ?? '')
  return wanted !== null && object.headers.joinedLower('content-language')?.toLowerCase() === wanted
}

/** Whether a part of a representation holds the range that is asked for. */
export function holdsRange(tx: RequestTransaction, part: CachedObject): boolean {
  const held = part.part
  const range = tx.range === null ? null : requestedRange(tx.range)
  if (held === null || range === null) return false
  // Under an If-Range that does not hold the whole is asked for, which the part is not.
  if (!ifRangeHolds(tx.req.headers, part.etag, part.lastModified, part.date)) return false
  if (range.first === null)
    return held.total !== null && range.last !== null && held.last === held.total - 1 && held.total - range.last >= held.first
  const last = range.last ?? (held.total === null ? Number.POSITIVE_INFINITY : held.total - 1)
  return range.first >= held.first && range.first <= held.last && Math.min(last, held.total === null ? last : held.total - 1) <= held.last
}
