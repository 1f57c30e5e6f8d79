/** What a request does with what its fetch brought. */
import type { Socket } from 'node:net'
import type { Reason } from '../../vcl-ts/reason.ts'
import { C } from '../counters.ts'
import type { RequestFailure } from '../errors.ts'
import type { FetchResult } from '../fetch/start.ts'
import type { CachedObject } from '../object/object.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import { joinTunnel } from '../origin/tunnel.ts'
import type { Answer, Forward } from './answer.ts'
import { deliverStep, hitStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function fetched(tx: RequestTransaction, result: FetchResult): RequestStep {
  const { object } = result
  tx.hold(object.body)
  const passed = tx.fetchKind !== 'miss'
  if (result.failure !== null) return deliverStep(errorAnswer(tx, result.failure, object, result))
  const revalidated = result.originStatus === 304 && result.status !== 304
  const why: Reason = passed
    ? tx.forwardReason
    : revalidated && result.stored
      ? 'REVALIDATED'
      : result.stored
        ? tx.forwardReason
        : result.why
  const story = result.stored ? `stored ttl=${Math.ceil(result.ttl)}s (${result.ttlSource})` : passed ? '' : `not stored (${result.why})`
  // A validated answer is used from the cache: its age is ours to tell.
  if (revalidated) result.headers?.removeRaw('age')
  return deliverStep({
    status: result.status,
    reason: result.reason,
    headers: result.headers,
    object,
    body: object.body,
    contentLength: result.contentLength,
    outcome: passed ? 'PASS' : 'MISS',
    why,
    forward: passed ? (tx.forwardReason === 'METHOD' ? 'method' : 'bypass') : forwardOf(tx.forwardReason),
    forwardStatus: result.originStatus,
    stored: result.stored,
    collapsed: false,
    aged: revalidated,
    judged: !passed,
    transformed: false,
    assembled: false,
    dated: object.dated,
    close: tx.fetchKind === 'pipe',
    failure: null,
    story,
  })
}

/** An error page that `backendError` made: for the request whose fetch failed, or for one that waited for it. */
export function errorAnswer(
  tx: RequestTransaction,
  failure: RequestFailure | OriginFailure,
  page: CachedObject,
  own: FetchResult | null = null,
): Answer {
  return {
    status: page.status,
    reason: page.reason,
    headers: own?.headers ?? page.headers.clone(),
    object: page,
    body: page.body,
    contentLength: page.body.length,
    outcome: 'ERROR',
    why: 'ERROR',
    forward: tx.fetchKind === 'miss' ? forwardOf(tx.forwardReason) : 'bypass',
    forwardStatus: null,
    stored: own?.stored ?? false,
    collapsed: own === null,
    aged: false,
    judged: false,
    transformed: false,
    assembled: false,
    dated: false,
    close: tx.fetchKind === 'pipe',
    failure,
    story: storyOf(failure),
  }
}

/** The fetch failed and its stale object may be served. */
export function fetchFailed(tx: RequestTransaction, failure: RequestFailure | OriginFailure, stale: CachedObject): RequestStep {
  tx.story = storyOf(failure)
  return hitStep(stale, 'stale', null, 'STALE_IF_ERROR')
}

/** The origin agreed to another protocol: bytes go both ways until one side ends. */
export function tunnelled(
  tx: RequestTransaction,
  head: { status: number; reason: string; fieldLines: string },
  socket: Socket,
  rest: Buffer,
): void {
  const { engine } = tx
  tx.outcome = 'PIPE'
  tx.reason = 'UPGRADE'
  tx.status = head.status
  if (tx.over) {
    socket.destroy()
    return
  }
  engine.counters.add(C.s_pipe)
  const { log } = tx
  log?.hold()
  const client = tx.exchange.tunnel({ ...head, fieldLines: `${head.fieldLines}${engine.viaLine}` })
  const tunnel = joinTunnel(client.socket, client.rest, socket, rest, engine.settings.deadlines.idle * 1000, engine.clock)
  if (log !== null) tunnel.done = (end) => log.tunnelled(end)
}

/** For the log: the name that the catalogue and the counters have for it, and what the system or the origin said. */
export function storyOf(failure: RequestFailure | OriginFailure): string {
  return `${failure.code}: ${failure.message}`
}

function forwardOf(reason: Reason): Forward {
  switch (reason) {
    case 'VARY':
      return 'vary-miss'
    case 'EXPIRED':
    case 'NO_CACHE':
    case 'INVALIDATED':
      return 'stale'
    case 'PARTIAL':
    case 'RANGE':
      return 'partial'
    case 'CLIENT_NO_CACHE':
    case 'FORCED':
      return 'request'
    case 'HIT_FOR_MISS':
      return 'miss'
    default:
      return 'uri-miss'
  }
}
