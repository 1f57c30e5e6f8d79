/** What the tests of this folder share: origins over a byte-exact server, and an observer that records. */
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Body, BodyEnd, BodyFlow, BodySink } from '../../src/body/body.ts'
import { type Clock, ManualClock } from '../../src/clock.ts'
import { defaultBans, defaultDeadlines, defaultLimits, defaultShortlived, noCompression, type Settings } from '../../src/config/settings.ts'
import { Counters } from '../../src/counters.ts'
import type { EventLog } from '../../src/log.ts'
import type { Origin, OriginCall, OriginFailure, OriginObserver, OriginRequest, OriginResponse } from '../../src/origin/exchange.ts'
import type { OddStatus } from '../../src/origin/http1/response-parser.ts'
import type { Names } from '../../src/origin/names.ts'
import { createOrigins } from '../../src/origin/registry.ts'
import { resolvedNames } from '../../src/origin/resolved-names.ts'
import { type BackendOptions, backend } from '../../vcl-ts/backend.ts'
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { ByteOrigin, type ByteScript, type Secure } from '../support/byte-origin.ts'

export interface Rig {
  readonly server: ByteOrigin
  readonly origin: Origin
  readonly counters: Counters
  readonly clock: ManualClock
}

export interface RigOptions extends BackendOptions {
  readonly limits?: Partial<Settings['limits']>
  readonly deadlines?: Partial<Settings['deadlines']>
  readonly oddStatus?: OddStatus
  /** The server's certificate and key: it speaks TLS. */
  readonly secure?: Secure
}

export function settingsFor(options: RigOptions): Settings {
  return {
    preset: 'safe',
    name: 'test',
    memory: 1 << 20,
    maxObject: 1 << 20,
    purgeFrom: [],
    refreshFrom: [],
    purgeToken: null,
    tagFields: new NameSet([]),
    limits: { ...defaultLimits, ...options.limits },
    deadlines: { ...defaultDeadlines, ...options.deadlines },
    bans: defaultBans,
    compression: noCompression,
    slice: null,
    redis: null,
    shortlived: defaultShortlived,
  }
}

/** An origin client towards a scripted server; both are closed with the test. */
export async function rig(script: ByteScript | ByteOrigin, options: RigOptions = {}): Promise<Rig> {
  const server = script instanceof ByteOrigin ? script : await ByteOrigin.start(script, options.secure)
  const counters = new Counters()
  const clock = new ManualClock()
  const origin = originTo(server.url, counters, clock, options)
  onTestFinished(async () => {
    origin.close()
    await server.close()
  })
  return { server, origin, counters, clock }
}

export function originTo(url: string, counters: Counters, clock: Clock, options: RigOptions = {}): Origin {
  const { limits: _l, deadlines: _d, oddStatus = 'fail', secure: _s, ...backendOptions } = options
  return createOrigins({ names: namesFor(clock), settings: settingsFor(options), clock, counters, oddStatus }).of(
    backend(url, backendOptions),
  )
}

const silent: EventLog = { info() {}, warn() {}, error() {} }

/** Resolves names as a server does; with `servers` by DNS alone. */
export function namesFor(clock: Clock, servers: readonly string[] = [], log: EventLog = silent): Names {
  const names = resolvedNames({ clock, log, servers })
  onTestFinished(() => names.close())
  return names
}

export function get(target: string, more: Partial<OriginRequest> = {}): OriginRequest {
  return {
    method: 'GET',
    target,
    fieldLines: 'Host: test\r\n',
    body: null,
    announceEmpty: false,
    upgrade: null,
    deadlines: { connect: 3.5, firstByte: 60, betweenBytes: 60 },
    client: null,
    replayable: true,
    ...more,
  }
}

