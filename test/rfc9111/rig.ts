/** Rows of RFC 9111 at work: a server a preset, an origin that answers as the row says, and what both ends of the cache must see. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Server } from '../../src/index.ts'
import { formatHttpDate } from '../../src/wire/http-date.ts'
import type { PresetName } from '../../vcl-ts/builtin/decisions.ts'
import { ByteOrigin, type SeenRequest } from '../support/byte-origin.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { serve } from '../support/serving.ts'
import { until } from '../support/until.ts'

/** A field's value, several lines of it, or a value that the time of sending or the row's URL decides. */
export type Value = string | readonly string[] | ((wall: number) => string) | { readonly ofRow: (url: string) => string }
export type Fields = Readonly<Record<string, Value>>

/** What must be found: all lines joined, a pattern of that, or `null` for no line at all. */
export type Expected = Readonly<Record<string, string | RegExp | null>>

/** An answer of the origin. `Date` (now), `X-Step` (number of the step, from 1) and the framing are added where they are not given. */
export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly fields?: Fields
  /** Default `body N` with the number of the step. */
  readonly body?: string
  /** Default `length`; `close`: ended by FIN. */
  readonly framing?: 'length' | 'chunked' | 'close'
  /** Interim answers before it, as bytes. */
  readonly interim?: string
  /** Bytes after its end. */
  readonly surplus?: string
  /** Instead of all this, these bytes. */
  readonly raw?: string
  /** How the connection ends after it; without it, and unless `framing` is `close`, it stays open. */
  readonly ends?: 'fin' | 'reset'
  readonly reason?: string
  readonly noDate?: boolean
}

/** One request. */
export interface Step {
  /** Seconds that pass before it. */
  readonly after?: number
  readonly method?: string
  /** Default `www.example`. */
  readonly host?: string
  /** Default `1.1`. */
  readonly version?: '1.0' | '1.1'
  /** Appended to the URL of the row. */
  readonly path?: string
  readonly asks?: Fields
  readonly sends?: string
  /** The origin's answer, or its answers to so many requests; `dead`: it closes the connection unanswered. Without it the origin must not be asked. */
  readonly origin?: Reply | readonly Reply[] | 'dead'
  /** A further request that the origin gets after the client has its answer; the step ends when its answer is stored. */
  readonly background?: Reply
  /** Reason phrase; not looked at without it. */
  readonly reason?: string
  /** Default: the origin's status, but 200 for a 304, and 200 from the cache. */
  readonly status?: number
  /** Default: the body that the origin sent, else that of step 1. `null`: anything. */
  readonly body?: string | null
  readonly gets?: Expected
  /** What each request to the origin must hold, or what all of them must. */
  readonly sees?: Expected | readonly Expected[]
  /** What the background request must hold. */
  readonly seesBehind?: Expected
  /** Method that the origin sees. Default: the client's. */
  readonly seesMethod?: string
  /** What must be stored under this URL after it: fields of the one object, or `null` for no object. */
  readonly stored?: Expected | null
  /** Status and fields of the interim answers that the client gets. */
  readonly interim?: readonly (readonly [status: number, gets: Expected])[]
}

export interface Row {
  readonly clause: string
  readonly title: string
  /** Default `safe` and `rfc9111`. */
  readonly presets?: readonly PresetName[]
  readonly steps: readonly Step[]
}

export const BOTH: readonly PresetName[] = ['safe', 'rfc9111']
export const ALL: readonly PresetName[] = ['safe', 'rfc9111', 'varnish']

/** A Last-Modified that is long ago, and a moment before and after it. */
export const LONG_AGO = 'Thu, 01 Jan 2015 00:00:00 GMT'
export const BEFORE_THAT = 'Wed, 31 Dec 2014 23:59:59 GMT'
export const AFTER_THAT = 'Thu, 01 Jan 2015 00:00:01 GMT'

/** An HTTP-date that many seconds from the time of sending. */
export function inSeconds(seconds: number): (wall: number) => string {
  return (wall) => formatHttpDate(wall + seconds * 1000)
}

/** A forwarded request and its answer's fields. */
export function forwarded(fields: Fields = {}, more: Omit<Step, 'origin'> & { readonly reply?: Omit<Reply, 'fields'> } = {}): Step {
  const { reply, ...step } = more
  return { ...step, origin: { ...reply, fields } }
}

/** A request that is answered without the origin. */
export function hit(more: Step = {}): Step {
  return { ...more, gets: { 'X-Cache': 'HIT', ...more.gets } }
}

