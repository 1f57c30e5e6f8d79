/** The head of the answer is here: compute its life, let `backendResponse` decide. */
import type { Action } from '../../vcl-ts/actions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { readTags } from '../../vcl-ts/tags.ts'
import type { Body } from '../body/body.ts'
import { ConcatBody } from '../body/concat.ts'
import { RequestFailure } from '../errors.ts'
import type { CachedObject } from '../object/object.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import { BackendResponse } from '../policy/backend-response.ts'
import { strongMatch } from '../wire/entity-tag.ts'
import { stripHopByHop } from '../wire/hop-by-hop.ts'
import { parseContentRange } from '../wire/range.ts'
import { retryAfter } from '../wire/retry-after.ts'
import { askAgain, askPlain } from './again.ts'
import { goesElsewhere } from './choice.ts'
import { freshness } from './freshness.ts'
import { policyFailure } from './prepare.ts'
import { giveUpSlices, judgeSlice, manifestBefore, sliceFailed, wishOf } from './slicing.ts'
import type { SliceWish } from './start.ts'
import { type FetchStep, failWith, type Merged, type NextFetchStep } from './step.ts'
import { asksToBeAssembled } from './template.ts'
import type { FetchTransaction } from './transaction.ts'

/** Seconds for which a backend may ask that it be left alone. */
const LONGEST_REST = 300

/** RFC 5861 §4. */
const ERRORS: ReadonlySet<number> = new Set([500, 502, 503, 504])

export function respond(fetch: FetchTransaction, response: OriginResponse, body: Body | null, merged: Merged | null): NextFetchStep {
  const { init } = fetch
  const stale = init.stale
  if (response.status === 503 || response.status === 429) rest(fetch, response)
  if (ERRORS.has(response.status) && merged === null && goesElsewhere(fetch, null)) {
    fetch.cancelCall()
    return { step: 'send' }
  }
  if (merged === null) stripHopByHop(response.headers, 'response')
  if (merged === null && response.status === 304 && init.kind !== 'pass' && fetch.context?.beresp?.was304 !== true)
    return failWith(new RequestFailure('unexpected_304'))
  if ((ERRORS.has(response.status) || isRefusedRefresh(fetch, response)) && stale !== null && outlivesError(fetch, stale)) {
    fetch.cancelCall()
    return failWith(new RequestFailure('origin_error', `the origin answered ${response.status}`, true))
  }
  const slice = merged === null && init.request.slice !== null ? wishOf(fetch) : null
  if (slice !== null) return sliced(fetch, slice, response, body)
  if (fetch.completing) return complete(fetch, response, body)
  if (response.status === 206 && init.kind !== 'pass' && init.range === null) {
    fetch.cancelCall()
    return failWith(new RequestFailure('unexpected_206'))
  }
  return ask(fetch, response, body, merged)
}

/** Who asks too often in the background has got nothing to replace the object with, and its clients no reason to hear of it. */
function isRefusedRefresh({ init }: FetchTransaction, { status }: OriginResponse): boolean {
  return status === 429 && init.kind === 'refresh'
}

/** What the backend asks for by `Retry-After`, within reason: so long it is not asked to refresh this. */
function rest(fetch: FetchTransaction, { headers }: OriginResponse): void {
  const { deps, backend, chosen, init } = fetch
  const seconds = retryAfter(headers.getLower('retry-after'), deps.clock.wall())
  if (seconds === null || backend === null) return
  const ms = Math.min(seconds, LONGEST_REST) * 1000
  // Behind a director others may do it meanwhile.
  if (chosen === null) fetch.rest = ms
  else deps.directors.deny(backend, init.request.key, ms, true)
}

function sliced(fetch: FetchTransaction, wish: SliceWish, response: OriginResponse, body: Body | null): NextFetchStep {
  fetch.slice = null
  const answer = judgeSlice(wish, response, body, manifestBefore(fetch), fetch.deps.clock.wall())
  switch (answer.type) {
    case 'slice':
      fetch.slice = answer.slice
      return ask(fetch, answer.response, body, null)
    case 'whole':
      return ask(fetch, answer.response, body, null)
    case 'unsliced':
      return giveUpSlices(fetch, answer.remember)
    case 'failed':
      return sliceFailed(fetch, answer.failure)
    default:
      return answer satisfies never
  }
}

/** An error never takes the place of what may still be served: fresh or in grace, or because stale-if-error covers it. */
function outlivesError(fetch: FetchTransaction, stale: CachedObject): boolean {
  const now = fetch.deps.clock.now()
  return stale.servableOnError(now, true) || (fetch.init.kind === 'refresh' && stale.freshness(now) !== 'stale')
}

