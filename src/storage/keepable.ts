/** What may lie where other machines, and whoever can read there, see it: nothing that is somebody's own, and only what is whole. */
import type { CachedObject } from '../object/object.ts'
import { parseCacheControl } from '../wire/cache-control.ts'

/** Fields of requests whose values are credentials: what is told apart by them would be written down with them. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie'])

export type Unkeepable = 'part' | 'cookie' | 'private' | 'no_store' | 'credentials' | 'large' | 'incomplete'

/** Why it may not; `null`: it may. Whatever a policy made of it: what its fields say of others counts. */
export function unkeepable(object: CachedObject, names: readonly string[], maxObject: number): Unkeepable | null {
  if (object.part !== null || object.status === 206) return 'part'
  if (!object.complete) return 'incomplete'
  if ((object.body.length ?? Number.POSITIVE_INFINITY) > maxObject) return 'large'
  if (bringsCredentials(names)) return 'credentials'
  const { headers } = object
  if (headers.hasLower('set-cookie') || headers.hasLower('set-cookie2')) return 'cookie'
  const control = parseCacheControl(headers.joinedLower('cache-control'))
  if (control.noStore) return 'no_store'
  return control.private || control.privateFields.length > 0 ? 'private' : null
}

export function bringsCredentials(names: readonly string[]): boolean {
  return names.some((name) => CREDENTIALS.has(name))
}
