/** A request's host in the one form that key, policy and origin see. */

const COLON = 58
const DOT = 46
const ZERO = 48

const DEFAULT_PORT: Readonly<Record<'http' | 'https', RegExp>> = { http: /:(?:0*80)?$/, https: /:(?:0*443)?$/ }

/**
 * Lower case, without a trailing dot, an empty port or the scheme's default port (RFC 9110 §4.2.3). The syntax is taken as checked.
 * A host that is in that form already is answered as it is, without making a string.
 */
export function normaliseHost(host: string, scheme: 'http' | 'https'): string {
  if (isNormalHost(host, scheme)) return host
  const lower = host.toLowerCase()
  const name = DEFAULT_PORT[scheme].test(lower) ? lower.slice(0, lower.lastIndexOf(':')) : lower
  return name.endsWith('.') || name.includes('.:') ? name.replace(/(?<=.)\.(?=$|:\d+$)/, '') : name
}

/**
 * What was found to be normal last, under each scheme: a request's host is asked about several times, and most requests have the same. It is
 * replaced by an equal one, too, since the same string is told by its address.
 */
let normalHttp = 'localhost'
let normalHttps = 'localhost'

/**
 * Whether it is surely a valid host in normal form: lower-case letters, digits and hyphens in labels, and a port other than the
 * scheme's. Nearly all are, and one look at each character tells. `false` says nothing.
 */
export function isNormalHost(host: string, scheme: 'http' | 'https'): boolean {
  if (host !== (scheme === 'http' ? normalHttp : normalHttps) && !looksNormal(host, scheme)) return false
  if (scheme === 'http') normalHttp = host
  else normalHttps = host
  return true
}

function looksNormal(host: string, scheme: 'http' | 'https'): boolean {
  const end = host.length
  let before = DOT
  let at = 0
  for (; at < end; at++) {
    const code = host.charCodeAt(at)
    if (code === COLON) break
    if (code === DOT ? before === DOT : !isLabelCharacter(code)) return false
    before = code
  }
  if (before === DOT || end > 255) return false
  return at === end || isNormalPort(host, at + 1, scheme === 'https' ? 443 : 80)
}

function isLabelCharacter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= ZERO && code <= 57) || code === 45
}

function isNormalPort(host: string, from: number, standard: number): boolean {
  const { length } = host
  if (from === length || length - from > 5 || host.charCodeAt(from) === ZERO) return false
  let port = 0
  for (let at = from; at < length; at++) {
    const digit = host.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port !== standard && port <= 65_535
}