/** Makes a test of every row and preset; all of a file share one server a preset and one clock. */
export function rows(topic: string, table: readonly Row[]): void {
  describe(topic, () => {
    const rig = new Rig()
    const presets = new Set(table.flatMap((row) => row.presets ?? BOTH))
    beforeAll(() => rig.open([...presets]))
    afterAll(() => rig.close())
    for (const row of table)
      for (const preset of row.presets ?? BOTH) test(`${row.clause}, ${preset}: ${row.title}`, () => rig.play(preset, row.steps))
  })
}

class Rig {
  readonly #clock = new ManualClock()
  readonly #servers = new Map<PresetName, Server>()
  readonly #unexpected: string[] = []
  #origin: ByteOrigin | null = null
  #client: RawClient | null = null
  #rows = 0
  /** The row that runs. */
  #path = ''
  #seen: SeenRequest[] = []
  #replies: (Reply | 'dead')[] = []
  #number = 0

  async open(presets: readonly PresetName[]): Promise<void> {
    this.#origin = await ByteOrigin.start(async (connection) => {
      for (;;) {
        const request = await connection.request()
        if (request === null) return connection.end()
        const reply = this.#replyTo(request)
        if (reply === 'dead') return connection.end()
        connection.send(bytesOf(reply, request, this.#number, this.#clock.wall(), this.#path))
        if (reply.ends === 'reset') return connection.reset()
        if (reply.framing === 'close' || reply.ends === 'fin') return connection.end()
      }
    })
    for (const preset of presets) {
      const server = await serve({
        preset,
        origin: this.#origin.url,
        listen: ['127.0.0.1:0'],
        memory: 32 * 1024 * 1024,
        // What every client may ask for, not those who may refresh.
        refreshFrom: ['none'],
        clock: this.#clock,
        eventLog: {
          info: () => {},
          warn: () => {},
          error: (fields, text) => void this.#unexpected.push(`${text} ${String(fields['err'])}`),
        },
      })
      this.#servers.set(preset, server)
    }
  }

  async close(): Promise<void> {
    this.#client?.destroy()
    for (const server of this.#servers.values()) await server.close()
    await this.#origin?.close()
  }

  async play(preset: PresetName, steps: readonly Step[]): Promise<void> {
    const server = this.#servers.get(preset) as Server
    const bodies: string[] = []
    this.#client?.destroy()
    this.#client = null
    this.#path = `/${preset}/${this.#rows++}`
    for (const [index, step] of steps.entries()) {
      this.#number = index + 1
      await this.#playStep(server, step, bodies)
    }
    expect(this.#unexpected).toEqual([])
  }

  async #playStep(server: Server, step: Step, bodies: string[]): Promise<void> {
    const { method = 'GET', origin } = step
    const where = `step ${this.#number}`
    const url = `${this.#path}${step.path ?? ''}`
    if (step.after !== undefined) this.#pass(step.after)
    this.#seen = []
    const replies = origin === undefined ? [] : origin === 'dead' ? ['dead' as const] : 'length' in origin ? origin : [origin]
    const times = replies.length
    const last = replies.at(-1)
    this.#replies = [...replies, ...(step.background === undefined ? [] : [step.background])]
    const { response, interim } = await this.#ask(server, method, url, step)
    const asked = this.#seen.slice(0, times)
    if (origin !== 'dead')
      expect(step.background === undefined ? this.#seen.length : asked.length, `${where}: requests to the origin`).toBe(times)
    expect(response.status, `${where}: status`).toBe(step.status ?? statusOf(last))
    if (step.reason !== undefined) expect(response.reason, `${where}: reason phrase`).toBe(step.reason)
    const sent = last === undefined || last === 'dead' || last.status === 304 ? undefined : (last.body ?? `body ${this.#number}`)
    bodies.push(sent ?? '')
    const body = step.body === undefined ? (sent ?? bodies[0] ?? '') : step.body
    if (body !== null) expect(response.body.toString('latin1'), `${where}: body`).toBe(bodiless(method, response.status) ? '' : body)
    check(step.gets, (name) => response.getAll(name), `${where}: the client gets`)
    for (const [i, request] of asked.entries()) {
      expect(request.method, `${where}: method at the origin`).toBe(step.seesMethod ?? method)
      const sees = Array.isArray(step.sees) ? step.sees[i] : step.sees
      check(sees, (name) => linesOf(request.head, name), `${where}: the origin sees`)
    }
    expect(interim.map(({ status }) => status)).toEqual((step.interim ?? []).map(([status]) => status))
    for (const [i, [, gets]] of (step.interim ?? []).entries()) check(gets, (name) => interim[i]?.getAll(name) ?? [], `${where}: interim`)
    if (step.background !== undefined) await this.#behind(server, step, url, times, where)
    if (step.stored !== undefined) checkStored(server, url, step.stored, where)
  }

  /** The refresh behind the answer: it comes, and what it brought is stored. */
  async #behind(server: Server, step: Step, url: string, times: number, where: string): Promise<void> {
    await until(() => this.#seen.length > times, `${where}: the request behind it`)
    const request = this.#seen[times] as SeenRequest
    check(step.seesBehind, (name) => linesOf(request.head, name), `${where}: the origin sees behind it`)
    const number = String(this.#number)
    await until(() => objectsOf(server, url).some((object) => object.headers.joined('x-step') === number), `${where}: the refreshed object`)
  }

  async #ask(server: Server, method: string, url: string, step: Step): Promise<{ response: RawResponse; interim: RawResponse[] }> {
    if (this.#client === null || this.#client.ended !== null) this.#client = await RawClient.connect(server.addresses[0] as string)
    const client = this.#client
    const body = step.sends ?? ''
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
    client.send(
      `${method} ${url} HTTP/${step.version ?? '1.1'}\r\nHost: ${step.host ?? 'www.example'}\r\n${length}${lines(step.asks ?? {}, this.#clock.wall(), this.#path)}\r\n${body}`,
    )
    const interim: RawResponse[] = []
    for (;;) {
      const response = await client.response({ head: method === 'HEAD', interim: true })
      if (response.status < 200) {
        interim.push(response)
        continue
      }
      if (response.get('connection') === 'close') this.#client = null
      if (this.#client === null) client.destroy()
      return { response, interim }
    }
  }

  /** Moves time; connections may pass their idle deadline, so that a new one is used. */
  #pass(seconds: number): void {
    this.#client?.destroy()
    this.#client = null
    this.#clock.advance(seconds * 1000)
  }

  #replyTo(request: SeenRequest): Reply | 'dead' {
    this.#seen.push(request)
    // On a connection that was used before, the cache asks once more.
    if (this.#replies[0] === 'dead') return 'dead'
    return this.#replies.shift() ?? { status: 599, body: 'not expected' }
  }
}

function statusOf(origin: Reply | 'dead' | undefined): number {
  if (origin === undefined) return 200
  if (origin === 'dead') return 502
  return origin.status === undefined || origin.status === 304 ? 200 : origin.status
}

function bodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

function lines(fields: Fields, wall: number, url: string): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => valuesOf(value, wall, url).map((line) => `${name}: ${line}\r\n`))
    .join('')
}

function valuesOf(value: Value, wall: number, url: string): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'function') return [value(wall)]
  return 'ofRow' in value ? [value.ofRow(url)] : value
}

