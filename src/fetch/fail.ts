/** The fetch failed: the stale object that staleIfError allows, else what `backendError` makes; the claim is released either way. */
import type { Action } from '../../vcl-ts/actions.ts'
import { errorPage } from '../../vcl-ts/builtin/error-page.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { C } from '../counters.ts'
import { FAULTS, RequestFailure } from '../errors.ts'
import { CachedObject } from '../object/object.ts'
import { bodyOf } from '../object/stored-body.ts'
import { OriginFailure } from '../origin/exchange.ts'
import { BackendResponse } from '../policy/backend-response.ts'
import { failureStatus } from '../policy/failure-status.ts'
import { parseCacheControl } from '../wire/cache-control.ts'
import { reasonPhrase } from '../wire/status.ts'
import { askAgain } from './again.ts'
import { goesAgain, goesElsewhere } from './choice.ts'
import { policyFailure } from './prepare.ts'
import { DONE, type FetchStep, type NextFetchStep } from './step.ts'
import { storedFieldLines, withheldFields } from './stored-head.ts'
import type { FetchTransaction } from './transaction.ts'

type FailStep = Extract<FetchStep, { step: 'fail' }>

const NO_NAMES: readonly string[] = []

export function fail(fetch: FetchTransaction, step: FailStep): NextFetchStep {
  const { deps, init } = fetch
  const { failure } = step
  if (failure instanceof OriginFailure && (goesElsewhere(fetch, failure) || goesAgain(fetch, failure))) return { step: 'send' }
  // What the origin failed at is counted where it failed.
  if (!(failure instanceof OriginFailure)) deps.counters.add(C.fetch_failed)
  const stale = init.stale
  if (stale !== null && !deservesError(step) && deps.table.outdated(stale, fetch.position) !== 'hard') {
    fetch.postpone(stale)
    const wellFormed = failure instanceof RequestFailure && failure.wellFormed
    if (stale.servableOnError(deps.clock.now(), wellFormed)) return serveStale(fetch, failure, stale)
  }
  const context = fetch.context
  // The failing hook is not asked for an error page of its own, nor is anybody when there is nobody to read it.
  if (context === null || (failure instanceof RequestFailure && failure.code === 'policy') || init.kind === 'refresh')
    return give(fetch, step, written(fetch, blank(fetch, step)))
  const beresp = blank(fetch, step)
  context.beresp = beresp
  context.begins()
  if (fetch.log !== null) fetch.log.judged(beresp, 'BACKEND_ERROR')
  const { compiled, limit } = init.policy
  const action = runHook(compiled, 'backendError', context, limit)
  return action instanceof Promise ? action.then((decided) => after(fetch, step, beresp, decided)) : after(fetch, step, beresp, action)
}

/** A policy that answers `error` wants its page, not the stale object. */
function deservesError(step: FailStep): boolean {
  return step.status !== null
}

function serveStale(fetch: FetchTransaction, failure: RequestFailure | OriginFailure, stale: CachedObject): FetchStep {
  const { observer } = fetch
  fetch.observer = null
  if (fetch.duty !== null) fetch.duty.release('again')
  if (fetch.init.claim !== null) fetch.deps.table.release(fetch.init.claim, { type: 'failed', cause: failure, page: null })
  observer?.failed(failure, stale)
  return DONE
}

function after(fetch: FetchTransaction, step: FailStep, beresp: BackendResponse, action: Action): FetchStep {
  fetch.deny(beresp)
  switch (action.type) {
    case 'deliver':
      if (beresp.status > 599) return give(fetch, step, written(fetch, blank(fetch, { ...step, status: 503, reason: null })))
      return give(fetch, step, beresp, fetch.init.policy.compiled.hooks.backendError !== null)
    case 'retry':
      return askAgain(fetch) ?? give(fetch, step, written(fetch, beresp))
    case 'abandon':
      return give(fetch, step, written(fetch, beresp))
    default:
      return give(
        fetch,
        { ...step, failure: policyFailure(fetch, action) },
        written(fetch, blank(fetch, { ...step, failure: new RequestFailure('policy') })),
      )
  }
}

