/** A HEAD's answer freshens the stored GET answer, or shows that it is out of date (RFC 9111 §4.3.5). */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { manifestOf } from '../object/manifest.ts'
import { CachedObject } from '../object/object.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { varyByCoding } from '../wire/content-coding.ts'
import { parseHttpDate } from '../wire/http-date.ts'
import { merge304, sameRepresentation } from '../wire/revalidation.ts'
import { parseVary } from '../wire/vary.ts'
import { mustRevalidate, storedFieldLines, withheldFields } from './stored-head.ts'
import type { FetchTransaction } from './transaction.ts'

const VALIDATORS = ['etag', 'last-modified']

export function freshenByHead(fetch: FetchTransaction, beresp: BackendResponse, response: OriginResponse): void {
  const stale = fetch.init.stale
  const { table, decisions, clock } = fetch.deps
  const { tagFields } = fetch.deps.settings
  if (stale === null || beresp.status !== 200 || stale.status !== 200 || !stale.complete || stale.part !== null) return
  if (table.outdated(stale, fetch.position) !== 'valid') return
  // What was changed when it was stored has another length than the origin's.
  const sameLength = response.contentLength === null || stale.coding !== null || response.contentLength === lengthOf(stale)
  if (!sameLength || !sameRepresentation(stale.headers, beresp.headers) || !sameDate(stale.headers, beresp.headers)) {
    stale.soften(clock.now())
    table.discard(stale)
    if (fetch.duty !== null) fetch.duty.forget(stale.key)
    return
  }
  // Pages change without changing their length, and a soft purge says that this one has.
  if (decisions.headFreshens === 'validated' && !haveValidator(stale.headers, beresp.headers)) return
  const headers = merge304(stale.headers, beresp.headers)
  if (stale.coding !== null) varyByCoding(headers)
  const vary = parseVary(headers)
  if (beresp.uncacheable || (vary.type !== 'none' && vary.type !== 'names')) return
  const all = vary.type === 'names' ? vary.names : []
  const names = stale.coding === null ? all : all.filter((name) => name !== 'accept-encoding')
  const fresh = new CachedObject({
    key: stale.key,
    target: stale.target,
    status: stale.status,
    reason: stale.reason,
    headers,
    fieldLines: storedFieldLines(headers, beresp.control, decisions, tagFields),
    withheld: withheldFields(headers, beresp.control, tagFields, false),
    life: beresp.life(clock.now()),
    retention: decisions.retention,
    position: fetch.position,
    etag: headers.getLower('etag') ?? null,
    lastModified: parseHttpDate(headers.getLower('last-modified') ?? '', clock.wall()),
    date: parseHttpDate(headers.getLower('date') ?? '', clock.wall()) ?? stale.date,
    part: null,
    tags: stale.tags,
    mustRevalidate: mustRevalidate(beresp.control),
    lifetimeSource: beresp.control.source,
    body: stale.body,
    backend: beresp.backend,
    esi: stale.esi,
    sliced: stale.sliced,
    coding: stale.coding,
    xid: stale.xid,
  })
  table.publish(null, fresh, names, fetch.init.request.variant(names), true)
  table.complete(fresh)
}

function lengthOf(object: CachedObject): number | null {
  return object.sliced ? manifestOf(object).total : object.body.length
}

/** Whether there is one that both have. */
function haveValidator(stored: HeaderMap, head: HeaderMap): boolean {
  return VALIDATORS.some((name) => stored.hasLower(name) && head.hasLower(name))
}

/** Unlike a 304, whose ETag settles it, a HEAD must agree in every validator that it has. */
function sameDate(stored: HeaderMap, head: HeaderMap): boolean {
  const date = head.getLower('last-modified')
  return date === undefined || date === stored.getLower('last-modified')
}
