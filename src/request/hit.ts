/** A stored object answers: fresh, in grace, or because its refresh failed. */
import type { Action } from '../../vcl-ts/actions.ts'
import { C } from '../counters.ts'
import { ObjectView } from '../policy/object-view.ts'
import type { Answer } from './answer.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { deliverStep, type NextRequestStep, passStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

type HitStep = Extract<RequestStep, { step: 'hit' }>

export function hit(tx: RequestTransaction, step: HitStep): NextRequestStep {
  tx.hold(step.object.body)
  tx.claim = step.claim
  tx.refreshes = step.claim === null ? null : step.object
  if (tx.policy.compiled.hooks.hit === null) return deliverStep(answerOf(tx, step))
  tx.hooks().obj = new ObjectView(step.object, tx.now, false)
  return runClientHook(tx, 'hit', (action) => after(tx, step, action))
}

function after(tx: RequestTransaction, step: HitStep, action: Action): RequestStep {
  switch (action.type) {
    case 'deliver':
      return deliverStep(answerOf(tx, step))
    case 'pass':
      tx.releaseClaims()
      return passStep(action.reason)
    default:
      tx.releaseClaims()
      return sharedAction(tx, 'hit', action)
  }
}

function answerOf(tx: RequestTransaction, step: HitStep): Answer {
  const { object, reason } = step
  const { body } = object
  const { counters } = tx.engine
  counters.add(reason === 'STALE_IF_ERROR' ? C.cache_hit_stale_if_error : C.cache_hit)
  if (reason === 'GRACE') counters.add(C.cache_hit_grace)
  return {
    status: object.status,
    reason: object.reason,
    headers: null,
    object,
    body,
    contentLength: body.length,
    outcome: reason === 'GRACE' || reason === 'STALE_IF_ERROR' ? 'STALE' : 'HIT',
    why: reason,
    forward: reason === 'COLLAPSED' ? 'uri-miss' : null,
    forwardStatus: null,
    stored: false,
    collapsed: reason === 'COLLAPSED',
    aged: true,
    judged: true,
    transformed: false,
    assembled: false,
    dated: object.dated && tx.policy.compiled.hooks.deliver === null,
    close: false,
    failure: null,
    story: tx.fromTier === object && reason !== 'COLLAPSED' ? 'tier=redis' : '',
  }
}
