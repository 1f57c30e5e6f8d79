/** Sends the answer: the exchange frames what was selected. Then what was served stale is refreshed. */
import { RequestFailure } from '../errors.ts'
import { AssembledBody } from '../esi/assembly.ts'
import { startFetch } from '../fetch/start.ts'
import type { Claim } from '../object/claim.ts'
import type { CachedObject } from '../object/object.ts'
import { StoredBody } from '../object/stored-body.ts'
import { connectionOptions } from '../wire/hop-by-hop.ts'
import { InvalidHead, serializeFields } from '../wire/message-head.ts'
import type { Answer } from './answer.ts'
import { judgesAsVarnish } from './conditions.ts'
import { ownFieldLines } from './deliver.ts'
import { ForwardedRequest } from './fetch-request.ts'
import { withoutTemplateFields } from './page.ts'
import { ranges, type Selection, select, whole } from './selection.ts'
import { SlicedBody } from './sliced-body.ts'
import { DONE, failureStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function transmit(tx: RequestTransaction, answer: Answer): RequestStep {
  let fieldLines: string
  try {
    fieldLines = headOf(tx, answer)
  } catch (error) {
    if (!(error instanceof InvalidHead)) throw error
    tx.engine.log.error({ request: tx.id, detail: error.message }, 'the answer was refused')
    leaveBody(answer)
    tx.releaseClaims()
    tx.decorated = false
    return failureStep(new RequestFailure('response_refused'), 500, 'ERROR')
  }
  tx.outcome = answer.outcome
  tx.reason = answer.why
  if (answer.story !== '') tx.story = answer.story
  if (tx.engine.accessLog !== null) tx.firstByte = tx.engine.clock.now()
  const { object } = answer
  const { claim, refreshes, log } = tx
  // Sending may end the exchange, which gives back what the transaction still holds.
  tx.claim = null
  tx.refreshes = null
  if (log !== null && claim !== null) log.hold()
  try {
    send(tx, answer, object === null ? ofMade(tx, answer, fieldLines) : ofObject(tx, answer, object, fieldLines))
  } finally {
    tx.hold(null)
    if (claim !== null) refreshInBackground(tx, claim, refreshes)
    if (log !== null && claim !== null) log.release()
  }
  return DONE
}

function headOf(tx: RequestTransaction, answer: Answer): string {
  // Nobody sees that of a fragment.
  if (tx.req.esiLevel > 0) return ''
  const fieldLines = ownHeadOf(tx, answer)
  return answer.assembled ? withoutTemplateFields(fieldLines) : fieldLines
}

function ownHeadOf(tx: RequestTransaction, answer: Answer): string {
  const { object } = answer
  if (answer.headers === null) return (object === null ? '' : object.fieldLines) + ownFieldLines(tx, answer)
  return tx.decorated ? serializeFields(answer.headers) : serializeFields(answer.headers) + ownFieldLines(tx, answer)
}

function ofObject(tx: RequestTransaction, answer: Answer, object: CachedObject, fieldLines: string): Selection {
  return asksConditions(tx, answer) ? select(tx, answer, object, fieldLines) : whole(answer, fieldLines)
}

/** Varnish serves ranges of what was made here, too. */
function ofMade(tx: RequestTransaction, answer: Answer, fieldLines: string): Selection {
  const { headers, method } = tx.req
  const asks = answer.status === 200 && method === 'GET' && headers.hasLower('range') && !headers.hasLower('if-range')
  return asks && judgesAsVarnish(tx.engine) ? ranges(tx, answer, null, fieldLines) : whole(answer, fieldLines)
}

function asksConditions(tx: RequestTransaction, answer: Answer): boolean {
  const { headers } = tx.req
  if (!answer.judged || answer.assembled || (answer.status !== 200 && answer.object?.part == null)) return false
  const asks = headers.hasLower('if-none-match') || headers.hasLower('if-modified-since') || headers.hasLower('range')
  // To any other method a 304 or 206 says nothing (RFC 9110 §13.1.2, §14.2).
  return asks && (tx.req.method === 'GET' || tx.req.method === 'HEAD')
}

function send(tx: RequestTransaction, answer: Answer, selected: Selection): void {
  const { status, reason, fieldLines, length, body } = selected
  tx.status = status
  if (tx.log !== null) tx.log.sends(status, reason, fieldLines, length, answer.assembled)
  const dated = answer.headers === null ? answer.dated : answer.headers.hasLower('date')
  const head = { status, reason, fieldLines, contentLength: length, dated, close: answer.close || closedByHook(answer) }
  if (tx.req.method === 'HEAD' || status === 304 || status === 204) {
    leaveBody(answer)
    tx.exchange.respond(head, null)
    return
  }
  if (body === null && answer.body !== null) leaveBody(answer)
  const bytes = body instanceof StoredBody ? body.atHand : body instanceof AssembledBody ? body.open() : null
  if (bytes !== null || body === null) tx.exchange.respondWhole(head, bytes)
  else tx.exchange.respond(head, body)
}

/** `Connection` is the connection's own field; what a hook says by it counts all the same. */
function closedByHook({ headers }: Answer): boolean {
  return headers !== null && connectionOptions(headers).close
}

/** The answer needs no body: what is still filling learns that this request does not read it. */
function leaveBody(answer: Answer): void {
  if (answer.body === null || answer.body instanceof StoredBody) return
  // Its reader would ask for bytes.
  if (answer.body instanceof SlicedBody) return
  answer.body.read({ chunk: () => true, end: () => {} }).cancel(new RequestFailure('cancelled'))
}

/** The answer is on its way; now the object that it served is refreshed. */
function refreshInBackground(tx: RequestTransaction, claim: Claim, refreshes: CachedObject | null): void {
  if (refreshes === null) {
    tx.engine.table.release(claim, { type: 'again' })
    return
  }
  const request = new ForwardedRequest(tx, null)
  if (!tx.asksWithBody) request.body = null
  startFetch(tx.engine, {
    kind: 'refresh',
    policy: tx.policy,
    request,
    claim,
    fleet: null,
    refusal: null,
    marker: null,
    stale: refreshes,
    range: null,
    state: tx.context?.state ?? {},
    observer: null,
  })
}
