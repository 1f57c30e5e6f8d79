/** A 304 came for the stale object: `backendRefresh` decides, by default its head is renewed and its body goes on (RFC 9111 §4.3.4). */
import type { Action } from '../../vcl-ts/actions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { RequestFailure } from '../errors.ts'
import type { CachedObject } from '../object/object.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import { BackendResponse } from '../policy/backend-response.ts'
import { ObjectView } from '../policy/object-view.ts'
import { stripHopByHop } from '../wire/hop-by-hop.ts'
import { merge304, sameRepresentation } from '../wire/revalidation.ts'
import { askPlain } from './again.ts'
import { freshness } from './freshness.ts'
import { policyFailure } from './prepare.ts'
import { type FetchStep, failWith, type NextFetchStep } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

export function refresh(fetch: FetchTransaction, response: OriginResponse): NextFetchStep {
  const { context } = fetch
  const stale = fetch.init.claim?.stale ?? null
  stripHopByHop(response.headers, 'response')
  // Purged while the origin was asked, or another representation: the 304 revives nothing; ask again without conditions.
  const confirmed = fetch.confirmable
  if (confirmed === null || stale === null || context === null || !sameRepresentation(confirmed.headers, response.headers))
    return askPlain(fetch)
  const life = freshness(fetch, response.status, response.headers, 'none', null)
  context.beresp = new BackendResponse({
    status: 304,
    reason: response.reason,
    headers: response.headers,
    ...life,
    backend: fetch.backend?.url ?? '',
    was304: true,
    uncacheable: false,
  })
  context.begins()
  if (fetch.log !== null) fetch.log.judged(context.beresp, 'BACKEND_REFRESH')
  context.objStale = new ObjectView(stale, fetch.deps.clock.now(), false, true)
  const { compiled, limit } = fetch.init.policy
  const action = runHook(compiled, 'backendRefresh', context, limit)
  return action instanceof Promise
    ? action.then((decided) => after(fetch, response, stale, decided))
    : after(fetch, response, stale, action)
}

function after(fetch: FetchTransaction, response: OriginResponse, stale: CachedObject, action: Action): FetchStep {
  if (fetch.context !== null) fetch.deny(fetch.context.beresp)
  switch (action.type) {
    case 'merge':
      return merged(response, merge304(stale.headers, response.headers))
    case 'useStale':
      return merged(response, unchanged(stale.headers, response.headers))
    case 'useFresh':
      return { step: 'respond', response, body: null, merged: null }
    case 'retry':
      return askPlain(fetch)
    case 'abandon':
      return failWith(new RequestFailure('abandoned'))
    case 'error':
      return { step: 'fail', failure: new RequestFailure('abandoned'), status: action.status, reason: action.reason }
    default:
      return failWith(policyFailure(fetch, action))
  }
}

/** The stale fields as they are; only their age counts from the 304, as that of any validated answer. */
function unchanged(stale: HeaderMap, fresh: HeaderMap): HeaderMap {
  const headers = stale.clone()
  headers.removeRaw('age')
  headers.removeRaw('date')
  for (const date of fresh.getAll('date')) headers.appendRaw('Date', 'date', date)
  return headers
}

function merged(response: OriginResponse, headers: HeaderMap): FetchStep {
  return { step: 'respond', response, body: null, merged: { headers } }
}
