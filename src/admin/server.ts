/** The admin listener: a small HTTP server for operators, apart from the traffic, reachable from this machine only. */
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { ConfigError } from '../config/config-error.ts'
import { formatAddress, type ListenAddress, parseListenAddress } from '../listen/address.ts'
import type { EventLog } from '../log.ts'
import { trustList } from '../wire/ip.ts'
import { type Guard, guardFor } from './guard.ts'

export interface AdminOptions {
  /** `host:port` on loopback, or `unix:/path`. */
  readonly address: string
  /** What `GET /stat` prints: flat, Varnish's names. */
  readonly stat: () => Record<string, number>
  readonly log: EventLog
}

export interface Admin {
  /** Where it listens, port 0 resolved; of a Unix socket its path. */
  readonly address: string
  /** Ends the listener and its connections. */
  close(): Promise<void>
}

const isLoopback = trustList(['127.0.0.0/8', '::1'])

/**
 * Starts it; the socket is open when the promise resolves. Rejects with a `ConfigError` for an address that others could reach, and with
 * the system's error (`code` `EADDRINUSE` and the like) when it cannot listen.
 */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const address = adminAddress(options.address, false)
  const guard = guardFor(address)
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000, keepAliveTimeout: 5000 }, (request, response) =>
    send(response, answerTo(request, guard, options.stat)),
  )
  server.maxConnections = 64
  server.on('clientError', (_error, socket) => socket.destroy())
  if (address.type === 'unix') await removeDeadSocket(address.path)
  await listen(server, address)
  if (address.type === 'unix') await chmod(address.path, 0o600)
  server.on('error', (error) => options.log.error({ err: error }, 'the admin listener failed'))
  return {
    address: shownAddress(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The address, when only this machine can reach it or a token guards it. Throws a `ConfigError`. */
export function adminAddress(text: string, hasToken: boolean): ListenAddress {
  const address = parse(text)
  if (hasToken || isLocal(address)) return address
  throw new ConfigError({
    what: `the admin listener cannot be on ${text}`,
    why: 'it has no token, so it must not be reachable from other machines',
    how: 'use --admin 127.0.0.1:6082, --admin unix:/path, --admin off, or set --admin-token',
  })
}

function isLocal(address: ListenAddress): boolean {
  return address.type === 'unix' || address.host === 'localhost' || isLoopback(address.host ?? '')
}

function parse(text: string): ListenAddress {
  try {
    return parseListenAddress(text)
  } catch {
    throw new ConfigError({
      what: `--admin ${JSON.stringify(text)} cannot be used`,
      why: 'it is neither host:port nor a socket path',
      how: 'use --admin 127.0.0.1:6082, --admin unix:/path, or --admin off',
    })
  }
}

interface Answer {
  readonly status: number
  readonly type?: 'application/json'
  readonly allow?: string
  readonly body: string
}

function answerTo(request: IncomingMessage, guard: Guard, stat: AdminOptions['stat']): Answer {
  const refusal = guard(request)
  if (refusal !== null) return { status: refusal.status, body: `${refusal.text}\n` }
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, allow: 'GET, HEAD', body: 'only GET and HEAD\n' }
  const path = request.url?.split('?', 1)[0]
  if (path === '/stat') return { status: 200, type: 'application/json', body: `${JSON.stringify(stat())}\n` }
  return { status: path === '/' ? 200 : 404, body: 'Clearcoat admin: there is GET /stat\n' }
}

function send(response: ServerResponse, { status, type, allow, body }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type ?? 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(allow === undefined ? {} : { Allow: allow }),
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.type === 'unix' ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A socket file that nobody answers is left from a process that was killed. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null || !found.isSocket()) return
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true)).once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
    probe.once('close', () => probe.destroy())
    probe.once('connect', () => probe.destroy())
  })
  if (!alive) await unlink(path).catch(() => {})
}

function shownAddress(server: Server, address: ListenAddress): string {
  if (address.type === 'unix') return address.path
  const bound = server.address() as AddressInfo
  return formatAddress(bound.address, bound.port)
}
