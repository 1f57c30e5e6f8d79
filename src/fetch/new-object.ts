/** What of an answer becomes an object. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Filling } from '../object/filling.ts'
import type { ObjectInit } from '../object/object.ts'
import { EMPTY_BODY, type StoredBody } from '../object/stored-body.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { cacheGroups, groupTag } from '../wire/groups.ts'
import { parseHttpDate } from '../wire/http-date.ts'
import type { ReceiveStep, Sharing } from './sharing.ts'
import type { Shaping } from './store-stages.ts'
import { mustRevalidate, storedFieldLines, withheldFields } from './stored-head.ts'
import { assembles } from './template.ts'
import type { FetchTransaction } from './transaction.ts'

const NO_NAMES: readonly string[] = []

/** `body`: that of the object which a 304 confirmed; what arrives is given to the object later. */
export function objectInit(
  fetch: FetchTransaction,
  step: ReceiveStep,
  sharing: Sharing,
  body: Filling | StoredBody,
  shaping: Shaping | null,
): ObjectInit {
  const { beresp, merged } = step
  const { deps, init } = fetch
  const headers = storedHeaders(fetch, step)
  const wall = fetch.responseWall
  const lastModified = headers.getLower('last-modified')
  const { control } = beresp
  const { tagFields } = deps.settings
  // What a 304 confirmed is what it was.
  const sliced = merged !== null && (init.claim?.stale ?? init.stale)?.sliced === true
  return {
    key: init.request.key,
    target: init.request,
    status: beresp.status,
    reason: beresp.reason,
    headers,
    fieldLines: sharing.shared ? storedFieldLines(headers, control, deps.decisions, tagFields, sharing.part !== null) : '',
    withheld: sharing.shared ? withheldFields(headers, control, tagFields, sharing.part !== null) : NO_NAMES,
    life: beresp.life(fetch.responseTime),
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
    esi: beresp.esi && assembles(beresp.status) && !sliced,
    sliced,
    coding: shaping === null ? null : shaping.coding,
    xid: deps.decisions.xVarnish ? fetch.xid : 0,
  }
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
