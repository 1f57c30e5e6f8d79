/** Groups of answers of one origin, and their invalidation by an unsafe request (RFC 9875). */
import { type List, parseList } from 'structured-headers'
import type { HeaderMap } from '../../vcl-ts/headers.ts'

const NONE: readonly string[] = []

/** Members of `Cache-Groups` or `Cache-Group-Invalidation`, parameters ignored (§2, §3). None where the field is no List of Strings. */
export function cacheGroups(headers: HeaderMap, name: 'cache-groups' | 'cache-group-invalidation'): readonly string[] {
  const value = headers.joined(name)
  if (value === undefined) return NONE
  let list: List
  try {
    list = parseList(value)
  } catch {
    return NONE
  }
  const groups: string[] = []
  for (const [member] of list) {
    if (typeof member !== 'string') return NONE
    groups.push(member)
  }
  return groups
}

/** What stands for a group among tags. Groups belong to an origin (§2); a tag that a field holds has no space, so that none is the same. */
export function groupTag(scheme: string, host: string, group: string): string {
  return `${scheme}://${host} ${group}`
}