/** The rest of a stored part: joined only with an equal strong ETag and touching ranges; a 200 replaces; anything else is fetched whole. */
function complete(fetch: FetchTransaction, response: OriginResponse, body: Body | null): NextFetchStep {
  const part = fetch.init.claim?.part ?? null
  if (response.status === 200 || part?.part == null) return ask(fetch, response, body, null)
  const range = parseContentRange(response.headers.joinedLower('content-range') ?? '')
  const etag = response.headers.getLower('etag')
  const joins =
    response.status === 206 &&
    body !== null &&
    body.length !== null &&
    part.complete &&
    fetch.deps.table.outdated(part, fetch.position) === 'valid' &&
    part.etag !== null &&
    etag !== undefined &&
    strongMatch(part.etag, etag) &&
    range !== null &&
    'first' in range &&
    range.first === part.part.last + 1 &&
    range.total !== null &&
    range.last === range.total - 1 &&
    body.length === range.last - range.first + 1
  if (!joins || body === null || range === null || !('first' in range) || range.total === null) {
    fetch.cancelCall()
    return askPlain(fetch)
  }
  const headers = response.headers
  headers.removeRaw('content-range')
  headers.removeRaw('content-length')
  const whole: OriginResponse = { ...response, status: 200, reason: 'OK', headers, framing: 'length', contentLength: range.total }
  return ask(fetch, whole, new ConcatBody(part.body, body), null)
}

function ask(fetch: FetchTransaction, response: OriginResponse, body: Body | null, merged: Merged | null): NextFetchStep {
  const { init, context } = fetch
  if (context === null) return failWith(new RequestFailure('internal'))
  const stale = merged === null ? null : (init.claim?.stale ?? null)
  const headers = merged === null ? response.headers : withOwnCookies(merged.headers, response.headers)
  const status = stale?.status ?? response.status
  const length = stale === null ? response.contentLength : stale.body.length
  const life = freshness(fetch, status, headers, stale === null ? response.framing : 'length', length)
  const beresp = new BackendResponse({
    status,
    reason: stale?.reason ?? response.reason,
    headers,
    ttl: life.ttl,
    grace: life.grace,
    staleIfError: life.staleIfError,
    staleWithGrace: fetch.deps.decisions.defaultStaleIfError === 'grace',
    keep: life.keep,
    age: life.age,
    control: life.control,
    backend: fetch.backend?.url ?? '',
    was304: merged !== null,
    tags: readTags(headers, fetch.deps.settings.tagFields),
    uncacheable: init.kind === 'pass',
    esi: stale?.esi ?? asksToBeAssembled(headers, fetch.deps.decisions),
  })
  context.beresp = beresp
  context.begins()
  if (fetch.log !== null) fetch.log.judged(beresp, 'BACKEND_RESPONSE')
  const { compiled, limit } = init.policy
  const action = runHook(compiled, 'backendResponse', context, limit)
  return action instanceof Promise
    ? action.then((decided) => after(fetch, response, body, beresp, merged, decided))
    : after(fetch, response, body, beresp, merged, action)
}

/** What a 304 sets is this client's alone, but it counts when the answer's sharing is judged. */
function withOwnCookies(merged: HeaderMap, fresh: HeaderMap): HeaderMap {
  for (const cookie of fresh.getAll('set-cookie')) merged.appendRaw('Set-Cookie', 'set-cookie', cookie)
  return merged
}

function after(
  fetch: FetchTransaction,
  response: OriginResponse,
  body: Body | null,
  beresp: BackendResponse,
  merged: Merged | null,
  action: Action,
): FetchStep {
  fetch.deny(beresp)
  switch (action.type) {
    case 'deliver':
      return { step: 'receive', response, body, beresp, merged, hitForPass: null }
    case 'hitForPass':
      return { step: 'receive', response, body, beresp, merged, hitForPass: action.ttl }
    case 'retry':
      fetch.cancelCall()
      return askAgain(fetch) ?? failWith(new RequestFailure('too_many_retries'))
    case 'abandon':
      fetch.cancelCall()
      return failWith(new RequestFailure('abandoned'))
    case 'error':
      fetch.cancelCall()
      return { step: 'fail', failure: new RequestFailure('abandoned'), status: action.status, reason: action.reason }
    default:
      fetch.cancelCall()
      return failWith(policyFailure(fetch, action))
  }
}
