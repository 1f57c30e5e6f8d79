/** Makes the request towards the origin from the client's, and lets `backendFetch` look at it. */
import type { Action } from '../../vcl-ts/actions.ts'
import { type BackendChoice, backendsOf } from '../../vcl-ts/directors/director.ts'
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { BackendContext } from '../policy/backend-context.ts'
import { BackendRequest } from '../policy/backend-request.ts'
import { normaliseAcceptEncoding } from '../wire/accept.ts'
import { conditionalFields } from '../wire/revalidation.ts'
import { askForSlice, wishOf } from './slicing.ts'
import { type FetchStep, failWith, type NextFetchStep } from './step.ts'
import { asksForCodings, wantedCodings } from './store-stages.ts'
import type { FetchTransaction } from './transaction.ts'

const CONDITIONAL = new NameSet(['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'])
const OF_A_RANGE = new NameSet(['range', 'if-range'])

export function prepare(fetch: FetchTransaction): NextFetchStep {
  const bereq = fetch.bereq ?? newBereq(fetch)
  fetch.bereq = bereq
  setConditions(fetch, bereq.headers)
  if (fetch.deps.decisions.xVarnish) bereq.headers.set('X-Varnish', String(fetch.xid))
  if (fetch.log !== null) fetch.log.asks(bereq)
  const context = fetch.context ?? new BackendContext({ ...fetch.init.state }, bereq, fetch)
  fetch.context = context
  context.begins()
  const { compiled, limit } = fetch.init.policy
  const action = runHook(compiled, 'backendFetch', context, limit)
  return action instanceof Promise ? action.then((decided) => after(fetch, decided)) : after(fetch, action)
}

function after(fetch: FetchTransaction, action: Action): FetchStep {
  switch (action.type) {
    case 'fetch':
      forgetPurged(fetch)
      return { step: 'send' }
    case 'abandon':
      return failWith(new RequestFailure('abandoned'))
    case 'error':
      return { step: 'fail', failure: new RequestFailure('abandoned'), status: action.status, reason: action.reason }
    default:
      return failWith(policyFailure(fetch, action))
  }
}

/** What a hook's `fail` becomes; the log gets the cause, the client does not. */
export function policyFailure(fetch: FetchTransaction, action: Action): RequestFailure {
  const cause = action.type === 'fail' ? action.cause : null
  const reason = action.type === 'fail' ? action.reason : `unexpected action ${action.type}`
  fetch.deps.log.error(
    { fetch: fetch.init.request.id, reason, err: fetch.init.policy.located(cause) ?? undefined },
    'a backend hook failed',
  )
  return new RequestFailure('policy')
}

function newBereq(fetch: FetchTransaction): BackendRequest {
  const { init, deps } = fetch
  const { request } = init
  if (request.slice !== null && request.slice.of !== null) deps.counters.add(C.slice_fetch)
  const choice = request.backend ?? init.policy.backend ?? deps.defaultBackend
  const backend = choice?.type === 'backend' ? choice : null
  const { deadlines } = deps.settings
  const headers = request.headers.clone()
  let method = request.method
  if (init.kind !== 'pass') {
    method = fetchMethod(fetch)
    headers.removeEach(CONDITIONAL)
    if (init.range === null) headers.removeEach(OF_A_RANGE)
    const encoding = headers.joinedLower('accept-encoding')
    if (asksForCodings(fetch, method)) headers.set('Accept-Encoding', wantedCodings(fetch))
    else if (encoding !== undefined) headers.set('Accept-Encoding', normaliseAcceptEncoding(encoding) || 'identity')
    const slice = request.slice === null ? null : wishOf(fetch)
    if (slice !== null) askForSlice(slice, headers)
  }
  if (init.kind === 'refresh') forgetPerson(fetch, headers)
  headers.removeRaw('expect')
  if ((headers.getLower('host') ?? '') === '') headers.set('Host', hostOf(choice))
  return new BackendRequest({
    method,
    url: request.url,
    headers,
    backend: choice,
    connectTimeout: backend?.connectTimeout ?? deadlines.connect,
    firstByteTimeout: backend?.firstByteTimeout ?? deadlines.firstByte,
    betweenBytesTimeout: backend?.betweenBytesTimeout ?? deadlines.betweenBytes,
    isBgfetch: init.kind === 'refresh',
    isHitMiss: init.refusal === 'hitForMiss',
    isHitPass: init.refusal === 'hitForPass',
    uncacheable: init.kind === 'pass',
    credentialed: request.credentialed && speaksForSomebody(fetch, headers),
    authorized: request.authorized && headers.hasLower('authorization'),
    request,
  })
}

/** For a request that names none. */
function hostOf(choice: BackendChoice | null): string {
  return (choice === null ? undefined : backendsOf(choice)[0]?.authority) ?? 'localhost'
}

/** A fetch that may be stored is a GET, unless a policy kept the body that goes with the request's own method; HEAD is forwarded as HEAD where the preset says so, and then serves this request alone. */
function fetchMethod(fetch: FetchTransaction): string {
  const { method, ownMethod } = fetch.init.request
  if (ownMethod) return method
  return method === 'HEAD' && fetch.deps.decisions.headMiss === 'forward' && fetch.init.kind === 'miss' ? 'HEAD' : 'GET'
}

/** A refresh in the background is nobody's request: it carries a person's fields only where the stored variant depends on them. */
function forgetPerson(fetch: FetchTransaction, headers: HeaderMap): void {
  const vary = (fetch.init.stale?.headers.joinedLower('vary') ?? '').toLowerCase()
  const names = vary.split(',').map((name) => name.trim())
  for (const name of ['cookie', 'authorization']) if (!names.includes(name)) headers.removeRaw(name)
}

/** Only a policy can know of other fields that tell who asks; where one looks at requests, its word stands. */
function speaksForSomebody(fetch: FetchTransaction, headers: HeaderMap): boolean {
  const { kind, policy } = fetch.init
  return kind !== 'refresh' || policy.watchesClient || headers.hasLower('cookie') || headers.hasLower('authorization')
}

/** What was purged while a hook was waited for is not asked about any more. */
function forgetPurged(fetch: FetchTransaction): void {
  if (fetch.conditional && fetch.bereq !== null && fetch.confirmable === null) setConditions(fetch, fetch.bereq.headers)
}

function setConditions(fetch: FetchTransaction, headers: HeaderMap): void {
  const { claim } = fetch.init
  if (fetch.init.kind === 'pass') return
  if (fetch.conditional || fetch.plain) headers.removeEach(CONDITIONAL)
  if (fetch.completing) headers.removeEach(OF_A_RANGE)
  fetch.conditional = false
  fetch.completing = false
  const stale = fetch.confirmable
  if (stale !== null) {
    const lastModifiedField = stale.headers.getLower('last-modified') ?? null
    const lastModifiedStrong = stale.lastModified !== null && stale.lastModified <= stale.date - 1000
    const fields = conditionalFields({ etag: stale.etag, lastModifiedField, lastModifiedStrong }, fetch.deps.decisions.varnishLifetime)
    for (const [name, value] of fields) headers.set(name, value)
    fetch.conditional = fields.length > 0
    return
  }
  const part = claim?.part ?? null
  if (part === null || part.part === null || fetch.plain || claim?.detached === true) return
  headers.set('Range', `bytes=${part.part.last + 1}-`)
  if (part.etag !== null && !part.etag.startsWith('W/')) headers.set('If-Range', part.etag)
  fetch.completing = true
}
