/** Who may speak to the admin listener: names of this machine only (else another site's page could, by DNS rebinding), and no web page at all. */
import type { IncomingMessage } from 'node:http'
import type { ListenAddress } from '../listen/address.ts'
import { isValidHost } from '../wire/host.ts'

export interface Refusal {
  readonly status: number
  readonly text: string
}

/** `null`: let it in. */
export type Guard = (request: IncomingMessage) => Refusal | null

const MISDIRECTED: Refusal = { status: 421, text: 'this is not the host that the request names' }
const FROM_A_PAGE: Refusal = { status: 403, text: 'requests from web pages may not change anything' }

export function guardFor(address: ListenAddress): Guard {
  const names = new Set(['localhost', '127.0.0.1', '[::1]'])
  if (address.type === 'tcp' && address.host !== undefined) names.add(address.host.includes(':') ? `[${address.host}]` : address.host)
  const anyHost = address.type === 'unix'
  return (request) => {
    // No browser reaches a Unix socket, and what clients send as Host there is their own invention.
    if (!anyHost && !namesThisMachine(request, names)) return MISDIRECTED
    return isSafe(request.method) || !isFromPage(request) ? null : FROM_A_PAGE
  }
}

function namesThisMachine(request: IncomingMessage, names: ReadonlySet<string>): boolean {
  const hosts = request.headersDistinct['host'] ?? []
  const host = hosts[0] ?? ''
  if (hosts.length !== 1 || !isValidHost(host) || !request.url?.startsWith('/')) return false
  // The port is not compared: a tunnel may bring the request here from another one.
  return names.has(host.toLowerCase().replace(/:\d*$/, ''))
}

function isSafe(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

function isFromPage(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site']
  return request.headers.origin !== undefined || (site !== undefined && site !== 'none')
}
