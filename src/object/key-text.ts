/**
 * The text of a primary key: length-prefixed parts, so that no part can pretend to be another. URL and host come first; a key that a
 * policy made anew, without them, begins with `-`.
 */

/** What an object is of: the URL as `recv` left it, the host as keys have it. */
export interface Place {
  readonly url: string
  readonly host: string
}

export function keyPart(text: string): string {
  return `${text.length}:${text}`
}

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
