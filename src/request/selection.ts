/** What of an answer is sent: all of it, nothing but its head (304), or ranges of it (RFC 9110 §13, §14). Decided, not done. */
import type { Body } from '../body/body.ts'
import { OpenSliceBody, SliceBody } from '../body/slice.ts'
import type { CachedObject } from '../object/object.ts'
import { StoredBody } from '../object/stored-body.ts'
import { ifRangeHolds } from '../wire/conditional.ts'
import { contentRange, requestedRange } from '../wire/range.ts'
import { reasonPhrase } from '../wire/status.ts'
import type { Answer } from './answer.ts'
import { judgesAsVarnish, notModified, rangeOf } from './conditions.ts'
import { ownFieldLines } from './deliver.ts'
import { multipart } from './multipart.ts'
import { SlicedBody } from './sliced-body.ts'
import type { RequestTransaction } from './transaction.ts'

/** A head and a body, ready to be framed. */
export interface Selection {
  readonly status: number
  readonly reason: string
  readonly fieldLines: string
  readonly length: number | null
  readonly body: Body | null
}

/** What a 304 and a 416 leave out: it describes a body that is not sent (RFC 9110 §15.4.5). */
const BODY_FIELDS = /^(?:content-type|content-encoding|content-language|content-range|content-length):.*\r\n/gim
const CONTENT_TYPE = /^content-type:.*\r\n/gim
const CONTENT_RANGE = /^content-range:/im

/** All of it. */
export function whole(answer: Answer, fieldLines: string): Selection {
  return { status: answer.status, reason: answer.reason, fieldLines, length: answer.contentLength, body: answer.body }
}

/** Under the request's conditions and ranges, which the caller has seen to be this cache's to judge. */
export function select(tx: RequestTransaction, answer: Answer, object: CachedObject, fieldLines: string): Selection {
  const { headers, method } = tx.req
  const whoseRanges = answer.transformed === false || (answer.transformed === 'decoded' && judgesAsVarnish(tx.engine))
  const hasRange = method === 'GET' && whoseRanges && headers.hasLower('range')
  // RFC 9111 §4.3.2: a stored part answers conditions as the whole does.
  if ((answer.status === 200 || object.part !== null) && notModified(tx, object, hasRange))
    return {
      status: 304,
      reason: reasonPhrase(304),
      fieldLines: notModifiedLines(tx, answer, object, fieldLines),
      length: null,
      body: null,
    }
  if (!hasRange || !ifRangeHolds(headers, object.etag, object.lastModified, object.date)) return whole(answer, fieldLines)
  return object.part === null ? ranges(tx, answer, object, fieldLines) : fromPart(tx, answer, object, fieldLines)
}

/** What is sent as it is stored has been gone through before, as a rule. */
function notModifiedLines(tx: RequestTransaction, answer: Answer, object: CachedObject, fieldLines: string): string {
  if (answer.headers !== null) return fieldLines.replace(BODY_FIELDS, '')
  const stored = object.fieldLines
  let kept = bodiless.get(stored)
  if (kept === undefined) {
    kept = stored.replace(BODY_FIELDS, '')
    if (bodiless.size === MOST_BODILESS) bodiless.clear()
    bodiless.set(stored, kept)
  }
  return kept + ownFieldLines(tx, answer)
}

/** Of heads that are stored, without their body fields. A stored head is one string, which knows its hash. */
const bodiless = new Map<string, string>()
const MOST_BODILESS = 500

