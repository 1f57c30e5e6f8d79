/** What a request's conditions and ranges make of a stored answer, before anything is written. */
import type { CachedObject } from '../object/object.ts'
import { evaluateConditional, ifRangeHolds } from '../wire/conditional.ts'
import { parseRange, type RangeAnswer } from '../wire/range.ts'
import type { Answer } from './answer.ts'
import type { RequestTransaction } from './transaction.ts'

/** The first byte of the body that is going to be sent, of so many; `null`: none is. */
export function firstByte(tx: RequestTransaction, answer: Answer, object: CachedObject, length: number): number | null {
  const { headers, method } = tx.req
  if (method !== 'GET') return null
  if (!answer.judged) return 0
  const hasRange = headers.hasLower('range')
  if (notModified(tx, object, hasRange)) return null
  if (!hasRange || !ifRangeHolds(headers, object.etag, object.lastModified, object.date)) return 0
  const range = rangeOf(tx, length)
  if (range.type === 'unsatisfiable') return null
  return range.type === 'ranges' && range.ranges.length === 1 ? (range.ranges[0]?.first ?? 0) : 0
}

/** What the request's Range asks of so many bytes. */
export function rangeOf({ engine, req }: RequestTransaction, length: number): RangeAnswer {
  return parseRange(req.headers.joinedLower('range') ?? '', length, engine.settings.limits.ranges, judgesAsVarnish(engine))
}

/** Whether ranges are read, and served, as Varnish does where RFC 9110 lets a cache choose. */
export function judgesAsVarnish({ decisions }: RequestTransaction['engine']): boolean {
  return decisions.preset === 'varnish'
}

export function notModified(tx: RequestTransaction, object: CachedObject, hasRange: boolean): boolean {
  const { decisions, clock } = tx.engine
  const verdict = evaluateConditional({
    headers: tx.req.headers,
    etag: object.etag,
    lastModified: object.lastModified,
    date: decisions.imsWithoutLastModified === 'date' ? object.date : clock.wall() - (tx.now - object.storedAt),
    hasRange,
    strongWithRange: decisions.varnishLifetime,
  })
  return verdict === 'notModified'
}
