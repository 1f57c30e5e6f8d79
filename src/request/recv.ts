/** First step: refuse loops, let `recv` and the built-in steps decide the way. */
import type { Action } from '../../vcl-ts/actions.ts'
import { RequestFailure } from '../errors.ts'
import { joinCacheControl } from '../wire/cache-control.ts'
import { loops } from '../wire/forwarded.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { failureStep, keyFor, keyForPurge, keyForSynth, type NextRequestStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

const KEY: RequestStep = keyFor('lookup', 'ABSENT')

export function recv(tx: RequestTransaction): NextRequestStep {
  // What a page includes has been looked at with the page.
  if (tx.req.restarts === 0 && tx.req.esiLevel === 0 && loops(tx.req.headers, tx.engine.settings.name))
    return failureStep(new RequestFailure('loop'), 508, 'LOOP')
  if (tx.engine.invalidators.hasToken && tx.req.headers.hasLower('authorization')) tx.client.takeToken()
  if (tx.policy.watchesClient) {
    if (tx.req.restarts === 0) tx.req.rememberOriginal()
    if (tx.engine.decisions.preset === 'varnish') joinCacheControl(tx.req.headers)
    tx.client.forward()
  }
  const { recv } = tx.policy.compiled
  return recv === null ? runClientHook(tx, 'recv', (action) => after(tx, action)) : after(tx, recv(tx))
}

function after(tx: RequestTransaction, action: Action): RequestStep {
  if (tx.policy.watchesClient) {
    tx.req.forgetParsed()
    tx.forgetVariant()
  }
  switch (action.type) {
    case 'hash':
      return KEY
    case 'pass':
      return keyFor('pass', action.reason)
    case 'pipe':
      // A fragment has no connection that could become a tunnel.
      return keyFor(tx.req.esiLevel === 0 ? 'pipe' : 'pass', 'UPGRADE')
    case 'purge':
      return keyForPurge(action.soft, action.subject ?? null)
    default:
      return keyed(tx, sharedAction(tx, 'recv', action))
  }
}

/** `hash` runs for every request, one that is answered here too. */
function keyed(tx: RequestTransaction, next: RequestStep): RequestStep {
  return next.step === 'synth' && next.synth.failure === null && tx.policy.compiled.hooks.hash !== null ? keyForSynth(next.synth) : next
}