function bytesOf(reply: Reply, request: SeenRequest, number: number, wall: number, url: string): string {
  if (reply.raw !== undefined) return reply.raw
  const { status = 200, fields = {}, body = `body ${number}`, framing = 'length' } = reply
  const given = new Set(Object.keys(fields).map((name) => name.toLowerCase()))
  const none = bodiless(request.method, status)
  const length =
    framing === 'length' && status !== 204 && status !== 304 && !given.has('content-length') ? `Content-Length: ${body.length}\r\n` : ''
  const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
  const date = given.has('date') || reply.noDate === true ? '' : `Date: ${formatHttpDate(wall)}\r\n`
  const step = given.has('x-step') ? '' : `X-Step: ${number}\r\n`
  const head = `HTTP/1.1 ${status} ${reply.reason ?? 'Said'}\r\n${lines(fields, wall, url)}${date}${step}${length}${coding}\r\n`
  const content = framing === 'chunked' ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body
  return `${reply.interim ?? ''}${head}${none ? '' : content}${reply.surplus ?? ''}`
}

function linesOf(head: string, name: string): string[] {
  return head
    .split('\r\n')
    .slice(1)
    .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name.toLowerCase())
    .map((line) => line.slice(line.indexOf(':') + 1).trim())
}

function check(expected: Expected | undefined, valuesOf: (name: string) => string[], what: string): void {
  for (const [name, value] of Object.entries(expected ?? {})) {
    const found = valuesOf(name)
    const joined = found.length === 0 ? null : found.join(', ')
    if (value instanceof RegExp) expect(joined ?? '', `${what} ${name}`).toMatch(value)
    else expect(joined, `${what} ${name}`).toBe(value)
  }
}

type Stored = ReturnType<Server['objects']> extends Iterable<infer O> ? O : never

function objectsOf(server: Server, url: string): Stored[] {
  return [...server.objects()].filter(({ key }) => key.startsWith(`${url.length}:${url}`))
}

function checkStored(server: Server, url: string, expected: Expected | null, where: string): void {
  const objects = objectsOf(server, url)
  expect(objects.length, `${where}: stored objects`).toBe(expected === null ? 0 : 1)
  check(expected ?? {}, (name) => objects[0]?.headers.getAll(name) ?? [], `${where}: stored`)
}
