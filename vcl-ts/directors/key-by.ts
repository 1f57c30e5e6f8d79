/** What requests are told apart by, and how a text becomes a number that is the same in every thread and on every node. */

/**
 * `url`: path and query. `hash`: all that makes the cache key. `identity`: `client.identity`, by default the client's address. Else the value
 * of a cookie or header field; a request without it is told apart by `identity`.
 */
export type KeyBy = 'url' | 'hash' | 'identity' | { readonly cookie: string } | { readonly header: string }

/** Where the key is read from. */
export interface KeySource {
  readonly url: string
  /** All that makes the cache key, as text. */
  readonly hash: string
  readonly identity: string
  /** The first value of a field, by its lower-case name. */
  header(name: string): string | undefined
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Throws a `TypeError` unless it is one. */
export function checkedKeyBy(by: KeyBy): KeyBy {
  if (by === 'url' || by === 'hash' || by === 'identity') return by
  const [[kind, name] = ['', '']] = typeof by === 'object' && by !== null ? (Object.entries(by) as [string, unknown][]) : []
  if ((kind !== 'cookie' && kind !== 'header') || typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(`by ${JSON.stringify(by)}: give 'url', 'hash', 'identity', { cookie: 'name' } or { header: 'name' }`)
  return Object.freeze(kind === 'cookie' ? { cookie: name } : { header: name.toLowerCase() })
}

/** What the request is told apart by. */
export function keyOf(by: KeyBy, source: KeySource): string {
  if (by === 'url') return source.url
  if (by === 'hash') return source.hash
  if (by === 'identity') return source.identity
  const value = 'cookie' in by ? cookie(source.header('cookie') ?? '', by.cookie) : source.header(by.header)
  return value === undefined || value === '' ? source.identity : value
}

/** FNV-1a with MurmurHash3's finish: 32 bits, evenly spread also for texts that differ in their last character. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The first cookie of a name. */
function cookie(field: string, name: string): string | undefined {
  for (const pair of field.split(';')) {
    const at = pair.indexOf('=')
    if (at >= 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
