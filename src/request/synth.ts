/** An answer made here: by the policy, or because something went wrong. */
import { type Action, failure } from '../../vcl-ts/actions.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { C } from '../counters.ts'
import { FAULTS, RequestFailure } from '../errors.ts'
import { bodyOf } from '../object/stored-body.ts'
import { ClientResponse } from '../policy/client-response.ts'
import { reasonPhrase } from '../wire/status.ts'
import type { Answer } from './answer.ts'
import { addOwnFields } from './deliver.ts'
import { storyOf } from './fetched.ts'
import { failedHook, runClientHook } from './hooks.ts'
import { type NextRequestStep, RESTART, type RequestStep, type Synthetic, transmitStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function synth(tx: RequestTransaction, made: Synthetic): NextRequestStep {
  tx.engine.counters.add(C.s_synth)
  tx.synths++
  const resp = new ClientResponse(made.status, made.reason ?? reasonPhrase(made.status), new HeaderMap(), false, made.why)
  resp.body = made.body ?? ''
  if (made.contentType !== undefined) resp.headers.set('Content-Type', made.contentType)
  for (const [name, value] of made.headers ?? []) resp.headers.append(name, value)
  if (made.retryAfter !== undefined) resp.headers.set('Retry-After', String(made.retryAfter))
  if (made.failure !== null) resp.detail = FAULTS[made.failure.code].text
  // A `synth` hook that fails is not asked again about the failure.
  if (tx.synths > 2) return bare(tx, made)
  const context = tx.hooks()
  context.resp = resp
  return runClientHook(tx, 'synth', (action) => after(tx, made, resp, action))
}

function after(tx: RequestTransaction, made: Synthetic, resp: ClientResponse, action: Action): RequestStep {
  switch (action.type) {
    case 'deliver':
      if (resp.status > 599) return unsendable(tx, made, resp.status)
      return transmitStep(answerOf(tx, made, resp))
    case 'restart':
      return RESTART
    default:
      failedHook(tx, 'synth', action)
      return bare(tx, { ...made, status: 500, failure: new RequestFailure('policy') })
  }
}

/** Nobody has set a status in place of the mark. */
function unsendable(tx: RequestTransaction, made: Synthetic, status: number): RequestStep {
  failedHook(tx, 'synth', failure(`status ${status} cannot be sent; the hook synth has to set one from 200 to 599`, null))
  return bare(tx, { ...made, status: 500, failure: new RequestFailure('policy') })
}

function bare(tx: RequestTransaction, made: Synthetic): RequestStep {
  const resp = new ClientResponse(500, reasonPhrase(500), HeaderMap.of([['Cache-Control', 'no-store']]), false, 'ERROR')
  return transmitStep(answerOf(tx, { ...made, close: true }, resp))
}

function answerOf(tx: RequestTransaction, made: Synthetic, resp: ClientResponse): Answer {
  const bytes = typeof resp.body === 'string' ? Buffer.from(resp.body) : Buffer.from(resp.body)
  const busy = made.failure instanceof RequestFailure && (made.failure.code === 'wait_limit' || made.failure.code === 'wait_timeout')
  if (busy && !resp.headers.has('retry-after')) resp.headers.set('Retry-After', '1')
  const answer: Answer = {
    status: resp.status,
    reason: resp.reason,
    headers: resp.headers,
    object: null,
    body: bodyOf(bytes),
    contentLength: bytes.length,
    outcome: made.failure === null ? 'SYNTH' : 'ERROR',
    why: made.why,
    forward: null,
    forwardStatus: null,
    stored: false,
    collapsed: false,
    aged: false,
    judged: false,
    transformed: false,
    assembled: false,
    dated: false,
    close: made.close,
    failure: made.failure,
    story: made.failure === null ? tx.story : storyOf(made.failure),
  }
  addOwnFields(tx, answer, resp.headers)
  tx.decorated = true
  return answer
}
