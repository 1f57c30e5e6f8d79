/** Sends the answer: conditions, HEAD and ranges are settled here, then the exchange frames it. */
import type { Body } from '../body/body.ts'
import { SliceBody } from '../body/slice.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { startFetch } from '../fetch/start.ts'
import type { CachedObject } from '../object/object.ts'
import { StoredBody } from '../object/stored-body.ts'
import { evaluateConditional, ifRangeHolds } from '../wire/conditional.ts'
import { InvalidHead, serializeFields } from '../wire/message-head.ts'
import { contentRange, parseRange, requestedRange } from '../wire/range.ts'
import { reasonPhrase } from '../wire/status.ts'
import type { Answer } from './answer.ts'
import { ownFieldLines } from './deliver.ts'
import type { ResponseHead } from './exchange.ts'
import { multipart } from './multipart.ts'
import { DONE, failureStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

/** What a 304 leaves out: it describes a body that is not sent (RFC 9110 §15.4.5). */
const BODY_FIELDS = /^(?:content-type|content-encoding|content-language|content-range|content-length):.*\r\n/gim

export function transmit(tx: RequestTransaction, answer: Answer): RequestStep {
  let fieldLines: string
  try {
    fieldLines = headOf(tx, answer)
  } catch (error) {
    if (!(error instanceof InvalidHead)) throw error
    tx.engine.log.error({ request: tx.id, detail: error.message }, 'the answer was refused')
    tx.releaseClaims()
    tx.decorated = false
    return failureStep(new RequestFailure('response_refused'), 500, 'ERROR')
  }
  tx.outcome = answer.outcome
  tx.reason = answer.why
  if (answer.story !== '') tx.story = answer.story
  tx.firstByte = tx.engine.clock.now()
  const { headers } = tx.req
  const judged = answer.judged && (answer.status === 200 || answer.object?.part != null)
  if (judged && (headers.hasLower('if-none-match') || headers.hasLower('if-modified-since') || headers.hasLower('range'))) judge(tx, answer, fieldLines)
  else send(tx, answer, answer.status, answer.reason, fieldLines, answer.contentLength, answer.body)
  refreshInBackground(tx)
  return DONE
}

function headOf(tx: RequestTransaction, answer: Answer): string {
  const { object } = answer
  if (answer.headers === null) return (object === null ? '' : object.fieldLines) + ownFieldLines(tx, answer)
  return tx.decorated ? serializeFields(answer.headers) : serializeFields(answer.headers) + ownFieldLines(tx, answer)
}

function send(tx: RequestTransaction, answer: Answer, status: number, reason: string, fieldLines: string, length: number | null, body: Body | null): void {
  tx.status = status
  const head: ResponseHead = { status, reason, fieldLines, contentLength: length, close: answer.close }
  const bodiless = tx.req.method === 'HEAD' || status === 304 || status === 204
  if (bodiless) {
    tx.exchange.respond(head, null)
    return
  }
  const whole = body instanceof StoredBody ? body.whole : null
  if (whole !== null || body === null) tx.exchange.respondWhole(head, whole)
  else tx.exchange.respond(head, body)
}

function judge(tx: RequestTransaction, answer: Answer, fieldLines: string): void {
  const object = answer.object as CachedObject
  const { headers, method } = tx.req
  const hasRange = method === 'GET' && headers.hasLower('range')
  const verdict =
    answer.status !== 200
      ? 'deliver'
      : evaluateConditional({
          headers,
          etag: object.etag,
          lastModified: object.lastModified,
          date: tx.engine.decisions.imsWithoutLastModified === 'date' ? object.date : tx.engine.clock.wall() - (tx.now - object.storedAt),
          hasRange,
          strongWithRange: tx.engine.decisions.varnishLifetime,
        })
  if (verdict === 'notModified') {
    if (!object.complete) leaveBody(answer)
    send(tx, answer, 304, reasonPhrase(304), fieldLines.replace(BODY_FIELDS, ''), null, null)
    return
  }
  if (hasRange && ifRangeHolds(headers, object.etag, object.lastModified, object.date)) {
    if (object.part === null) sendRanges(tx, answer, fieldLines, object)
    else sendFromPart(tx, answer, fieldLines, object)
    return
  }
  send(tx, answer, answer.status, answer.reason, fieldLines, answer.contentLength, answer.body)
}

/** The answer needs no body: nobody reads what is filling for this request. */
function leaveBody(answer: Answer): void {
  answer.body?.read({ chunk: () => true, end: () => {} }).cancel(new RequestFailure('cancelled'))
}

function sendRanges(tx: RequestTransaction, answer: Answer, fieldLines: string, object: CachedObject): void {
  const { body } = answer
  const length = object.complete ? object.body.length : answer.contentLength
  const whole = (): void => send(tx, answer, answer.status, answer.reason, fieldLines, answer.contentLength, body)
  if (length === null || body === null) return whole()
  const range = parseRange(tx.req.headers.joined('range') ?? '', length, tx.engine.settings.limits.ranges)
  if (range.type === 'ignore') return whole()
  if (range.type === 'unsatisfiable') {
    if (!object.complete) leaveBody(answer)
    const lines = `${fieldLines.replace(BODY_FIELDS, '')}Content-Range: bytes */${length}\r\n`
    return send(tx, answer, 416, reasonPhrase(416), lines, 0, null)
  }
  const only = range.ranges.length === 1 ? range.ranges[0] : undefined
  if (only !== undefined) {
    const lines = `${fieldLines}Content-Range: ${contentRange(only.first, only.last, length)}\r\n`
    return send(tx, answer, 206, reasonPhrase(206), lines, only.last - only.first + 1, slice(body, only.first, only.last))
  }
  if (!(body instanceof StoredBody)) return whole()
  const parts = multipart(body, range.ranges, length, object.headers.joined('content-type') ?? null)
  const lines = `${fieldLines.replace(/^content-type:.*\r\n/gim, '')}Content-Type: multipart/byteranges; boundary=${parts.boundary}\r\n`
  send(tx, answer, 206, reasonPhrase(206), lines, parts.body.length, parts.body)
}

/** A range out of a stored part, at positions of the whole representation. */
function sendFromPart(tx: RequestTransaction, answer: Answer, fieldLines: string, object: CachedObject): void {
  const { part, body } = object
  const wanted = requestedRange(tx.req.headers.joined('range') ?? '')
  const whole = (): void => send(tx, answer, answer.status, answer.reason, partLines(fieldLines, object), answer.contentLength, answer.body)
  if (part === null || wanted === null || !object.complete) return whole()
  const first = wanted.first ?? (part.total ?? part.last + 1) - (wanted.last ?? 0)
  const last = Math.min(wanted.first === null ? part.last : (wanted.last ?? part.last), part.last)
  if (first < part.first || last > part.last || first > last) return whole()
  const total = part.total === null ? `bytes ${first}-${last}/*` : contentRange(first, last, part.total)
  send(tx, answer, 206, reasonPhrase(206), `${fieldLines}Content-Range: ${total}\r\n`, last - first + 1, slice(body, first - part.first, last - part.first))
}

/** The head of a part that is sent as it came. Its own Content-Range is still there when it came just now. */
function partLines(fieldLines: string, object: CachedObject): string {
  const { part } = object
  if (part === null || /^content-range:/im.test(fieldLines)) return fieldLines
  return `${fieldLines}Content-Range: bytes ${part.first}-${part.last}/${part.total ?? '*'}\r\n`
}

function slice(body: Body, first: number, last: number): Body {
  const whole = body instanceof StoredBody ? body.whole : null
  return whole === null ? new SliceBody(body, first, last) : new StoredBody([whole.subarray(first, last + 1)])
}

/** The answer is on its way; now the object that it served is refreshed. */
function refreshInBackground(tx: RequestTransaction): void {
  const { claim, refreshes } = tx
  tx.claim = null
  tx.refreshes = null
  if (claim === null) return
  if (refreshes === null) {
    tx.engine.table.release(claim, { type: 'again' })
    return
  }
  tx.engine.counters.add(C.s_bgfetch)
  startFetch(tx.engine, {
    kind: 'refresh',
    policy: tx.policy,
    request: { ...tx.fetchRequest(null), body: null },
    claim,
    refusal: null,
    stale: refreshes,
    range: null,
    state: tx.context?.state ?? {},
    observer: null,
  })
}
