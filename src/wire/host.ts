/** The authority of a request: its syntax and its canonical form (RFC 9110 §4.2.3, §7.2; RFC 3986 §3.2.2). */
import { isIPv6 } from 'node:net'

const LONGEST = 255
const NAME_AND_PORT = /^([A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*\.?)(?::([0-9]{0,5}))?$/
const LITERAL_AND_PORT = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]{0,5}))?$/

/**
 * Whether it is a host name, IPv4 address or bracketed IPv6 address, with or without a port up to 65535. No userinfo, no percent
 * encoding, no empty labels; at most 255 characters.
 */
export function isValidHost(host: string): boolean {
  if (host.length > LONGEST) return false
  const literal = LITERAL_AND_PORT.exec(host)
  if (literal !== null && !isIPv6(literal[1] ?? '')) return false
  const match = literal ?? NAME_AND_PORT.exec(host)
  return match !== null && Number(match[2] ?? '') <= 65_535
}

/** Lower case, without trailing dot and without the scheme's default port. Give it a valid host; `scheme` is `http` or `https`. */
export function normaliseHost(host: string, scheme: string): string {
  const colon = host.lastIndexOf(':')
  const hasPort = colon > host.lastIndexOf(']')
  const name = (hasPort ? host.slice(0, colon) : host).toLowerCase()
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const port = hasPort ? host.slice(colon + 1) : ''
  if (port === '' || Number(port) === (scheme === 'https' ? 443 : 80)) return bare
  return `${bare}:${Number(port)}`
}