/** An answer made here. With a ttl (a policy gave it one) it is stored like any other. `own`: a policy's hook had the last word. */
function give(fetch: FetchTransaction, step: FailStep, beresp: BackendResponse, own: boolean = false): FetchStep {
  const { deps, init } = fetch
  // What went wrong here need not go wrong elsewhere.
  if (fetch.duty !== null) fetch.duty.release('again')
  const bytes = typeof beresp.body === 'string' ? Buffer.from(beresp.body) : Buffer.from(beresp.body)
  const store = beresp.ttl > 0 && init.kind !== 'pass' && !beresp.uncacheable
  const object = new CachedObject({
    key: init.request.key,
    target: init.request,
    status: beresp.status,
    reason: beresp.reason,
    headers: beresp.headers,
    fieldLines: storedFieldLines(beresp.headers, beresp.control, deps.decisions, deps.settings.tagFields),
    withheld: withheldFields(beresp.headers, beresp.control, deps.settings.tagFields, false),
    life: beresp.life(deps.clock.now()),
    retention: deps.decisions.retention,
    position: fetch.position,
    etag: null,
    lastModified: null,
    date: deps.clock.wall(),
    part: null,
    tags: beresp.tags,
    mustRevalidate: false,
    lifetimeSource: beresp.control.source,
    body: bodyOf(bytes),
    backend: beresp.backend,
    esi: beresp.esi,
    xid: deps.decisions.xVarnish ? fetch.xid : 0,
  })
  if (store) {
    deps.table.publish(init.claim, object, NO_NAMES, init.request.variant(NO_NAMES), true)
    deps.table.complete(object)
  } else if (init.claim !== null) {
    const page = own && isNobodys(fetch, beresp) ? object : null
    deps.table.release(init.claim, { type: 'failed', cause: step.failure, page })
  }
  if (fetch.log !== null) fetch.log.made(store, bytes.length)
  fetch.tell({
    status: beresp.status,
    reason: beresp.reason,
    headers: beresp.headers.clone(),
    object,
    contentLength: bytes.length,
    stored: store,
    why: store ? 'STORED' : 'ERROR',
    ttl: beresp.ttl,
    ttlSource: beresp.control.source,
    originStatus: 0,
    failure: step.failure,
  })
  return DONE
}

/** Whether strangers may have the page: it was not made for somebody, sets no cookie and does not name the request, as the built-in one does. */
function isNobodys({ init }: FetchTransaction, { headers, body }: BackendResponse): boolean {
  if (init.request.credentialed || headers.hasLower('set-cookie')) return false
  return !(typeof body === 'string' ? body : Buffer.from(body).toString('latin1')).includes(init.request.id)
}

/** The built-in page, where no hook has had the last word. */
function written(fetch: FetchTransaction, beresp: BackendResponse): BackendResponse {
  if (beresp.body.length > 0) return beresp
  const { id, headers } = fetch.init.request
  const { status, reason, why, detail } = beresp
  const page = errorPage({ status, reason, cause: why, detail, id, accept: headers.joined('accept') })
  for (const [name, value] of page.headers) beresp.headers.set(name, value)
  beresp.body = page.body
  return beresp
}

function blank(fetch: FetchTransaction, step: FailStep): BackendResponse {
  const { decisions } = fetch.deps
  const fault = FAULTS[step.failure.code]
  const status = step.status ?? failureStatus(step.failure.code, decisions)
  const beresp = new BackendResponse({
    status,
    reason: step.reason ?? reasonPhrase(status),
    headers: new HeaderMap(),
    ttl: 0,
    grace: 0,
    staleIfError: 0,
    keep: 0,
    age: 0,
    control: {
      ...parseCacheControl(undefined),
      source: 'none',
      explicit: false,
      targeted: false,
      validator: false,
      heuristicallyCacheable: false,
      understood: true,
      vary: 'none',
      varyCookie: false,
      conflict: false,
      contentRange: 'none',
      framing: 'length',
    },
    backend: fetch.backend?.url ?? '',
    was304: false,
    uncacheable: false,
  })
  beresp.why = 'ERROR'
  beresp.detail = fault.text
  if (step.failure.code === 'pool_full') beresp.headers.set('Retry-After', '1')
  return beresp
}
