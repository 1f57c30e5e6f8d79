/**
 * The answer becomes an object: readable from its first byte, shared when it may be, stored when it is whole.
 * What is decided here is what no policy may decide otherwise: an object that cannot be reused safely is nobody else's.
 */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { Body } from '../body/body.ts'
import { type Stage, staged } from '../body/stages.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { Filling } from '../object/filling.ts'
import { type Lifetime, retention } from '../object/lifetime.ts'
import { CachedObject, Marker, type Part } from '../object/object.ts'
import { EMPTY_BODY, keptBody, StoredBody } from '../object/stored-body.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import type { ActivePolicy } from '../policy/active.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { cacheGroups, groupTag } from '../wire/groups.ts'
import { parseHttpDate } from '../wire/http-date.ts'
import { parseContentRange } from '../wire/range.ts'
import { parseVary } from '../wire/vary.ts'
import { askPlain } from './again.ts'
import { freshenByHead } from './head.ts'
import { DONE, type FetchStep, failWith, type NextFetchStep } from './step.ts'
import { type Shaping, shapingOf } from './store-stages.ts'
import { deliverableHeaders, mustRevalidate, storedFieldLines, withheldFields } from './stored-head.ts'
import { asksForWhole, assembles } from './template.ts'
import type { FetchTransaction } from './transaction.ts'
import { invalidateUnsafe, storesPost } from './unsafe.ts'

type ReceiveStep = Extract<FetchStep, { step: 'receive' }>

const NO_NAMES: readonly string[] = []

/** Whether and how an answer is shared. */
interface Sharing {
  readonly shared: boolean
  readonly store: boolean
  readonly why: Reason
  readonly names: readonly string[]
  readonly part: Part | null
}

export function receive(fetch: FetchTransaction, step: ReceiveStep): NextFetchStep {
  const invalidated = invalidateUnsafe(fetch, step.beresp)
  return invalidated === null ? begin(fetch, step) : invalidated.then(() => begin(fetch, step))
}

function begin(fetch: FetchTransaction, came: ReceiveStep): FetchStep {
  const { beresp } = came
  if (beresp.esi && beresp.status === 206) {
    fetch.cancelCall()
    return asksForWhole(fetch) ? askPlain(fetch) : failWith(new RequestFailure('unexpected_206'))
  }
  const stale = fetch.init.claim?.stale ?? fetch.init.stale
  if (fetch.bereq?.method === 'HEAD' && fetch.init.kind === 'miss') freshenByHead(fetch, beresp, came.response)
  const judged = share(fetch, came)
  const shaping = shapingOf(fetch, came, judged.store)
  if (shaping instanceof RequestFailure) {
    fetch.cancelCall()
    return failWith(shaping)
  }
  const sharing = shaping?.servesAll === true ? { ...judged, names: withoutCodings(judged.names) } : judged
  const step = shaping === null || shaping.stages.length === 0 ? came : through(came, shaping.stages)
  const object = newObject(fetch, step, sharing, step.merged !== null && stale !== null ? stale.body : EMPTY_BODY, shaping)
  fetch.object = object
  fetch.keeping = sharing.store
  const { body, response } = step
  if (body instanceof StoredBody) {
    // Nothing is left to arrive: no filling, nobody to follow it.
    object.body = sharing.store ? keptBody(body) : body
    fetch.call = null
  } else if (body !== null) {
    fetch.filling = new Filling(
      response.framing === 'length' ? response.contentLength : null,
      // An answer that is delivered only when it is whole is kept until then, whether it is stored or not.
      sharing.store || !beresp.stream,
      { keep: fetch.deps.settings.maxObject, window: fetch.deps.settings.limits.transferBuffer, budget: fetch.deps.fillBudget },
      fetch,
    )
    object.body = fetch.filling
  }
  if (beresp.stream || fetch.filling === null) {
    open(fetch, step, sharing, object)
    if (body !== null) fill(fetch, body)
    return DONE
  }
  fetch.whenWhole = () => {
    fetch.whenWhole = null
    open(fetch, step, sharing, object)
    fetch.decided()
  }
  if (body !== null) fetch.filling.fill(body)
  return DONE
}

/** Its length is not known any more. */
function through(step: ReceiveStep, stages: readonly (() => Stage)[]): ReceiveStep {
  const { body, response } = step
  return body === null ? step : { ...step, body: staged(body, stages), response: { ...response, framing: 'chunked', contentLength: null } }
}

function fill(fetch: FetchTransaction, body: Body): void {
  const { filling } = fetch
  if (filling === null) return
  filling.fill(body)
  if (filling.ended) return
  fetch.watchPace()
  if (!filling.wanted) fetch.watchAlone()
}

