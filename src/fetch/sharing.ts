/** Whether an answer may be shared and stored: what no policy may decide otherwise. And what is remembered of one that may not. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { C } from '../counters.ts'
import { isOvertaken } from '../object/adoption.ts'
import { retention } from '../object/lifetime.ts'
import { Marker } from '../object/marker.ts'
import type { Part } from '../object/object.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { parseContentRange } from '../wire/range.ts'
import { parseVary } from '../wire/vary.ts'
import type { Duty } from './duty.ts'
import type { FetchStep } from './step.ts'
import type { FetchTransaction } from './transaction.ts'
import { storesPost } from './unsafe.ts'

export type ReceiveStep = Extract<FetchStep, { step: 'receive' }>

const NO_NAMES: readonly string[] = []

/** Whether and how an answer is shared. */
export interface Sharing {
  readonly shared: boolean
  readonly store: boolean
  readonly why: Reason
  readonly names: readonly string[]
  readonly part: Part | null
}

export function share(fetch: FetchTransaction, step: ReceiveStep): Sharing {
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
  const store = kept > 0 && !(deps.decisions.varnishLifetime && neverFresh(beresp))
  if (store && kept < deps.settings.shortlived) deps.counters.add(C.beresp_shortlived)
  return { shared: true, store, why: store ? 'STORED' : 'NO_FRESHNESS', names, part }
}

/** Under Varnish's rules such an answer serves those who waited for it, and leaves what is stored in its place. */
function neverFresh({ ttl, age }: BackendResponse): boolean {
  return ttl + age <= 0
}

function privately(beresp: BackendResponse, why: Reason): Sharing {
  return { shared: false, store: false, why, names: varyNames(beresp.headers) ?? NO_NAMES, part: null }
}

/** Sorted lower-case names; `null` when the variant cannot be told. */
function varyNames(headers: HeaderMap): readonly string[] | null {
  const vary = parseVary(headers)
  return vary.type === 'none' ? NO_NAMES : vary.type === 'names' ? vary.names : null
}

export function withoutCodings(names: readonly string[]): readonly string[] {
  return names.includes('accept-encoding') ? names.filter((name) => name !== 'accept-encoding') : names
}

function partOf(response: OriginResponse): Part | null {
  const range = parseContentRange(response.headers.joinedLower('content-range') ?? '')
  if (range === null || !('first' in range)) return null
  const length = range.last - range.first + 1
  return response.contentLength === null || response.contentLength === length
    ? { first: range.first, last: range.last, total: range.total }
    : null
}

/** Nobody else may have it: the claim ends, and what led to that is remembered. */
export function refuse(fetch: FetchTransaction, step: ReceiveStep, sharing: Sharing): void {
  const { deps, init } = fetch
  const { beresp, hitForPass } = step
  const credentialed = fetch.bereq?.credentialed ?? init.request.credentialed
  const { request, claim } = init
  if (init.kind === 'pass') return
  deps.counters.add(C.beresp_uncacheable)
  deps.counters.reason('reason', sharing.why)
  // A part, a HEAD, an error while something good is held: nothing to remember for the whole representation.
  const remembered = init.range === null && fetch.bereq?.method !== 'HEAD' && !(beresp.status >= 500 && init.stale !== null)
  const variant = request.variant(sharing.names)
  let marker: Marker | null = null
  if (remembered) {
    const ttl = hitForPass ?? (beresp.uncacheable && beresp.ttl > 0 ? beresp.ttl : deps.decisions.uncacheableTtl)
    const type = hitForPass === null ? 'hitForMiss' : 'hitForPass'
    const until = fetch.responseTime + ttl * 1000
    const before = init.marker
    const known = before?.credentialed === credentialed && before.says(type, until) && before.isAt(request.key, sharing.names, variant)
    if (!known || claim !== null) marker = new Marker(request.key, type, until, fetch.position, credentialed, fetch.xid)
  }
  if (fetch.duty !== null) owed(fetch.duty, fetch, sharing.names, variant, marker)
  if (claim !== null) deps.table.refuse(claim, sharing.names, variant, marker, remembered && beresp.status < 500 && !credentialed)
  else if (marker !== null && deps.table.overtaken(request.key, fetch.position) !== 'hard')
    deps.table.remember(request.key, sharing.names, variant, marker)
}

/** Other nodes hear of it from who holds the claim alone: while the refusal lasts, everybody else goes to the origin without asking. */
function owed(duty: Duty, { init, deps }: FetchTransaction, names: readonly string[], variant: string, marker: Marker | null): void {
  const { claim } = init
  if (claim !== null && isOvertaken(deps.table, claim)) duty.release('again')
  else if (marker === null || claim === null) duty.release('alone')
  else duty.refused(marker, names, variant)
}
