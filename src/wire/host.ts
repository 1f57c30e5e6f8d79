/** The authority of a request: its syntax (RFC 9110 §7.2; RFC 3986 §3.2.2). Its canonical form is `vcl-ts/host.ts`. */
import { isIPv6 } from 'node:net'
import { isNormalHost } from '../../vcl-ts/host.ts'

export { isNormalHost, normaliseHost } from '../../vcl-ts/host.ts'

const LONGEST = 255
const NAME_AND_PORT = /^([A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*\.?)(?::([0-9]{0,5}))?$/
const LITERAL_AND_PORT = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]{0,5}))?$/

/**
 * Whether it is a host name, IPv4 address or bracketed IPv6 address, with or without a port up to 65535. No userinfo, no percent
 * encoding, no empty labels; at most 255 characters.
 */
export function isValidHost(host: string): boolean {
  if (isNormalHost(host, 'http')) return true
  if (host.length > LONGEST) return false
  const literal = LITERAL_AND_PORT.exec(host)
  if (literal !== null && !isIPv6(literal[1] ?? '')) return false
  const match = literal ?? NAME_AND_PORT.exec(host)
  return match !== null && Number(match[2] ?? '') <= 65_535
}
