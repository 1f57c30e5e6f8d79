/** Drops what the purge is for, by default every variant under the request's key; then asks `purge` what to answer. */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { BanError } from '../../vcl-ts/ban.ts'
import { C } from '../counters.ts'
import { BanLimitError } from '../invalidation/bans.ts'
import type { Invalidated } from '../invalidation/invalidation.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { withHost } from './invalidate.ts'
import { type NextRequestStep, type RequestStep, synthStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function purge(tx: RequestTransaction, { soft, subject }: Extract<RequestStep, { step: 'purge' }>): NextRequestStep {
  const { invalidation } = tx.engine
  if (subject?.by === 'ban') return ban(tx, subject)
  const result = subject === null ? invalidation.purgeKey(tx.key, soft) : invalidation.purge(withHost(subject, tx.req), soft)
  tx.engine.counters.add(C.n_purges)
  return result instanceof Promise ? result.then((done) => purged(tx, soft, done)) : purged(tx, soft, result)
}

/** Adds the ban, unless it would match nothing or the list is full: then 400 or 429, and the list stays as it was. */
function ban(tx: RequestTransaction, subject: Extract<PurgeSubject, { by: 'ban' }>): NextRequestStep {
  let result: Invalidated | Promise<Invalidated>
  try {
    result = tx.engine.invalidation.purge(subject, false)
  } catch (error) {
    return noBan(error)
  }
  return result instanceof Promise ? result.then((done) => purged(tx, false, done), noBan) : purged(tx, false, result)
}

function noBan(error: unknown): RequestStep {
  if (error instanceof BanLimitError) return refused(429, 'Too Many Bans', error, error.retryAfter)
  if (error instanceof BanError) return refused(400, 'Bad Ban Expression', error)
  throw error
}

function refused(status: number, reason: string, { message }: Error, retryAfter?: number): RequestStep {
  const again = retryAfter === undefined ? {} : { retryAfter }
  const contentType = 'text/plain; charset=utf-8'
  return synthStep({ status, reason, body: `${message}\n`, close: false, contentType, ...again, why: 'SYNTH', failure: null })
}

function purged(tx: RequestTransaction, soft: boolean, { objects, complete, id, fleet }: Invalidated): NextRequestStep {
  const told = fleet?.state ?? null
  const did = id === undefined ? `${soft ? 'softly ' : ''}purged ${objects}` : `banned ${objects}${complete ? '' : ' so far'}`
  tx.story = told === 'queued' ? `${did}, queued for the other nodes` : did
  tx.hooks().purged = { soft, objects, complete, ban: id ?? null, fleet: told }
  return runClientHook(tx, 'purge', (action) => sharedAction(tx, 'purge', action))
}
