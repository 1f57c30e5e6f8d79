/** How presets name paths: as a path and all below it, or by pattern; compared as origins read them, not byte for byte. */

/**
 * Text begins with `/` and means that path and all below it: `/cart` is also `/cart/items`, not `/carton`. A pattern is searched for in the path, its flags without effect.
 * Both see the path in its plain form: lower case, decoded once, without empty, `.` and `..` segments and without `;parameters`.
 */
export type PathPattern = string | RegExp

/** Whether a path, as the request has it, is meant by one of the patterns. */
export type PathTest = (path: string) => boolean

/** Throws a `TypeError` for text that does not begin with `/`. */
export function pathTest(patterns: readonly PathPattern[]): PathTest {
  if (patterns.length === 0) return () => false
  const sources = patterns.map((pattern) => (typeof pattern === 'string' ? new RegExp(below(pattern)) : new RegExp(pattern.source, 'i')))
  return (path) => {
    const plain = plainPath(path)
    return sources.some((source) => source.test(plain))
  }
}

/** A pattern for segments wherever they stand in a path, as behind the prefix of a language or a store: `segments('cart')` is `/de/cart/items`. */
export function segments(...names: readonly string[]): RegExp {
  return new RegExp(`/(?:${names.map(escaped).join('|')})(?:/|$)`)
}

const ODD = /[%A-Z;]|\/[/.]/

/** What an origin that is generous in reading takes a path for. */
export function plainPath(path: string): string {
  if (!ODD.test(path)) return path
  const decoded = path.replace(/%([2-7][0-9a-f])/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  const kept: string[] = []
  for (const segment of decoded.toLowerCase().split('/')) {
    const name = segment.replace(/;.*$/, '')
    if (name === '..') kept.pop()
    else if (name !== '' && name !== '.') kept.push(name)
  }
  return `/${kept.join('/')}${decoded.endsWith('/') && kept.length > 0 ? '/' : ''}`
}

function below(pattern: string): string {
  if (pattern.startsWith('/')) return `^${escaped(pattern.replace(/\/+$/, '').toLowerCase())}(?:/|$)`
  throw new TypeError(`${JSON.stringify(pattern)} is no path; write it with its first slash, as in '/cart', or as a pattern`)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