/** Of an answer that was made here (`object` null), too. */
export function ranges(tx: RequestTransaction, answer: Answer, object: CachedObject | null, fieldLines: string): Selection {
  const { body } = answer
  const stored = object?.complete === true && !object.sliced && answer.transformed === false
  const length = stored ? object.body.length : answer.contentLength
  if (body === null) return whole(answer, fieldLines)
  if (length === null) return judgesAsVarnish(tx.engine) ? ofUnknown(tx, answer, body, fieldLines) : whole(answer, fieldLines)
  const range = rangeOf(tx, length)
  if (range.type === 'ignore') return whole(answer, fieldLines)
  if (range.type === 'unsatisfiable') {
    const lines = `${fieldLines.replace(BODY_FIELDS, '')}Content-Range: bytes */${length}\r\n`
    return { status: 416, reason: reasonPhrase(416), fieldLines: lines, length: 0, body: null }
  }
  const [only] = range.ranges
  if (only !== undefined && range.ranges.length === 1)
    return partial(`${fieldLines}Content-Range: ${contentRange(only.first, only.last, length)}\r\n`, slice(body, only.first, only.last))
  if (!(body instanceof StoredBody)) return whole(answer, fieldLines)
  const type = object === null ? answer.headers?.joinedLower('content-type') : object.headers.joinedLower('content-type')
  const parts = multipart(body, range.ranges, length, type ?? null)
  return partial(`${fieldLines.replace(CONTENT_TYPE, '')}Content-Type: multipart/byteranges; boundary=${parts.boundary}\r\n`, parts.body)
}

/** While nobody knows the length, a range that names both its ends can be begun; it may prove to be shorter. */
function ofUnknown(tx: RequestTransaction, answer: Answer, body: Body, fieldLines: string): Selection {
  const wanted = requestedRange(tx.req.headers.joinedLower('range') ?? '')
  if (wanted === null || wanted.first === null || wanted.last === null) return whole(answer, fieldLines)
  const { first, last } = wanted
  return partial(`${fieldLines}Content-Range: bytes ${first}-${last}/*\r\n`, new OpenSliceBody(body, first, last))
}

/** A range out of a stored part, at positions of the whole representation. */
function fromPart(tx: RequestTransaction, answer: Answer, object: CachedObject, fieldLines: string): Selection {
  const { part, body } = object
  const wanted = requestedRange(tx.req.headers.joinedLower('range') ?? '')
  const asItCame = { ...whole(answer, fieldLines), fieldLines: withContentRange(fieldLines, object) }
  if (part === null || wanted === null || !object.complete) return asItCame
  const first = wanted.first ?? (part.total ?? part.last + 1) - (wanted.last ?? 0)
  const last = Math.min(wanted.first === null ? part.last : (wanted.last ?? part.last), part.last)
  if (first < part.first || first > last) return asItCame
  const range = part.total === null ? `bytes ${first}-${last}/*` : contentRange(first, last, part.total)
  // What came just now still has the origin's own Content-Range.
  const lines = fieldLines.replace(/^content-range:.*\r\n/gim, '')
  return partial(`${lines}Content-Range: ${range}\r\n`, slice(body, first - part.first, last - part.first))
}

function withContentRange(fieldLines: string, object: CachedObject): string {
  const { part } = object
  if (part === null || CONTENT_RANGE.test(fieldLines)) return fieldLines
  return `${fieldLines}Content-Range: bytes ${part.first}-${part.last}/${part.total ?? '*'}\r\n`
}

function partial(fieldLines: string, body: Body): Selection {
  return { status: 206, reason: reasonPhrase(206), fieldLines, length: body.length, body }
}

function slice(body: Body, first: number, last: number): Body {
  if (body instanceof SlicedBody) return body.part({ first, last })
  if (!(body instanceof StoredBody)) return new SliceBody(body, first, last)
  const { atHand } = body
  if (typeof atHand === 'string') return new StoredBody(atHand.slice(first, last + 1))
  const bytes = inOnePiece(body.segments, first, last)
  return bytes === null ? new SliceBody(body, first, last) : new StoredBody(bytes)
}

/** What lies within one of the pieces of a body needs no reader. */
function inOnePiece(segments: readonly Buffer[], first: number, last: number): Buffer | null {
  let from = 0
  for (const segment of segments) {
    const end = from + segment.length
    if (first < end) return last < end ? segment.subarray(first - from, last + 1 - from) : null
    from = end
  }
  return null
}