/** Lets the leader and everybody who may share it have the object. */
function open(fetch: FetchTransaction, step: ReceiveStep, sharing: Sharing, object: CachedObject): void {
  const { deps, init } = fetch
  const { claim } = init
  if (sharing.shared) {
    deps.table.publish(claim, object, sharing.names, init.request.variant(sharing.names), sharing.store)
    if (step.body === null || object.complete) deps.table.complete(object)
  } else refuse(fetch, step, sharing)
  const { beresp, response } = step
  fetch.tell({
    status: beresp.status,
    reason: beresp.reason,
    headers: sendsAsKept(step, sharing, init.policy) ? null : deliverableHeaders(beresp.headers, deps.decisions, deps.settings.tagFields),
    object,
    contentLength: announcedLength(step, object),
    stored: sharing.store,
    why: sharing.why,
    ttl: beresp.ttl,
    ttlSource: beresp.control.source,
    originStatus: response.status,
    failure: null,
  })
}

/** Whether the request that fetched it gets the very head that later ones get, so that it need not be written twice. */
function sendsAsKept({ beresp, merged }: ReceiveStep, sharing: Sharing, { compiled }: ActivePolicy): boolean {
  if (!sharing.shared || sharing.part !== null || merged !== null || compiled.hooks.deliver !== null) return false
  const { noCacheFields, privateFields } = beresp.control
  return noCacheFields.length === 0 && privateFields.length === 0 && !beresp.headers.hasLower('age')
}

function announcedLength(step: ReceiveStep, object: CachedObject): number | null {
  if (step.merged !== null) return object.body.length
  const { response, body, beresp } = step
  if (body !== null) return response.framing === 'length' ? response.contentLength : null
  if (beresp.status === 204 || beresp.status === 304) return null
  return response.contentLength
}

function share(fetch: FetchTransaction, step: ReceiveStep): Sharing {
  const { beresp, response, hitForPass } = step
  const { init, deps } = fetch
  if (init.kind === 'pass')
    return storesPost(fetch, beresp)
      ? { shared: true, store: true, why: 'STORED', names: varyNames(beresp.headers) ?? NO_NAMES, part: null }
      : privately(beresp, 'POLICY')
  if (fetch.bereq?.method === 'HEAD') return privately(beresp, 'HEAD')
  if (hitForPass !== null) return privately(beresp, 'HIT_FOR_PASS')
  if (beresp.uncacheable) return privately(beresp, beresp.why === 'STORED' ? 'POLICY' : beresp.why)
  if (init.request.noStore) return privately(beresp, 'NO_STORE')
  if (step.body !== null && (step.body.length ?? response.contentLength ?? 0) > deps.settings.maxObject)
    return privately(beresp, 'TOO_LARGE')
  const names = varyNames(beresp.headers)
  if (names === null) return privately(beresp, parseVary(beresp.headers).type === 'star' ? 'VARY_STAR' : 'VARY_MALFORMED')
  // A 304 that no object stands behind, and a range that was refused, say nothing about the representation.
  if (beresp.status === 304) return privately(beresp, 'STATUS')
  if (init.range !== null && beresp.status === 416) return privately(beresp, 'RANGE')
  const part = beresp.status === 206 ? partOf(response) : null
  if (beresp.status === 206 && part === null) return privately(beresp, 'RANGE_INCONSISTENT')
  const kept = retention(beresp, deps.decisions.retention)
  const store = kept > 0
  if (store && kept < deps.settings.shortlived) deps.counters.add(C.beresp_shortlived)
  return { shared: true, store, why: store ? 'STORED' : 'NO_FRESHNESS', names, part }
}

function privately(beresp: BackendResponse, why: Reason): Sharing {
  return { shared: false, store: false, why, names: varyNames(beresp.headers) ?? NO_NAMES, part: null }
}

/** Sorted lower-case names; `null` when the variant cannot be told. */
function varyNames(headers: HeaderMap): readonly string[] | null {
  const vary = parseVary(headers)
  return vary.type === 'none' ? NO_NAMES : vary.type === 'names' ? vary.names : null
}

function withoutCodings(names: readonly string[]): readonly string[] {
  return names.includes('accept-encoding') ? names.filter((name) => name !== 'accept-encoding') : names
}

function partOf(response: OriginResponse): Part | null {
  const range = parseContentRange(response.headers.joined('content-range') ?? '')
  if (range === null || !('first' in range)) return null
  const length = range.last - range.first + 1
  return response.contentLength === null || response.contentLength === length
    ? { first: range.first, last: range.last, total: range.total }
    : null
}

