/** Drops every variant under the request's key, then asks `purge` what to answer. */
import { C } from '../counters.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import type { NextRequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function purge(tx: RequestTransaction, soft: boolean): NextRequestStep {
  const { counters, table } = tx.engine
  const { objects } = table.purge(tx.key, soft)
  counters.add(C.n_purges)
  tx.story = `${soft ? 'softly ' : ''}purged ${objects}`
  return runClientHook(tx, 'purge', (action) => sharedAction(tx, 'purge', action))
}
