/** A server, an origin that answers by a function and records what it was asked, and clients that send bytes. */
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Server, ServerOptions } from '../../src/index.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { serve } from '../support/serving.ts'

export type Fields = readonly (readonly [name: string, value: string])[]

/** One request as the origin got it. */
export interface Seen {
  /** From 1. */
  readonly number: number
  readonly method: string
  readonly target: string
  readonly fields: Fields
  readonly body: string
  /** All lines of a name joined, or `undefined`. */
  get(name: string): string | undefined
}

export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly fields?: Fields
  /** Announced by Content-Length, unless `chunked`. */
  readonly body?: string | Buffer
  readonly chunked?: boolean
  /** The answer's head waits for it. */
  readonly after?: Promise<unknown>
  /** The second half of the body waits for it. */
  readonly half?: Promise<unknown>
  /** The connection is destroyed instead of sending the second half, or at once when there is no body. */
  readonly breaks?: boolean
}

export interface RigOptions extends Omit<ServerOptions, 'origin' | 'clock'> {
  /** Largest request head of the origin, bytes. */
  readonly originHead?: number
  /** Whether the system's clock runs instead of a manual one. */
  readonly systemClock?: boolean
}

export interface Ask {
  readonly method?: string
  readonly host?: string
  readonly fields?: Fields
  readonly body?: string
}

/** Text in every answer that is for one person alone; what is stored must never hold it. */
export const PERSONAL = 'PERSONAL'

export class Rig {
  readonly server: Server
  readonly clock: ManualClock
  readonly seen: Seen[]
  readonly #origin: HttpServer
  readonly #clients: RawClient[] = []
  #client: RawClient | null = null
  #asked = 0

  constructor(server: Server, origin: HttpServer, clock: ManualClock, seen: Seen[]) {
    this.server = server
    this.#origin = origin
    this.clock = clock
    this.seen = seen
  }

  get address(): string {
    return this.server.addresses[0] as string
  }

  /** A connection of its own. */
  async client(): Promise<RawClient> {
    const client = await RawClient.connect(this.address)
    this.#clients.push(client)
    return client
  }

  /** One request after another on a connection that is renewed when it must be. */
  async ask(target: string, ask: Ask = {}): Promise<RawResponse> {
    // A client keeps all that it received: renewed now and then, it stays fast.
    if (this.#client === null || this.#client.ended !== null || this.#asked++ % 100 === 99) {
      this.#client?.destroy()
      this.#client = await RawClient.connect(this.address)
    }
    const response = await this.#client.request(requestOf(target, ask), { head: ask.method === 'HEAD' })
    if (response.get('connection') === 'close') {
      this.#client.destroy()
      this.#client = null
    }
    return response
  }

  get(target: string, fields: Fields = [], host: string = 'example.com'): Promise<RawResponse> {
    return this.ask(target, { fields, host })
  }

  /** Requests of their own connections, sent together. */
  async together(asks: readonly (readonly [target: string, ask?: Ask])[]): Promise<Promise<RawResponse>[]> {
    const clients = await Promise.all(asks.map(() => this.client()))
    return asks.map(([target, ask = {}], i) => (clients[i] as RawClient).request(requestOf(target, ask)))
  }

  /** Moves time forward. Idle connections may pass their deadline: the next request opens a new one. */
  advance(ms: number): void {
    this.#client?.destroy()
    this.#client = null
    this.clock.advance(ms)
  }

  /** How often the origin was asked for a target. */
  hits(target: string): number {
    return this.seen.reduce((sum, request) => sum + (request.target === target ? 1 : 0), 0)
  }

  stat(name: string): number {
    return this.server.stat()[name] ?? 0
  }

