/** Hands the request to the origin connection. */

import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { InvalidHead, serializeFields } from '../wire/message-head.ts'
import { methodFacts } from '../wire/methods.ts'
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
  const body = init.kind === 'pass' ? init.request.body : null
  if (body !== null && !body.replayable)
    return failWith(new RequestFailure('too_many_retries', 'the request’s body is too large to be sent again'))
  fetch.requestTime = deps.clock.now()
  deps.counters.add(init.kind === 'refresh' ? C.s_bgfetch : C.s_fetch)
  const facts = methodFacts(bereq.method)
  fetch.call = null
  const call = deps.originOf(bereq.backend).send(
    {
      method: bereq.method,
      target: bereq.url,
      fieldLines,
      body,
      announceEmpty: ANNOUNCES_EMPTY.has(bereq.method),
      upgrade: init.request.upgrade,
      deadlines: { connect: bereq.connectTimeout, firstByte: bereq.firstByteTimeout, betweenBytes: bereq.betweenBytesTimeout },
      // Asked when a connection has died: by then more of the body may have gone than is kept.
      get replayable(): boolean {
        return facts.idempotent && (body === null || body.replayable)
      },
    },
    fetch,
  )
  fetch.call = call
  return WAIT
}
