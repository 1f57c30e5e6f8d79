/** The head as it is kept and as it is sent: what clients never get, and what a stored answer may not repeat. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { serializeFields } from '../wire/message-head.ts'

const NOTHING: readonly string[] = []

/** A copy for the client whose request fetched it. */
export function deliverableHeaders(headers: HeaderMap, decisions: Decisions, tagFields: NameSet): HeaderMap {
  return makeDeliverable(headers.clone(), decisions, tagFields)
}

/** Leaves everything but tags and the targeted fields that are ours (RFC 9213 §2.2). Answers the same fields. */
export function makeDeliverable(headers: HeaderMap, decisions: Decisions, tagFields: NameSet): HeaderMap {
  headers.removeEach(tagFields)
  for (const name of decisions.targetedRemoved) headers.removeRaw(name)
  return headers
}

/**
 * For every later client: also without Age, which is computed anew, without the fields that `no-cache` or `private` name
 * (RFC 9111 §5.2.2.4, §5.2.2.7), and without the Content-Range of a stored part.
 */
export function storedFieldLines(
  headers: HeaderMap,
  control: CacheControl,
  decisions: Decisions,
  tagFields: NameSet,
  isPart: boolean = false,
): string {
  const copy = deliverableHeaders(headers, decisions, tagFields)
  copy.removeRaw('age')
  for (const name of withheldFields(headers, control, tagFields, isPart)) copy.removeRaw(name)
  return serializeFields(copy)
}

/** What `storedFieldLines` leaves out beyond Age and the targeted fields, for whoever makes another head of a stored one. */
export function withheldFields(headers: HeaderMap, control: CacheControl, tagFields: NameSet, isPart: boolean): readonly string[] {
  const tags = present(headers, tagFields)
  if (!isPart && control.noCacheFields.length === 0 && control.privateFields.length === 0) return tags
  return [...tags, ...(isPart ? ['content-range'] : []), ...control.noCacheFields, ...control.privateFields]
}

function present(headers: HeaderMap, names: NameSet): readonly string[] {
  if (!headers.mayHave(names.bits)) return NOTHING
  let found: string[] | null = null
  for (let i = 0; i < headers.size; i++) {
    const name = headers.lowerAt(i)
    if (!names.has(name)) continue
    found ??= []
    if (!found.includes(name)) found.push(name)
  }
  return found ?? NOTHING
}

/** Whether no client may ask for the object once it is stale. s-maxage holds proxy-revalidate in it (RFC 9111 §5.2.2.10). */
export function mustRevalidate(control: CacheControl): boolean {
  return control.mustRevalidate || control.proxyRevalidate || control.noCache || control.sMaxage !== null
}
