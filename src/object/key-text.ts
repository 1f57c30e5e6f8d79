/**
 * The text of a primary key: length-prefixed parts, so that no part can pretend to be another. URL and host come first; a key that a
 * policy made anew, without them, begins with `-`. That of a slice goes on, behind the key of what it is a slice of, with `/`, the mark of the
 * manifest and the number of the slice: no part begins with `/`.
 */

/** What an object is of: the URL as `recv` left it, the host as keys have it. */
export interface Place {
  readonly url: string
  readonly host: string
}

export function keyPart(text: string): string {
  return (LENGTHS[text.length] ?? `${text.length}:`) + text
}

/** What parts of these lengths begin with: one string less to make, for nearly every part. */
const LENGTHS: readonly string[] = Array.from({ length: 256 }, (_, length) => `${length}:`)

/** What the key of a place begins with, and all of it unless a policy added to it. */
export function keyOf(place: Place): string {
  return keyPart(place.url) + keyPart(place.host)
}

/** URL and host that a key holds; `null` when a policy made it without them. */
export function placeOf(key: string): Place | null {
  const urlEnd = partEnd(key, 0)
  const hostEnd = urlEnd < 0 ? -1 : partEnd(key, urlEnd)
  if (hostEnd < 0) return null
  return { url: key.slice(key.indexOf(':') + 1, urlEnd), host: key.slice(key.indexOf(':', urlEnd) + 1, hostEnd) }
}

/** Where URL and host of a key end; -1 when a policy made it without them. */
export function placeEnd(key: string): number {
  const urlEnd = partEnd(key, 0)
  return urlEnd < 0 ? -1 : partEnd(key, urlEnd)
}

/** The key of a slice of what lies under `key`, by the mark of its manifest. */
export function sliceKey(key: string, mark: string, index: number): string {
  return `${marksKey(key, mark)}/${index}`
}

/** What the keys of all slices of one manifest begin with. */
export function marksKey(key: string, mark: string): string {
  return `${key}/${mark}`
}

/** Where what a key says beyond its parts begins: its length, but for a slice. */
export function partsEnd(key: string): number {
  let at = key.startsWith('-') ? 1 : 0
  for (let end = partEnd(key, at); end >= 0; end = partEnd(key, at)) at = end
  return at
}

/** Every part of a key, in order. */
export function partsOf(key: string): readonly string[] {
  const parts: string[] = []
  let at = key.startsWith('-') ? 1 : 0
  for (let end = partEnd(key, at); end >= 0; end = partEnd(key, at)) {
    parts.push(key.slice(key.indexOf(':', at) + 1, end))
    at = end
  }
  return parts
}

function partEnd(key: string, at: number): number {
  const colon = key.indexOf(':', at)
  const length = Number(key.slice(at, colon))
  if (colon <= at || !Number.isInteger(length) || length < 0) return -1
  const end = colon + 1 + length
  return end > key.length ? -1 : end
}
