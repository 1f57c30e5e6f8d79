/** What a director may know of a fetch, and a second try with another of its members. */
import { C } from '../counters.ts'
import type { ChoiceContext } from '../origin/directors/choice.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import { type FailureStage, failureStage } from '../origin/failure-stage.ts'
import { methodFacts } from '../wire/methods.ts'
import type { FetchTransaction } from './transaction.ts'

/** How far it got, where another member may do better at once. Who waited for an answer in vain has waited long enough. */
const WORTH_IT: ReadonlySet<FailureStage> = new Set(['unreached', 'lost', 'head'])

export function choiceContext({ init, bereq, avoid }: FetchTransaction): ChoiceContext {
  const { request } = init
  return {
    url: bereq?.url ?? request.url,
    hash: request.key,
    identity: request.identity,
    // A refresh has lost its Cookie: the request that caused it tells whose it was.
    header: (name) => bereq?.headers.joinedLower(name) ?? request.headers.joinedLower(name),
    background: init.kind === 'refresh',
    avoid,
  }
}

/**
 * Whether the request goes to another member of its director now, once, because the first one failed: `failure`, or an answer that is an
 * error (`null`). Not in the background, where the next refresh does as well.
 */
export function goesElsewhere(fetch: FetchTransaction, failure: OriginFailure | null): boolean {
  const { chosen, bereq, init, deps } = fetch
  if (chosen === null || !chosen.retry || fetch.wentElsewhere || bereq === null || init.kind === 'refresh') return false
  const { backend: choice } = bereq
  if (choice?.type !== 'director' || fetch.object !== null || fetch.retries >= deps.settings.limits.retries) return false
  if (!mayBeRepeated(fetch, bereq.method, failure)) return false
  const next = deps.directors.elsewhere(choice, { ...choiceContext(fetch), avoid: chosen.backend })
  if (next === null || !spends(fetch)) return false
  fetch.wentElsewhere = true
  fetch.next = next
  fetch.retries++
  bereq.retries = fetch.retries
  return true
}

/**
 * Whether the request is sent to the same server once more, because the connection was lost before anything could be delivered. Not
 * where there is a stale object to serve, nor in the background.
 */
export function goesAgain(fetch: FetchTransaction, failure: OriginFailure): boolean {
  const { chosen, bereq, init, deps } = fetch
  if (
    chosen !== null ||
    bereq === null ||
    fetch.wentAgain ||
    failure.resent ||
    failureStage(failure.code) !== 'lost' ||
    init.kind === 'refresh'
  )
    return false
  if (init.stale !== null || fetch.object !== null || fetch.retries >= deps.settings.limits.retries) return false
  if (!mayBeRepeated(fetch, bereq.method, failure) || !spends(fetch)) return false
  fetch.wentAgain = true
  deps.counters.add(C.backend_retry)
  fetch.retries++
  bereq.retries = fetch.retries
  return true
}

/** Whether the budget of the backend or director allows one more retry, which is then paid for. */
export function spends(fetch: FetchTransaction): boolean {
  const { bereq, deps } = fetch
  const choice = bereq?.backend ?? null
  if (choice === null || fetch.backend === null) return true
  fetch.spent = deps.directors.spend(choice)
  if (fetch.spent === null) deps.counters.add(C.backend_retry_refused)
  return fetch.spent !== null
}

function mayBeRepeated({ init }: FetchTransaction, method: string, failure: OriginFailure | null): boolean {
  if (failure !== null && !WORTH_IT.has(failureStage(failure.code))) return false
  const { body, upgrade, ownMethod } = init.request
  if ((init.kind === 'pass' || ownMethod) && body !== null && !body.replayable) return false
  return failure?.untouched === true || (methodFacts(method).idempotent && upgrade === null)
}
