/** The request that is to be explained: checked as the listener would check it, with what nobody gave. */
import { isIP } from 'node:net'
import { HeaderMap } from '../../../vcl-ts/headers.ts'
import { methodFacts } from '../../../vcl-ts/methods.ts'
import { ConfigError } from '../../config/config-error.ts'
import type { Peer, RequestHead } from '../../request/exchange.ts'
import { isValidHost } from '../../wire/host.ts'
import type { ExplainRequest } from '../explanation.ts'

/** Documentation's own network (RFC 5737): no ACL lets it purge by accident. */
const NOBODY = '192.0.2.1'
const ABSOLUTE = /^(https?):\/\/([^/?#\s]+)([^#]*)/i
const TARGET = /^(?:\/[\x21\x22\x24-\x7e]*|\*)$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FRAMING = ['content-length', 'transfer-encoding'] as const

/** A request that nobody could send, or that an explanation must not send. */
export class ExplainError extends ConfigError {}

export interface CheckedRequest {
  readonly head: RequestHead
  readonly peer: Peer
  readonly fetch: boolean
}

/** Throws an `ExplainError`. */
export function checkRequest(given: ExplainRequest, isTrusted: (ip: string) => boolean): CheckedRequest {
  const { method = 'GET', fetch = false, ip = NOBODY } = given
  if (!TOKEN.test(method)) throw refused(`method ${quoted(method)}`, 'it is no token (RFC 9110 §9.1)', 'give one such as GET')
  if (fetch && !methodFacts(method).safe)
    throw refused(`${method} with fetch`, 'it could change something at the origin', 'leave fetch out: the hooks run without it')
  if (isIP(ip) === 0) throw refused(`ip ${quoted(ip)}`, 'it is no address', 'give one such as 192.0.2.1')
  const { scheme, host, target } = split(given.url)
  const headers = fieldsOf(given.headers ?? [], host)
  const named = headers.getLower('host') ?? null
  const peer: Peer = { address: ip, port: 0, localAddress: ip, localPort: scheme === 'https' ? 443 : 80, scheme, trusted: isTrusted(ip) }
  return { head: { method, target, host: named, version: '1.1', headers }, peer, fetch }
}

function split(url: unknown): { readonly scheme: 'http' | 'https'; readonly host: string | null; readonly target: string } {
  const how = 'give http://host/path?query, or /path?query with a Host field'
  if (typeof url !== 'string' || url === '') throw refused('a request without url', 'nothing says what is asked for', how)
  const [, scheme = 'http', host = null, rest = ''] = ABSOLUTE.exec(url) ?? []
  const path = host === null ? url.replace(/#.*$/s, '') : rest
  // As a browser writes it; what is ASCII stays byte for byte.
  const ascii = path.replace(/[^\x00-\x7f]+/g, (characters) => encodeURIComponent(characters.toWellFormed()))
  const target = ascii.startsWith('/') || ascii === '*' || host === null ? ascii : `/${ascii}`
  if (!TARGET.test(target)) throw refused(`url ${quoted(url)}`, 'no client can send it', how)
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', host, target }
}

function fieldsOf(given: NonNullable<ExplainRequest['headers']>, urlHost: string | null): HeaderMap {
  let headers: HeaderMap
  try {
    headers = HeaderMap.of(given)
  } catch (error) {
    throw refused('a field', error instanceof Error ? error.message : String(error), 'give names and values as they would be sent')
  }
  for (const name of FRAMING)
    if (headers.hasLower(name)) throw refused(`the field ${name}`, 'an explained request has no body', 'leave it out')
  if (!headers.hasLower('host') && urlHost !== null) headers.append('Host', urlHost)
  const hosts = headers.getAll('host')
  const [host] = hosts
  if (host === undefined) throw refused('a request without host', 'the key needs one', 'give http://host/path, or a Host field')
  if (hosts.length > 1) throw refused('a request with several Host fields', 'it is refused with 400 (RFC 9112 §3.2)', 'give one')
  if (!isValidHost(host)) throw refused(`host ${quoted(host)}`, 'it is no host name or address', 'give one such as www.example:8080')
  return headers
}

function refused(subject: string, why: string, how: string): ExplainError {
  return new ExplainError({ what: `${subject} cannot be explained`, why, how })
}

function quoted(text: unknown): string {
  return JSON.stringify(text) ?? String(text)
}
