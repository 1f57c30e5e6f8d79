/** The request goes to the origin for itself alone. */
import type { Action } from '../../vcl-ts/actions.ts'
import { C } from '../counters.ts'
import { startFetch } from '../fetch/start.ts'
import { ForwardedRequest } from './fetch-request.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { type NextRequestStep, type RequestStep, WAIT } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

type PassStep = Extract<RequestStep, { step: 'pass' }>

export function pass(tx: RequestTransaction, step: PassStep): NextRequestStep {
  tx.forwardReason = step.reason
  tx.engine.counters.add(C.s_pass)
  tx.req.isHitPass = step.refusal === 'hitForPass'
  if (step.refusal === 'hitForPass') tx.engine.counters.add(C.cache_hitpass)
  if (tx.policy.compiled.hooks.pass === null) return begin(tx, step, null)
  return runClientHook(tx, 'pass', (action) => (action.type === 'fetch' ? begin(tx, step, null) : after(tx, action)))
}

function after(tx: RequestTransaction, action: Action): RequestStep {
  return sharedAction(tx, 'pass', action)
}

/** `upgrade`: the protocol to ask for; without one a request that a policy pipes is answered over HTTP, and its connection ends. */
export function begin(
  tx: RequestTransaction,
  step: Pick<PassStep, 'refusal'>,
  upgrade: string | null,
  kind: 'pass' | 'pipe' = 'pass',
): RequestStep {
  tx.fetchKind = kind
  tx.begin((observer) =>
    startFetch(tx.engine, {
      kind: 'pass',
      policy: tx.policy,
      request: new ForwardedRequest(tx, upgrade),
      claim: null,
      fleet: null,
      refusal: step.refusal,
      marker: null,
      stale: null,
      range: null,
      state: tx.context?.state ?? {},
      observer,
    }),
  )
  return WAIT
}
