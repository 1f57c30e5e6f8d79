/** What the client-side hooks have in common: running one, and what their shared actions lead to. */
import { type Action, failure } from '../../vcl-ts/actions.ts'
import type { ClientHook } from '../../vcl-ts/hook-context.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import type { ClientContext } from '../policy/client-context.ts'
import { type NextRequestStep, RESTART, type RequestStep, synthStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

/** Runs a hook and goes on with what it decided, at once unless the hook is asynchronous. */
export function runClientHook(tx: RequestTransaction, hook: ClientHook, then: (action: Action) => RequestStep): NextRequestStep {
  let context: ClientContext
  try {
    context = tx.hooks()
  } catch (cause) {
    // The policy's own `state` threw.
    return failedHook(tx, hook, failure('state threw', cause))
  }
  context.begins()
  const action = runHook(tx.policy.compiled, hook, context, tx.policy.limit)
  return action instanceof Promise ? action.then(then) : then(action)
}

/** `fail`, `synth`, `restart`: the same from every hook. */
export function sharedAction(tx: RequestTransaction, hook: ClientHook, action: Action): RequestStep {
  switch (action.type) {
    case 'synth':
      return synthStep({
        status: action.status,
        reason: action.reason,
        body: action.body,
        close: action.close,
        ...(action.contentType === undefined ? {} : { contentType: action.contentType }),
        ...(action.headers === undefined ? {} : { headers: action.headers }),
        why: 'SYNTH',
        failure: null,
      })
    case 'restart':
      return RESTART
    default:
      return failedHook(tx, hook, action)
  }
}

/** A hook threw, passed its deadline, or answered what it may not: 503, and the log says why. */
export function failedHook(tx: RequestTransaction, hook: ClientHook, action: Action): RequestStep {
  tx.engine.counters.add(C.vcl_fail)
  const reason = action.type === 'fail' ? action.reason : `unexpected action ${action.type}`
  const cause = action.type === 'fail' ? action.cause : null
  tx.engine.log.error({ hook, request: tx.id, reason, err: tx.policy.located(cause) ?? undefined }, `the hook ${hook} failed`)
  return synthStep({ status: 503, reason: null, body: null, close: true, why: 'ERROR', failure: new RequestFailure('policy') })
}
