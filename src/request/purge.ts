/** Drops what the purge is for, by default every variant under the request's key; then asks `purge` what to answer. */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { C } from '../counters.ts'
import type { Invalidated } from '../invalidation/invalidation.ts'
import { normaliseHost } from '../wire/forwarded.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import type { NextRequestStep, RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function purge(tx: RequestTransaction, { soft, subject }: Extract<RequestStep, { step: 'purge' }>): NextRequestStep {
  const { counters, invalidation } = tx.engine
  const result = subject === null ? invalidation.purgeKey(tx.key, soft) : invalidation.purge(resolved(tx, subject), soft)
  counters.add(C.n_purges)
  return result instanceof Promise ? result.then((done) => purged(tx, soft, done)) : purged(tx, soft, result)
}

function purged(tx: RequestTransaction, soft: boolean, { objects, complete, ban }: Invalidated): NextRequestStep {
  tx.story = ban === undefined ? `${soft ? 'softly ' : ''}purged ${objects}` : `banned ${objects}${complete ? '' : ' so far'}`
  tx.hooks().purged = { soft, objects, complete, ban: ban ?? null }
  return runClientHook(tx, 'purge', (action) => sharedAction(tx, 'purge', action))
}

/** With hosts as keys have them. */
function resolved({ req }: RequestTransaction, subject: PurgeSubject): PurgeSubject {
  if (subject.by === 'tags' || subject.by === 'all' || subject.by === 'ban') return subject
  return { ...subject, host: subject.host === null ? req.host : normaliseHost(subject.host, req.scheme) }
}
