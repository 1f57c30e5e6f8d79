/** Another attempt of the same fetch, a bounded number of times. */
import { RequestFailure } from '../errors.ts'
import { spends } from './choice.ts'
import { type FetchStep, failWith } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

/** Once more, without conditions. */
export function askPlain(fetch: FetchTransaction): FetchStep {
  if (fetch.retries >= fetch.deps.settings.limits.retries) return failWith(new RequestFailure('too_many_retries'))
  fetch.retries++
  fetch.plain = true
  fetch.renumber()
  return { step: 'prepare' }
}

/** Once more because a hook wants it, by a director somewhere else; `null`: it was tried often enough, or the retry budget is spent. */
export function askAgain(fetch: FetchTransaction): FetchStep | null {
  if (fetch.retries >= fetch.deps.settings.limits.retries || !spends(fetch)) return null
  fetch.retries++
  if (fetch.bereq !== null) fetch.bereq.retries = fetch.retries
  fetch.avoid = fetch.backend
  fetch.renumber()
  return { step: 'prepare' }
}