/** Records what an exchange does. By default it reads the body at once. */
export class Recorder implements OriginObserver, BodySink {
  readonly interims: { status: number; reason: string; headers: HeaderMap }[] = []
  head: OriginResponse | null = null
  answerBody: Body | null = null
  failure: OriginFailure | null = null
  bytes: Buffer = Buffer.alloc(0)
  end_: BodyEnd | null = null
  chunks = 0
  upgrade: { socket: Socket; rest: Buffer } | null = null
  flow: BodyFlow | null = null
  /** Whether `response` attaches the sink. */
  attach = true
  /** What `chunk` answers. */
  takes: () => boolean = () => true
  onHead: (() => void) | null = null
  /** Resolves with the body's end, `failed`, or an upgrade. */
  readonly over: Promise<void>
  /** Resolves with the first of head and `failed`. */
  readonly begun: Promise<void>
  #resolve: () => void = () => {}
  #begin: () => void = () => {}
  #parts: Buffer[] = []

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  interim(status: number, reason: string, headers: HeaderMap): void {
    this.interims.push({ status, reason, headers })
  }

  response(response: OriginResponse, body: Body | null): void {
    this.head = response
    this.answerBody = body
    this.#begin()
    this.onHead?.()
    if (body === null) this.#resolve()
    else if (this.attach) this.flow = body.read(this)
  }

  upgraded(response: OriginResponse, socket: Socket, rest: Buffer): void {
    this.head = response
    this.upgrade = { socket, rest }
    this.#begin()
    this.#resolve()
  }

  failed(failure: OriginFailure): void {
    this.failure = failure
    this.#begin()
    this.#resolve()
  }

  chunk(bytes: Buffer): boolean {
    this.chunks++
    this.#parts.push(bytes)
    return this.takes()
  }

  end(end: BodyEnd): void {
    if (this.end_ !== null) throw new Error('the body ended twice')
    this.end_ = end
    this.bytes = Buffer.concat(this.#parts)
    this.#resolve()
  }

  get received(): Buffer {
    return Buffer.concat(this.#parts)
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  /** `complete`, the failure's code, or `reset: code`. */
  get outcome(): string {
    if (this.failure !== null) return this.failure.code
    if (this.end_ === null) return this.head !== null && this.answerBody === null ? 'complete' : 'pending'
    return this.end_.type === 'complete' ? 'complete' : `reset: ${(this.end_.cause as OriginFailure).code}`
  }
}

export interface Asked extends Recorder {
  call: OriginCall
}

/** Sends a request and hands out its recorder at once. */
export function begin(origin: Origin, request: OriginRequest, recorder: Recorder = new Recorder()): Asked {
  return Object.assign(recorder, { call: origin.send(request, recorder) })
}

/** Sends a request and waits until it is over. */
export async function ask(origin: Origin, request: OriginRequest): Promise<Asked> {
  const asked = begin(origin, request)
  await asked.over
  return asked
}

/** One turn of the loop and everything that was ready in it. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Waits for a state that other events bring about. */
export async function eventually(test: () => boolean): Promise<void> {
  while (!test()) await turns(1)
}

/** Keeps the loop from turning, as a long task does, until `test` holds or the time is over. */
export function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** A body that the test pushes by hand. */
export class ManualBody implements Body, BodyFlow {
  readonly length: number | null
  sink: BodySink | null = null
  resumes = 0
  cancelled: Error | null = null

  constructor(length: number | null) {
    this.length = length
  }

  read(sink: BodySink): BodyFlow {
    this.sink = sink
    return this
  }

  push(text: string | Buffer): boolean {
    return this.sink!.chunk(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  resume(): void {
    this.resumes++
  }

  cancel(cause: Error): void {
    this.cancelled = cause
  }
}

/** A body that is at hand. */
export function textBody(text: string, length: number | null = text.length): Body {
  return {
    length,
    read(sink) {
      sink.chunk(Buffer.from(text, 'latin1'))
      sink.end({ type: 'complete' })
      return { resume() {}, cancel() {} }
    },
  }
}

export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}
