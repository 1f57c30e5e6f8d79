/**
 * The text of a primary key: length-prefixed parts, so that no part can pretend to be another. URL and host come first; a key that a
 * policy made anew, without them, begins with `-`.
 */

export function keyPart(text: string): string {
  return `${text.length}:${text}`
}

/** URL and host that a key holds; `null` when a policy made it without them. */
export function placeOf(key: string): { readonly url: string; readonly host: string } | null {
  const url = partAt(key, 0)
  const host = url === null ? null : partAt(key, url.end)
  return url === null || host === null ? null : { url: url.text, host: host.text }
}

/** Every part of a key, in order. */
export function partsOf(key: string): readonly string[] {
  const parts: string[] = []
  for (let part = partAt(key, key.startsWith('-') ? 1 : 0); part !== null; part = partAt(key, part.end)) parts.push(part.text)
  return parts
}

function partAt(key: string, at: number): { readonly text: string; readonly end: number } | null {
  const colon = key.indexOf(':', at)
  const length = Number(key.slice(at, colon))
  if (colon <= at || !Number.isInteger(length) || length < 0) return null
  const end = colon + 1 + length
  return end > key.length ? null : { text: key.slice(colon + 1, end), end }
}
