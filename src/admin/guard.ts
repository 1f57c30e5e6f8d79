/**
 * Who may speak to the admin listener. With a token: who sends it. Without one: whoever reaches it, which only this machine can; but under a
 * name of this machine alone (else another site's page could, by DNS rebinding), and no web page at all.
 */
import type { IncomingMessage } from 'node:http'
import type { ListenAddress } from '../listen/address.ts'
import { BearerToken } from '../request/bearer-token.ts'
import { isValidHost } from '../wire/host.ts'
import { Problem } from './problem.ts'

/** `null`: let it in. `open`: what is asked for needs no token. */
export type Guard = (request: IncomingMessage, open: boolean) => Problem | null

const MISDIRECTED = new Problem(
  421,
  'misdirected',
  'this is not the host that the request names',
  'ask for it as 127.0.0.1, [::1] or localhost, with a path as target',
)
const FROM_A_PAGE = new Problem(
  403,
  'from-a-page',
  'web pages have no business here',
  'send it from a program, or send the admin token along',
)
const NO_TOKEN = new Problem(401, 'token-needed', 'this server has an admin token', 'send it as Authorization: Bearer TOKEN', {
  'WWW-Authenticate': 'Bearer realm="clearcoat admin"',
})

/** `local`: only this machine can reach the address. */
export function guardFor(address: ListenAddress, token: string | null, local: boolean): Guard {
  const names = new Set(['localhost', '127.0.0.1', '[::1]'])
  if (address.type === 'tcp' && address.host !== undefined) names.add(address.host.includes(':') ? `[${address.host}]` : address.host)
  // No browser reaches a Unix socket, and what clients send as Host there is their own invention; elsewhere the token decides.
  const anyHost = address.type === 'unix' || !local
  const bearer = token === null ? null : new BearerToken(token)
  return (request, open) => {
    if (!request.url?.startsWith('/')) return MISDIRECTED
    if (!anyHost && !namesThisMachine(request, names)) return MISDIRECTED
    if (bearer?.matches(request.headers.authorization ?? '') === true) return null
    if (isFromPage(request)) return FROM_A_PAGE
    return bearer === null || open ? null : NO_TOKEN
  }
}

function namesThisMachine(request: IncomingMessage, names: ReadonlySet<string>): boolean {
  const hosts = request.headersDistinct['host'] ?? []
  const host = hosts[0] ?? ''
  if (hosts.length !== 1 || !isValidHost(host)) return false
  // The port is not compared: a tunnel may bring the request here from another one.
  return names.has(host.toLowerCase().replace(/:\d*$/, ''))
}

function isFromPage(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site']
  return request.headers.origin !== undefined || (site !== undefined && site !== 'none')
}
