/** Tags in header fields: separated by commas, white space or `|`, over all lines of all fields, each once, in order. */
import type { HeaderMap, NameSet } from './headers.ts'

const SEPARATORS = /[\s,|]+/

/** The tags that the fields of these lower-case names hold. */
export function readTags(headers: HeaderMap, names: NameSet): readonly string[] {
  if (!headers.mayHave(names.bits)) return NONE
  let tags: Set<string> | null = null
  for (let i = 0; i < headers.size; i++) {
    if (!names.has(headers.lowerAt(i))) continue
    tags ??= new Set()
    for (const tag of headers.valueAt(i).split(SEPARATORS)) if (tag !== '') tags.add(tag)
  }
  return tags === null ? NONE : [...tags]
}

const NONE: readonly string[] = Object.freeze([])
