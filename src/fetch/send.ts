/** Hands the request to the origin connection. */

import type { ReplayBody } from '../body/replay.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import type { OriginDeadlines, OriginRequest } from '../origin/exchange.ts'
import type { ClientEnds } from '../origin/proxy-header.ts'
import type { BackendRequest } from '../policy/backend-request.ts'
import { InvalidHead, serializeFields } from '../wire/message-head.ts'
import { methodFacts } from '../wire/methods.ts'
import type { FetchInit } from './start.ts'
import { type FetchStep, failWith, WAIT } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

const ANNOUNCES_EMPTY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export function send(fetch: FetchTransaction): FetchStep {
  const { bereq, deps, init } = fetch
  if (bereq === null) return failWith(new RequestFailure('internal'))
  if (bereq.backend === null) return failWith(new RequestFailure('no_backend'))
  if (bereq.backend.hostHeader !== null) bereq.headers.set('Host', bereq.backend.hostHeader)
  let fieldLines: string
  try {
    fieldLines = serializeFields(bereq.headers)
  } catch (error) {
    if (!(error instanceof InvalidHead)) throw error
    deps.log.error({ fetch: init.request.id, detail: error.message }, 'the request to the origin was refused')
    return failWith(new RequestFailure('request_refused'))
  }
  const body = init.kind === 'pass' || init.request.ownMethod ? init.request.body : null
  if (body !== null && !body.replayable)
    return failWith(new RequestFailure('too_many_retries', 'the request’s body is too large to be sent again'))
  fetch.requestTime = deps.clock.now()
  deps.counters.add(init.kind === 'refresh' ? C.s_bgfetch : C.s_fetch)
  fetch.call = null
  const call = deps.originOf(bereq.backend).send(new Sending(bereq, fieldLines, body, init), fetch)
  fetch.call = call
  return WAIT
}

/** A request on its way, of one shape for all. */
class Sending implements OriginRequest {
  readonly method: string
  readonly target: string
  readonly fieldLines: string
  readonly body: ReplayBody | null
  readonly announceEmpty: boolean
  readonly upgrade: string | null
  readonly deadlines: OriginDeadlines
  readonly client: (() => ClientEnds) | null

  constructor(bereq: BackendRequest, fieldLines: string, body: ReplayBody | null, { kind, request }: FetchInit) {
    this.method = bereq.method
    this.target = bereq.url
    this.fieldLines = fieldLines
    this.body = body
    this.announceEmpty = ANNOUNCES_EMPTY.has(bereq.method)
    this.upgrade = request.upgrade
    this.client = kind === 'refresh' ? null : request.client
    this.deadlines = { connect: bereq.connectTimeout, firstByte: bereq.firstByteTimeout, betweenBytes: bereq.betweenBytesTimeout }
  }

  /** Asked when a connection has died: by then more of the body may have gone than is kept. */
  get replayable(): boolean {
    return methodFacts(this.method).idempotent && (this.body === null || this.body.replayable)
  }
}
