/** A cache in front of a scripted origin, with a clock that moves when told to, and a client for it. Everything closes with the test. */
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { AccessRecord, Server, ServerOptions } from '../../src/index.ts'
import type { Policy } from '../../vcl-ts/index.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { serve, type TierParts } from '../support/serving.ts'

export interface SiteOptions extends Omit<ServerOptions, 'clock' | 'policy' | 'origin'> {
  readonly policy?: Policy<never> | Policy
  readonly origin?: ServerOptions['origin']
}

export interface Logged {
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export type Fields = Readonly<Record<string, string>>

export class Site {
  readonly server: Server
  readonly origin: ScriptedOrigin
  readonly clock: ManualClock
  readonly records: AccessRecord[]
  readonly events: Logged[]

  constructor(server: Server, origin: ScriptedOrigin, clock: ManualClock, records: AccessRecord[], events: Logged[]) {
    this.server = server
    this.origin = origin
    this.clock = clock
    this.records = records
    this.events = events
  }

  get address(): string {
    return this.server.addresses[0] as string
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.address)
  }

  /** One GET on a connection of its own. */
  get(path: string, fields: Fields = {}): Promise<RawResponse> {
    return this.ask('GET', path, fields)
  }

  /** One request on a connection of its own. */
  async ask(method: string, path: string, fields: Fields = {}, body: string = ''): Promise<RawResponse> {
    const client = await this.connect()
    try {
      return await client.request(message(method, path, { Connection: 'close', ...fields }, body), { head: method === 'HEAD' })
    } finally {
      client.destroy()
    }
  }

  /** One GET of something large; what it answers is not read until somebody does. */
  download(path: string): Promise<IncomingMessage> {
    const [host = '', port = ''] = this.address.split(':')
    return new Promise((resolve, reject) => {
      request({ host, port, path, agent: false, headers: { Host: 'www.example' } }, resolve)
        .on('error', reject)
        .end()
    })
  }

  stat(name: string): number {
    return this.server.stat()[name] ?? 0
  }
}

/** Reads the rest of a download. */
export async function drink(download: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of download) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The bytes of a request for `www.example`. */
export function message(method: string, path: string, fields: Fields = {}, body: string = ''): string {
  const all = { Host: 'www.example', ...(body === '' ? {} : { 'Content-Length': String(body.length) }), ...fields }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export async function open(script: OriginScript, options: SiteOptions = {}, parts: TierParts = {}): Promise<Site> {
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  return node(origin, new ManualClock(), options, parts)
}

/** One of several caches in front of an origin. */
export async function node(origin: ScriptedOrigin, clock: ManualClock, options: SiteOptions = {}, parts: TierParts = {}): Promise<Site> {
  const records: AccessRecord[] = []
  const events: Logged[] = []
  const note = (fields: Readonly<Record<string, unknown>>, text: string): void => void events.push({ fields, message: text })
  const server = await serve(
    {
      origin: origin.url,
      listen: ['127.0.0.1:0'],
      accessLog: { write: (record) => void records.push(record) },
      eventLog: { info: note, warn: note, error: note },
      memory: 64 * 1024 * 1024,
      ...(options as ServerOptions),
      clock,
    },
    parts,
  )
  onTestFinished(() => server.close())
  return new Site(server, origin, clock, records, events)
}

/** A script that answers every request alike; the body tells the number of the request. */
export function always(fields: Fields, body?: string): OriginScript {
  return (hit, response) => reply(response, 200, fields, body ?? `answer ${hit.index}`)
}

export function reply(response: ServerResponse, status: number, fields: Fields, body: string = ''): void {
  const bodiless = status === 304 || status === 204
  response
    .writeHead(status, { ...(bodiless ? {} : { 'Content-Length': Buffer.byteLength(body) }), ...fields })
    .end(bodiless ? undefined : body)
}
