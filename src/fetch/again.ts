/** Another attempt of the same fetch, a bounded number of times. */
import { RequestFailure } from '../errors.ts'
import { type FetchStep, failWith } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

/** Once more, without conditions. */
export function askPlain(fetch: FetchTransaction): FetchStep {
  if (fetch.retries >= fetch.deps.settings.limits.retries) return failWith(new RequestFailure('too_many_retries'))
  fetch.retries++
  fetch.plain = true
  return { step: 'prepare' }
}
