/** Fields of one connection that must not travel on, and those that `Connection` nominates (RFC 9110 §7.6.1). */
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { splitPlain } from './list.ts'

export interface ConnectionOptions {
  readonly close: boolean
  readonly keepAlive: boolean
  readonly upgrade: boolean
}

const NONE: readonly string[] = Object.freeze([])
const KEEP_ALIVE: readonly string[] = Object.freeze(['keep-alive'])
const NO_OPTIONS: ConnectionOptions = Object.freeze({ close: false, keepAlive: false, upgrade: false })

/** Fields that are one connection's whatever it nominates (RFC 9110 §7.6.1), and those of its proxies. */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]
const OF_ONE_HOP = new NameSet(HOP_BY_HOP)

/** Removing these on a sender's word would change who the message is for, how it may be shared, or where it ends. */
const PROTECTED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'authorization',
  'cookie',
  'set-cookie',
  'cache-control',
  'vary',
  'age',
  'date',
  'expires',
  'etag',
  'clearcoat-cache-control',
  'cdn-cache-control',
  'surrogate-control',
  'forwarded',
  'via',
  'x-real-ip',
])

/** Members of all `Connection` lines in lower case, options such as `close` included. */
export function nominated(headers: HeaderMap): readonly string[] {
  const value = headers.joinedLower('connection')
  if (value === undefined) return NONE
  if (value === 'keep-alive') return KEEP_ALIVE
  return splitPlain(value).map((member) => member.toLowerCase())
}

/** Whether a request nominates what decides its routing or framing, which is refused with 400. */
export function forbiddenNomination(headers: HeaderMap): boolean {
  for (const name of nominated(headers)) if (name === 'host' || name === 'content-length' || name === 'transfer-encoding') return true
  return false
}

export function connectionOptions(headers: HeaderMap): ConnectionOptions {
  if (!headers.hasLower('connection')) return NO_OPTIONS
  const members = nominated(headers)
  return { close: members.includes('close'), keepAlive: members.includes('keep-alive'), upgrade: members.includes('upgrade') }
}

/**
 * Removes the hop-by-hop fields in place, those that `Connection` nominates included unless they are protected.
 * `Content-Length` stays in either direction. `Proxy-Authenticate` and its kin are ours neither to send nor to relay.
 */
export function stripHopByHop(headers: HeaderMap, _direction: 'request' | 'response'): void {
  if (!headers.mayHave(OF_ONE_HOP.bits)) return
  const names = nominated(headers)
  if (names !== KEEP_ALIVE) for (const name of names) if (!isProtected(name)) headers.removeRaw(name)
  headers.removeEach(OF_ONE_HOP)
}

function isProtected(name: string): boolean {
  return PROTECTED.has(name) || name.startsWith('x-forwarded-')
}