function lifeOf(fetch: FetchTransaction, beresp: BackendResponse): Lifetime {
  return {
    storedAt: fetch.responseTime,
    ttl: beresp.ttl,
    grace: beresp.grace,
    staleIfError: beresp.staleIfError,
    staleIfErrorExplicit: beresp.staleIfErrorExplicit,
    keep: beresp.keep,
    age: beresp.age,
  }
}

function newObject(
  fetch: FetchTransaction,
  step: ReceiveStep,
  sharing: Sharing,
  body: Filling | StoredBody,
  shaping: Shaping | null,
): CachedObject {
  const { beresp, merged } = step
  const { deps, init } = fetch
  const headers = storedHeaders(fetch, step)
  const wall = deps.clock.wall()
  const lastModified = headers.getLower('last-modified')
  const { control } = beresp
  const { tagFields } = deps.settings
  return new CachedObject({
    key: init.request.key,
    target: init.request,
    status: beresp.status,
    reason: beresp.reason,
    headers,
    fieldLines: sharing.shared ? storedFieldLines(headers, control, deps.decisions, tagFields, sharing.part !== null) : '',
    withheld: sharing.shared ? withheldFields(headers, control, tagFields, sharing.part !== null) : NO_NAMES,
    life: lifeOf(fetch, beresp),
    retention: deps.decisions.retention,
    // A refreshed object takes the position of its revalidation; the answer to a POST comes after the invalidation that it caused.
    position: init.kind === 'pass' ? deps.table.position : fetch.position,
    etag: headers.getLower('etag') ?? null,
    lastModified: lastModified === undefined ? null : parseHttpDate(lastModified, wall),
    date: parseHttpDate(headers.getLower('date') ?? '', wall) ?? wall,
    part: sharing.part,
    tags: sharing.shared ? tagsOf(fetch, beresp) : NO_NAMES,
    mustRevalidate: mustRevalidate(control),
    lifetimeSource: control.source,
    body: merged === null ? EMPTY_BODY : body,
    backend: beresp.backend,
    esi: beresp.esi && assembles(beresp.status),
    coding: shaping === null ? null : shaping.coding,
  })
}

/** Those that the policy left, and the groups of RFC 9875. */
function tagsOf({ init }: FetchTransaction, beresp: BackendResponse): readonly string[] {
  const { scheme, host } = init.request
  const tags = beresp.tagList
  const groups = cacheGroups(beresp.headers, 'cache-groups').map((group) => groupTag(scheme, host, group))
  if (tags.length === 0 && groups.length === 0) return NO_NAMES
  return [...new Set([...tags, ...groups])].filter((tag) => typeof tag === 'string' && tag !== '')
}

/** What is kept: the head as the policy left it; cookies that only the 304 set are not part of the stored answer. */
function storedHeaders(fetch: FetchTransaction, step: ReceiveStep): HeaderMap {
  const { beresp, merged } = step
  if (merged === null) return beresp.headers
  const headers = beresp.headers.clone()
  headers.removeRaw('set-cookie')
  for (const cookie of fetch.init.claim?.stale?.headers.getAll('set-cookie') ?? []) headers.appendRaw('Set-Cookie', 'set-cookie', cookie)
  return headers
}

function refuse(fetch: FetchTransaction, step: ReceiveStep, sharing: Sharing): void {
  const { deps, init } = fetch
  const { beresp, hitForPass } = step
  const credentialed = fetch.bereq?.credentialed ?? init.request.credentialed
  const { request, claim } = init
  if (init.kind === 'pass') return
  deps.counters.add(C.beresp_uncacheable)
  deps.counters.reason('reason', sharing.why)
  // A part, a HEAD, an error while something good is held: nothing to remember for the whole representation.
  const remembered = init.range === null && fetch.bereq?.method !== 'HEAD' && !(beresp.status >= 500 && init.stale !== null)
  let marker: Marker | null = null
  if (remembered) {
    const ttl = hitForPass ?? (beresp.uncacheable && beresp.ttl > 0 ? beresp.ttl : deps.decisions.uncacheableTtl)
    const type = hitForPass === null ? 'hitForMiss' : 'hitForPass'
    marker = new Marker(request.key, type, fetch.responseTime + ttl * 1000, fetch.position, credentialed)
  }
  const variant = request.variant(sharing.names)
  if (claim !== null) deps.table.refuse(claim, sharing.names, variant, marker, remembered && beresp.status < 500 && !credentialed)
  else if (marker !== null && deps.table.overtaken(request.key, fetch.position) !== 'hard')
    deps.table.remember(request.key, sharing.names, variant, marker)
}