  /** Closes everything, and finds nothing stored that is for one person alone. */
  async close(): Promise<void> {
    const personal = storedPersonally(this.server)
    this.#client?.destroy()
    for (const client of this.#clients) client.destroy()
    await this.server.close()
    this.#origin.closeAllConnections()
    await new Promise<void>((resolve) => this.#origin.close(() => resolve()))
    expect(personal).toEqual([])
    expect(this.seen.flatMap(unclean)).toEqual([])
  }
}

export async function start(answer: (seen: Seen, clock: ManualClock) => Reply | Promise<Reply>, options: RigOptions = {}): Promise<Rig> {
  const { originHead, systemClock, ...rest } = options
  const clock = new ManualClock()
  const seen: Seen[] = []
  const origin = createHttpServer({ maxHeaderSize: originHead ?? 256 * 1024, insecureHTTPParser: false }, (request, response) => {
    // A request that is broken off before its end counts as never seen.
    respond(request, response, seen, clock, answer).catch((error: unknown) => {
      if (!request.destroyed) throw error
    })
  })
  origin.keepAliveTimeout = 0
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const server = await serve({
    listen: ['127.0.0.1:0'],
    origin: `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
    memory: 64 * 1024 * 1024,
    eventLog: { info: () => {}, warn: () => {}, error: () => {} },
    ...(systemClock === true ? {} : { clock }),
    ...rest,
  })
  return new Rig(server, origin, clock, seen)
}

export function requestOf(target: string, { method = 'GET', host = 'example.com', fields = [], body }: Ask): string {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}${length}\r\n${body ?? ''}`
}

/** A promise that is resolved from outside. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** What no request to an origin may hold: hop-by-hop fields, more than one Host or framing, control bytes (RFC 9112 §3.2, §6; RFC 9110 §7.6.1). */
function unclean({ method, target, fields }: Seen): string[] {
  const names = fields.map(([name]) => name.toLowerCase())
  const faults = names.filter((name) => HOP_BY_HOP.has(name))
  if (names.filter((name) => name === 'host').length !== 1) faults.push('Host')
  if (names.filter((name) => name === 'content-length' || name === 'transfer-encoding').length > 1) faults.push('framing')
  for (const [name, value] of fields) {
    if (name.toLowerCase() === 'content-length' && !/^\d+$/.test(value)) faults.push(`Content-Length: ${value}`)
    if (name.toLowerCase() === 'transfer-encoding' && value !== 'chunked') faults.push(`Transfer-Encoding: ${value}`)
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) faults.push(`${name}: ${JSON.stringify(value)}`)
  }
  return faults.map((fault) => `${method} ${target}: ${fault}`)
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
])

/** Keys of stored objects that no cache may share. */
function storedPersonally(server: Server): string[] {
  const found: string[] = []
  for (const { key, headers, body } of server.objects()) {
    const text = body instanceof StoredBody ? Buffer.concat(body.segments).toString('latin1') : ''
    const control = headers.joined('cache-control')?.toLowerCase() ?? ''
    if (server.settings.preset === 'safe' && headers.has('set-cookie')) found.push(`${key}: Set-Cookie`)
    if (/(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/.test(control)) found.push(`${key}: ${control}`)
    if (text.includes(PERSONAL)) found.push(`${key}: ${text.slice(0, 60)}`)
  }
  return found
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen[],
  clock: ManualClock,
  answer: (seen: Seen, clock: ManualClock) => Reply | Promise<Reply>,
): Promise<void> {
  const fields = pairs(request.rawHeaders)
  let body = ''
  for await (const chunk of request.setEncoding('latin1')) body += chunk
  const entry: Seen = {
    number: seen.length + 1,
    method: request.method ?? '',
    target: request.url ?? '',
    fields,
    body,
    get: (name) => {
      const lines = fields.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
      return lines.length === 0 ? undefined : lines.join(', ')
    },
  }
  seen.push(entry)
  const reply = await answer(entry, clock)
  await reply.after
  if (response.destroyed) return
  const bytes = typeof reply.body === 'string' ? Buffer.from(reply.body, 'latin1') : (reply.body ?? Buffer.alloc(0))
  if (reply.breaks === true && bytes.length === 0) {
    response.destroy()
    return
  }
  const status = reply.status ?? 200
  const own = reply.fields ?? []
  const dated: Fields = own.some(([name]) => name.toLowerCase() === 'date') ? own : [['Date', new Date(clock.wall()).toUTCString()], ...own]
  const framed: Fields =
    reply.chunked === true || status === 204 || status === 304 ? dated : [...dated, ['Content-Length', String(bytes.length)]]
  response.sendDate = false
  response.writeHead(status, framed.flat())
  if (reply.half === undefined && reply.breaks !== true) {
    response.end(request.method === 'HEAD' ? undefined : bytes)
    return
  }
  response.write(bytes.subarray(0, bytes.length >> 1))
  await reply.half
  if (reply.breaks === true) response.destroy()
  else response.end(bytes.subarray(bytes.length >> 1))
}

function pairs(raw: readonly string[]): Fields {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string] as const)
}
