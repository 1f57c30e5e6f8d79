/** Entity tags and their two comparisons (RFC 9110 §8.8.3). */

export interface EntityTag {
  readonly weak: boolean
  /** With its quotes. */
  readonly opaque: string
}

const ENTITY_TAG = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/

/** A well-formed entity tag, or `null`. */
export function parseEntityTag(text: string): EntityTag | null {
  const match = ENTITY_TAG.exec(text)
  return match === null ? null : { weak: match[1] !== undefined, opaque: match[2] ?? '' }
}

/** Whether it is a well-formed strong tag. */
export function isStrong(etag: string): boolean {
  return parseEntityTag(etag)?.weak === false
}

/** Equal but for `W/`. Malformed tags are compared as the text they are. */
export function weakMatch(a: string, b: string): boolean {
  return withoutPrefix(a) === withoutPrefix(b)
}

/** Equal and both strong. */
export function strongMatch(a: string, b: string): boolean {
  return a === b && isStrong(a)
}

/**
 * Whether the list of an If-Match or If-None-Match field names the tag; `*` names every one. `etag` is `''` when the representation
 * has none. One pass over the list, however many members; members that are no tags are passed over.
 */
export function listMatches(list: string, etag: string, strong: boolean): boolean {
  if (/^[ \t]*\*[ \t]*$/.test(list)) return true
  if (etag === '' || (strong && !isStrong(etag))) return false
  let at = 0
  while (at < list.length) {
    const open = list.indexOf('"', at)
    if (open < 0) return false
    const close = list.indexOf('"', open + 1)
    if (close < 0) return false
    const weak = open >= 2 && list.charCodeAt(open - 1) === 47 && list.charCodeAt(open - 2) === 87
    const opaque = list.slice(open, close + 1)
    if (strong ? !weak && opaque === etag : opaque === withoutPrefix(etag)) return true
    at = close + 1
  }
  return false
}

function withoutPrefix(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
