/** Nothing usable is stored: this request fetches, under a claim or for itself alone. */
import type { Action } from '../../vcl-ts/actions.ts'
import { C } from '../counters.ts'
import { startFetch } from '../fetch/start.ts'
import { ForwardedRequest } from './fetch-request.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { type NextRequestStep, passStep, type RequestStep, WAIT } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

type MissStep = Extract<RequestStep, { step: 'miss' }>

export function miss(tx: RequestTransaction, step: MissStep): NextRequestStep {
  tx.claim = step.claim
  tx.fleet = step.fleet
  tx.stale = step.stale
  tx.forwardReason = step.reason
  tx.req.isHitMiss = step.refusal === 'hitForMiss'
  tx.engine.counters.add(C.cache_miss)
  if (step.refusal === 'hitForMiss') tx.engine.counters.add(C.cache_hitmiss)
  if (tx.policy.compiled.hooks.miss === null) return begin(tx, step)
  return runClientHook(tx, 'miss', (action) => after(tx, step, action))
}

function after(tx: RequestTransaction, step: MissStep, action: Action): RequestStep {
  switch (action.type) {
    case 'fetch':
      return begin(tx, step)
    case 'pass':
      tx.releaseClaims()
      return passStep(action.reason)
    default:
      tx.releaseClaims()
      return sharedAction(tx, 'miss', action)
  }
}

function begin(tx: RequestTransaction, step: MissStep): RequestStep {
  tx.fetchKind = 'miss'
  tx.claim = null
  const { fleet } = tx
  tx.fleet = null
  tx.begin((observer) =>
    startFetch(tx.engine, {
      kind: 'miss',
      policy: tx.policy,
      request: new ForwardedRequest(tx, null),
      claim: step.claim,
      fleet,
      refusal: step.refusal,
      marker: step.marker,
      stale: step.stale,
      range: tx.range,
      state: tx.context?.state ?? {},
      observer,
    }),
  )
  return WAIT
}
