/** The admin listener: a small HTTP server for operators, apart from the traffic. */
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { ConfigError } from '../config/config-error.ts'
import { formatAddress, type ListenAddress, parseListenAddress } from '../listen/address.ts'
import { trustList } from '../wire/ip.ts'
import { readBody } from './body.ts'
import { type Guard, guardFor } from './guard.ts'
import type { AdminParts } from './parts.ts'
import { Problem, problemOf } from './problem.ts'
import type { LineStream } from './route.ts'
import { jsonBody, match, queryOf } from './router.ts'
import { ROUTES } from './routes.ts'
import { streamLines } from './stream.ts'

export interface AdminOptions {
  /** `host:port`, or `unix:/path`. */
  readonly address: string
  /** What operators send as bearer token; without one the address must be on loopback. */
  readonly token: string | null
  readonly parts: AdminParts
}

export interface Admin {
  /** Where it listens, port 0 resolved; of a Unix socket its path. */
  readonly address: string
  /** Ends the listener and its connections. */
  close(): Promise<void>
}

const isLoopback = trustList(['127.0.0.0/8', '::1'])

/**
 * Starts it; the socket is open when the promise resolves. Rejects with a `ConfigError` for an address that others could reach without a
 * token, and with the system's error (`code` `EADDRINUSE` and the like) when it cannot listen.
 */
export async function createAdmin({ address: text, token, parts }: AdminOptions): Promise<Admin> {
  const address = adminAddress(text, token !== null)
  const guard = guardFor(address, token, isLocal(address))
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000, keepAliveTimeout: 5000 }, (request, response) => {
    void handle(request, response, guard, parts)
  })
  server.maxConnections = 64
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseBytes(error, socket))
  if (address.type === 'unix') await removeDeadSocket(address.path)
  await listen(server, address)
  if (address.type === 'unix') await chmod(address.path, 0o600)
  server.on('error', (error) => parts.log.error({ err: error }, 'the admin listener failed'))
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
  readonly type: 'application/json' | 'application/problem+json'
  readonly json: unknown
  readonly fields: Readonly<Record<string, string>>
}

async function handle(request: IncomingMessage, response: ServerResponse, guard: Guard, parts: AdminParts): Promise<void> {
  let answer: Answer
  try {
    const found = await answerTo(request, guard, parts)
    if (typeof found === 'function') {
      await streamLines(response, found)
      return
    }
    answer = found
  } catch (error) {
    answer = answerOf(error, parts)
  }
  // A body that was not read would be taken for the next request, or be waited for.
  if (!request.complete) response.shouldKeepAlive = false
  send(response, answer)
  if (!request.complete) request.resume()
}

async function answerTo(request: IncomingMessage, guard: Guard, parts: AdminParts): Promise<Answer | LineStream> {
  const method = request.method ?? ''
  const target = request.url ?? ''
  const refusal = guard(request, isOpen(method, target))
  if (refusal !== null) throw refusal
  const { route, name, query } = match(ROUTES, method, target)
  const asked = { name, query: queryOf(route.query, query), body: await bodyFor(route.body, request) }
  if (route.stream) return (await route.run(parts, asked)) as LineStream
  return { status: route.status, type: 'application/json', json: await route.run(parts, asked), fields: {} }
}

async function bodyFor(body: (typeof ROUTES)[number]['body'], request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request, body === null ? null : body === 'text' ? 'text/plain' : 'application/json')
  return body === null ? null : body === 'text' ? text : jsonBody(body, text)
}

function isOpen(method: string, target: string): boolean {
  return (method === 'GET' || method === 'HEAD') && ROUTES.some(({ open, path }) => open && path === target)
}

function answerOf(error: unknown, parts: AdminParts): Answer {
  const known = problemOf(error)
  if (known === null) parts.log.error({ err: error }, 'an admin request failed')
  const problem = known ?? new Problem(500, 'internal', 'the request could not be handled', 'the event log has the error')
  return { status: problem.status, type: 'application/problem+json', json: problem.document, fields: problem.fields }
}

function send(response: ServerResponse, { status, type, json, fields }: Answer): void {
  const body = `${JSON.stringify(json)}\n`
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...fields,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** What is not HTTP gets one answer and the end of its connection. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request']
  const { document } = new Problem(
    status as number,
    'bad-request',
    'the request is not well-formed HTTP/1.1, too large or too slow',
    'correct it',
  )
  const body = `${JSON.stringify(document)}\n`
  const fields = `Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${fields}\r\n${body}`)
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
