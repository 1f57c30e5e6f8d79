/** Joins client and origin as a tunnel, once the origin has agreed with 101; any other answer is relayed as HTTP. */
import { runClientHook, sharedAction } from './hooks.ts'
import { begin } from './pass.ts'
import type { NextRequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function pipe(tx: RequestTransaction): NextRequestStep {
  tx.forwardReason = 'UPGRADE'
  return runClientHook(tx, 'pipe', (action) =>
    action.type === 'pipe' ? begin(tx, { refusal: null }, tx.req.upgrade, 'pipe') : sharedAction(tx, 'pipe', action),
  )
}
