/** What an unsafe method does to what is stored (RFC 9111 §4.4, §3.3; RFC 9875 §3). */
import type { BackendResponse } from '../policy/backend-response.ts'
import { cacheGroups, groupTag } from '../wire/groups.ts'
import { methodFacts } from '../wire/methods.ts'
import type { FetchTransaction } from './transaction.ts'

/**
 * A 2xx or 3xx to an unsafe method makes the target, same-origin Location and Content-Location, and the origin's groups that it names unusable.
 * Answers what is to be waited for until all of that is in force; nobody waits until all has gone.
 */
export function invalidateUnsafe(fetch: FetchTransaction, beresp: BackendResponse): Promise<unknown> | null {
  const { init, deps } = fetch
  const method = fetch.bereq?.method ?? init.request.method
  if (!deps.decisions.unsafeInvalidates || init.kind !== 'pass' || methodFacts(method).safe) return null
  if (beresp.status < 200 || beresp.status >= 400) return null
  const { invalidation } = deps
  const purges = [invalidation.unsafe({ key: init.request.key })]
  for (const name of ['location', 'content-location']) {
    const url = sameOrigin(fetch, beresp.headers.getLower(name))
    if (url !== null && url !== init.request.url) purges.push(invalidation.unsafe({ key: init.request.keyOf(url) }))
  }
  const { scheme, host } = init.request
  const groups = cacheGroups(beresp.headers, 'cache-group-invalidation').map((group) => groupTag(scheme, host, group))
  if (groups.length > 0) purges.push(invalidation.unsafe({ tags: groups }))
  return deps.table.distributed && purges.some((purge) => purge instanceof Promise) ? Promise.all(purges) : null
}

/** Whether the answer to a POST may answer later GETs (RFC 9110 §9.3.3): explicit freshness, and Content-Location is its own URL. */
export function storesPost(fetch: FetchTransaction, beresp: BackendResponse): boolean {
  const { init, deps } = fetch
  if (!deps.decisions.postStored || init.request.method !== 'POST' || beresp.status !== 200) return false
  const { control } = beresp
  if (!control.explicit || beresp.ttl <= 0 || control.noStore || control.private || control.noCache || control.framing === 'close')
    return false
  if (control.vary === 'star' || control.vary === 'malformed' || control.conflict) return false
  if (init.request.authorized && !control.public && control.sMaxage === null && !control.mustRevalidate) return false
  return sameOrigin(fetch, beresp.headers.getLower('content-location')) === init.request.url
}

/** Path and query of a reference that points to the same host; `null` otherwise. */
function sameOrigin(fetch: FetchTransaction, reference: string | undefined): string | null {
  if (reference === undefined) return null
  const { host, url } = fetch.init.request
  const base = `http://${host === '' ? 'localhost' : host}${url}`
  if (!URL.canParse(reference, base) || !URL.canParse(base)) return null
  const target = new URL(reference, base)
  const origin = new URL(base)
  return target.hostname === origin.hostname && (target.port === origin.port || /^https?:\/\//i.test(reference) === false)
    ? target.pathname + target.search
    : null
}
