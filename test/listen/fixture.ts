/** A listener with a scripted handler for tests: it records what it saw and answers with a description of it. */
import type { Body, BodyFlow, BodySink } from '../../src/body/body.ts'
import { type Clock, ManualClock } from '../../src/clock.ts'
import { defaultBans, defaultDeadlines, defaultLimits, defaultShortlived, noCompression, type Settings } from '../../src/config/settings.ts'
import { Counters } from '../../src/counters.ts'
import { createListener, type Listener } from '../../src/listen/listener.ts'
import type { EventLog } from '../../src/log.ts'
import type { Exchange, ExchangeEnd, ExchangeHandler, Peer, ResponseHead } from '../../src/request/exchange.ts'
import { NameSet } from '../../vcl-ts/headers.ts'

export interface Seen {
  readonly method: string
  readonly target: string
  readonly host: string | null
  readonly version: string
  readonly fields: readonly string[]
  /** The body when it was whole, `null` when it broke off or has not ended. */
  body: string | null
}

export interface Refused {
  readonly peer: Peer
  readonly status: number
  readonly reason: string
}

export interface Logged {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}

export interface Rig {
  readonly listener: Listener
  readonly counters: Counters
  readonly clock: ManualClock
  readonly refused: Refused[]
  readonly logged: Logged[]
}

export function settings(limits: Partial<Settings['limits']> = {}, deadlines: Partial<Settings['deadlines']> = {}): Settings {
  return {
    preset: 'safe',
    name: 'test',
    memory: 1024 * 1024,
    maxObject: 1024 * 1024,
    purgeFrom: [],
    refreshFrom: [],
    purgeToken: null,
    tagFields: new NameSet([]),
    limits: { ...defaultLimits, ...limits },
    deadlines: { ...defaultDeadlines, ...deadlines },
    bans: defaultBans,
    compression: noCompression,
    slice: null,
    redis: null,
    shortlived: defaultShortlived,
  }
}

export function eventLog(logged: Logged[]): EventLog {
  const at =
    (level: Logged['level']) =>
    (_fields: Readonly<Record<string, unknown>>, message: string): void => {
      logged.push({ level, message })
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

export async function start(
  handler: ExchangeHandler,
  options: { settings?: Settings; address?: string; clock?: Clock; isTrusted?: (ip: string) => boolean } = {},
): Promise<Rig> {
  const clock = new ManualClock()
  const counters = new Counters()
  const refused: Refused[] = []
  const logged: Logged[] = []
  const listener = await createListener({
    address: options.address ?? '127.0.0.1:0',
    settings: options.settings ?? settings(),
    clock: options.clock ?? clock,
    counters,
    isTrusted: options.isTrusted ?? (() => false),
    handler,
    onRefused: (peer, status, reason) => refused.push({ peer, status, reason }),
    log: eventLog(logged),
  })
  return { listener, counters, clock, refused, logged }
}

/** Reads a body whole; `null` when it broke off. */
export function readAll(body: Body | null, done: (bytes: Buffer | null) => void): void {
  if (body === null) {
    done(Buffer.alloc(0))
    return
  }
  const parts: Buffer[] = []
  body.read({
    chunk(bytes) {
      parts.push(bytes)
      return true
    },
    end(end) {
      done(end.type === 'complete' ? Buffer.concat(parts) : null)
    },
  })
}

/** Answers every request, once its body was read, with what was seen of it; `X-Nonce` comes back. */
export function recorder(seen: Seen[]): ExchangeHandler {
  return (exchange) => {
    const { method, target, host, version, headers } = exchange.head
    const entry: Seen = { method, target, host, version, fields: [...headers].map(([name, value]) => `${name}: ${value}`), body: null }
    seen.push(entry)
    readAll(exchange.body, (bytes) => {
      if (bytes === null) return
      entry.body = bytes.toString('latin1')
      const text = Buffer.from(`${method} ${target} ${host ?? '-'} ${entry.body.length}\n`, 'latin1')
      const nonce = headers.get('x-nonce')
      exchange.respondWhole(ok(nonce === undefined ? '' : `X-Nonce: ${nonce}\r\n`, text.length), text)
    })
  }
}

export function ok(fieldLines: string = '', contentLength: number | null = null): ResponseHead {
  return { status: 200, reason: 'OK', fieldLines, contentLength, dated: false, close: false }
}

/** Waits, without sleeping, until something is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Lets what is on its way arrive: as many turns of the event loop. */
export async function turns(count: number = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** A body that is pushed by hand, and knows what its reader asked for. */
export class ScriptedBody implements Body, BodyFlow {
  readonly length: number | null
  sink: BodySink | null = null
  resumed = 0
  cancelled: Error | null = null

  constructor(length: number | null = null) {
    this.length = length
  }

  read(sink: BodySink): BodyFlow {
    this.sink = sink
    return this
  }

  resume(): void {
    this.resumed++
  }

  cancel(cause: Error): void {
    this.cancelled = cause
  }
}

/** Notes how an exchange ended. */
export function observe(exchange: Exchange, events: (ExchangeEnd | 'left')[]): void {
  exchange.observer = { left: () => events.push('left'), ended: (end) => events.push(end) }
}
