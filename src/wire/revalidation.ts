/** Asking whether a stored answer is still good, and what a 304 changes in it (RFC 9111 §4.3). */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { weakMatch } from './entity-tag.ts'
import { HOP_BY_HOP } from './hop-by-hop.ts'

export interface StoredValidators {
  /** ETag and Last-Modified verbatim, `null` when absent. */
  readonly etag: string | null
  readonly lastModifiedField: string | null
  /** Whether Last-Modified is at least one second older than Date (RFC 9110 §8.8.2.2). */
  readonly lastModifiedStrong: boolean
}

/** What a 304 must not change: it describes a body that is not there, or belongs to one connection or one client. */
const KEPT: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'set-cookie',
  ...HOP_BY_HOP,
])

/** The conditional fields with the stored validators verbatim. `strongOnly` leaves out a Last-Modified that is weak, as Varnish does. */
export function conditionalFields(stored: StoredValidators, strongOnly: boolean = false): [name: string, value: string][] {
  const fields: [string, string][] = []
  if (stored.etag !== null) fields.push(['If-None-Match', stored.etag])
  if (stored.lastModifiedField !== null && (stored.lastModifiedStrong || !strongOnly))
    fields.push(['If-Modified-Since', stored.lastModifiedField])
  return fields
}

/**
 * The stored head as a 304 freshens it, as a new map: every field that the 304 names replaces all stored lines of that name but those
 * about the body, cookies and the connection. The stored Age goes: age counts from the 304. A tag that became weak, since the stored bytes are
 * others than the origin's, stays weak. `fresh` must have lost its hop-by-hop fields.
 */
export function merge304(stored: HeaderMap, fresh: HeaderMap): HeaderMap {
  const merged = new HeaderMap()
  for (let i = 0; i < stored.size; i++) {
    const name = stored.lowerAt(i)
    if (name === 'age' || (!KEPT.has(name) && fresh.hasLower(name))) continue
    merged.appendRaw(stored.nameAt(i), name, stored.valueAt(i))
  }
  for (let i = 0; i < fresh.size; i++) {
    const name = fresh.lowerAt(i)
    if (!KEPT.has(name)) merged.appendRaw(fresh.nameAt(i), name, fresh.valueAt(i))
  }
  const [storedTag, freshTag] = [stored.getLower('etag'), fresh.getLower('etag')]
  if (storedTag !== undefined && storedTag === `W/${freshTag}`) merged.setRaw('ETag', 'etag', storedTag)
  return merged
}

/**
 * Whether a 304 speaks of the stored representation (RFC 9111 §4.3.4): its ETag is the stored one under weak comparison; where either
 * side has none, a Last-Modified on both sides is the same.
 */
export function sameRepresentation(stored: HeaderMap, fresh: HeaderMap): boolean {
  const [storedTag, freshTag] = [stored.getLower('etag'), fresh.getLower('etag')]
  if (storedTag !== undefined && freshTag !== undefined) return weakMatch(storedTag, freshTag)
  const [storedDate, freshDate] = [stored.getLower('last-modified'), fresh.getLower('last-modified')]
  return storedDate === undefined || freshDate === undefined || storedDate === freshDate
}
