/** Who the client is behind trusted proxies, and what we tell the origin about it (RFC 7239, RFC 9110 §7.6.3, RFC 8586). */
import { isIP } from 'node:net'
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { plainAddress } from './ip.ts'
import { splitPlain, splitQuoted } from './list.ts'

export { isValidHost, normaliseHost } from './host.ts'

export interface ForwardingFacts {
  /** The socket's other end; `''` for a Unix socket. */
  readonly peerAddress: string
  readonly trusted: boolean
  readonly scheme: 'http' | 'https'
  /** `''` when the request has none. */
  readonly host: string
  /** This cache's pseudonym, a token. */
  readonly name: string
  /** Version the request came with: `1.0`, `1.1`, `2`. */
  readonly httpVersion: string
  /** Default `false`. A PURGE or BAN, whose `X-Host` says what it is for (FOSHttpCache); nothing that comes of it is stored. */
  readonly invalidates?: boolean
}

/**
 * From a peer that is not trusted these are removed: they would tell the origin who, where or what the request is, unkeyed.
 * (`Proxy` becomes the environment variable HTTP_PROXY in CGI.)
 */
const CLAIMS = new NameSet([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-server',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-path',
  'x-forwarded-uri',
  'x-forwarded-by',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-forwarded',
  'forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-host',
  'x-http-host-override',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-matched-path',
  'x-now-route-matches',
  'x-nextjs-rewrite',
  'front-end-https',
  'surrogate-capability',
  'proxy',
])

/** Families of which every member is such a claim, all with an x in front: how a framework's own proxy speaks to its renderer. */
const CLAIM_FAMILIES: readonly string[] = ['x-middleware-', 'x-invoke-']

const X = 'x'.charCodeAt(0)

function isClaim(lower: string): boolean {
  if (CLAIMS.has(lower)) return true
  return lower.charCodeAt(0) === X && CLAIM_FAMILIES.some((family) => lower.startsWith(family))
}

/**
 * The client's address: the peer's, or behind trusted peers the rightmost address of X-Forwarded-For that is not trusted. Where the
 * list ends or cannot be read, the last address that a trusted peer vouched for.
 */
export function clientAddress(peerAddress: string, forwardedFor: string | undefined, isTrusted: (ip: string) => boolean): string {
  let client = plainAddress(peerAddress)
  if (forwardedFor === undefined) return client
  const members = splitPlain(forwardedFor)
  for (let at = members.length - 1; at >= 0 && isTrusted(client); at--) {
    const address = addressOf(members[at] ?? '')
    if (address === null) break
    client = address
  }
  return client
}

/** Sets the forwarding fields of a request towards the origin, in place: appended to what a trusted peer sent, else anew. */
export function appendForwarded(headers: HeaderMap, facts: ForwardingFacts): void {
  if (!facts.trusted) removeClaims(headers, facts.invalidates === true)
  const peer = plainAddress(facts.peerAddress)
  if (peer !== '') append(headers, 'X-Forwarded-For', 'x-forwarded-for', peer)
  if (!headers.hasLower('x-forwarded-proto')) headers.appendRaw('X-Forwarded-Proto', 'x-forwarded-proto', facts.scheme)
  if (!headers.hasLower('x-forwarded-host') && facts.host !== '') headers.appendRaw('X-Forwarded-Host', 'x-forwarded-host', facts.host)
  append(headers, 'Forwarded', 'forwarded', forwardedElement(peer, facts))
  append(headers, 'Via', 'via', `${facts.httpVersion} ${facts.name}`)
  append(headers, 'CDN-Loop', 'cdn-loop', facts.name)
}

/** Whether the request has been through a cache of this name: Via or CDN-Loop says so. */
export function loops(headers: HeaderMap, name: string): boolean {
  if (!headers.hasLower('via') && !headers.hasLower('cdn-loop')) return false
  const own = name.toLowerCase()
  if (headers.hasLower('via'))
    for (const member of splitPlain(headers.joinedLower('via') ?? '')) if (member.split(/[ \t]+/, 2)[1]?.toLowerCase() === own) return true
  if (headers.hasLower('cdn-loop'))
    for (const member of splitQuoted(headers.joinedLower('cdn-loop') ?? ''))
      if (member.split(';', 1)[0]?.trim().toLowerCase() === own) return true
  return false
}

/** The scheme that the client used: what a trusted peer wrote last into X-Forwarded-Proto, else the listener's. */
export function effectiveScheme(headers: HeaderMap, trusted: boolean, listenerScheme: 'http' | 'https'): 'http' | 'https' {
  if (!trusted || !headers.hasLower('x-forwarded-proto')) return listenerScheme
  const scheme = splitPlain(headers.joinedLower('x-forwarded-proto') ?? '')
    .at(-1)
    ?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : listenerScheme
}

function removeClaims(headers: HeaderMap, keepsHost: boolean): void {
  for (let i = headers.size - 1; i >= 0; i--) {
    const name = headers.lowerAt(i)
    if (keepsHost && name === 'x-host') continue
    if (!isClaim(name)) continue
    headers.removeRaw(name)
    i = Math.min(i, headers.size)
  }
}

/** What is joined came in a head that was checked, and the members are ours. */
function append(headers: HeaderMap, name: string, lower: string, member: string): void {
  if (!headers.hasLower(lower)) {
    headers.appendRaw(name, lower, member)
    return
  }
  const existing = headers.joined(lower)
  headers.setRaw(name, lower, existing === undefined || existing === '' ? member : `${existing}, ${member}`)
}

const QUOTABLE = /^[\w.:-]*$/

/** RFC 7239 §4, §6: an IPv6 node is bracketed and quoted; what is no token is quoted. */
function forwardedElement(peer: string, facts: ForwardingFacts): string {
  const node = peer === '' ? 'unknown' : peer.includes(':') ? `"[${peer}]"` : peer
  const host = facts.host === '' ? '' : `;host="${QUOTABLE.test(facts.host) ? facts.host : facts.host.replace(/["\\]/g, '\\$&')}"`
  return `for=${node}${host};proto=${facts.scheme}`
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; anything else is no address. */
function addressOf(member: string): string | null {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(member)
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(member)
  const address = bracketed?.[1] ?? withPort?.[1] ?? member
  return isIP(address) === 0 || address.includes('%') ? null : plainAddress(address)
}
