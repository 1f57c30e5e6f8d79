/** Begins again at `recv` with the request as hooks have left it, a bounded number of times. */
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { failureStep, RECV, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function restart(tx: RequestTransaction): RequestStep {
  const { engine, req } = tx
  tx.hold(null)
  tx.releaseClaims()
  tx.fetch?.leave()
  tx.fetch = null
  engine.counters.add(C.restarts)
  if (req.restarts >= engine.settings.limits.restarts) return failureStep(new RequestFailure('too_many_restarts'), 503, 'ERROR')
  req.restarts++
  req.credentialed = null
  req.isHitMiss = false
  req.isHitPass = false
  tx.attempt = 0
  tx.unsliceable = false
  tx.stale = null
  tx.recalls = 0
  tx.fromTier = null
  tx.now = engine.clock.now()
  tx.renumber()
  if (tx.log !== null) tx.log.restarts()
  return RECV
}
