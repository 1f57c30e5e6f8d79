/** What the connections of one listener share: settings in the form they need them, counters, clock, and the handler. */
import type { Clock } from '../../clock.ts'
import type { Deadlines, Limits, Settings } from '../../config/settings.ts'
import type { Counters } from '../../counters.ts'
import type { EventLog } from '../../log.ts'
import type { ExchangeHandler, Peer } from '../../request/exchange.ts'
import { Journal } from '../../vsl/journal.ts'
import { Xids } from '../../vsl/xids.ts'
import type { ConnectionRegister } from '../limits.ts'
import { type HeadLimits, RequestParser } from './parser.ts'
import type { RefusalReason } from './refusal.ts'

export type RefusedObserver = (peer: Peer, status: number, reason: RefusalReason) => void

export interface ContextParts {
  readonly settings: Settings
  readonly clock: Clock
  readonly counters: Counters
  readonly log: EventLog
  readonly handler: ExchangeHandler
  readonly onRefused: RefusedObserver | null
  readonly register: ConnectionRegister
  /** Where ids of sessions come from, and where sessions are recorded. Default: its own, and nowhere. */
  readonly xids?: Xids
  readonly journal?: Journal
}

export class ConnectionContext {
  readonly clock: Clock
  readonly counters: Counters
  readonly log: EventLog
  readonly handler: ExchangeHandler
  readonly onRefused: RefusedObserver | null
  readonly register: ConnectionRegister
  readonly xids: Xids
  readonly journal: Journal
  /** No further request is accepted on any connection. */
  draining: boolean = false
  readonly #settings: Settings
  /** Those that the parser was made for. */
  #limits: Limits
  #parser: RequestParser
  /** Those that `#keepAliveLines` tell. */
  #deadlines: Deadlines
  #keepAliveLines: string
  #dateSecond = Number.NaN
  #dateLine = ''

  constructor(parts: ContextParts) {
    const { settings } = parts
    this.#settings = settings
    this.clock = parts.clock
    this.counters = parts.counters
    this.log = parts.log
    this.handler = parts.handler
    this.onRefused = parts.onRefused
    this.register = parts.register
    this.xids = parts.xids ?? new Xids()
    this.journal = parts.journal ?? new Journal(parts.clock)
    this.#limits = settings.limits
    this.#parser = new RequestParser(headLimits(settings.limits))
    this.#deadlines = settings.deadlines
    this.#keepAliveLines = keepAliveLines(settings.deadlines)
  }

  /** Parses heads that arrive whole; a connection whose head comes in pieces makes its own. */
  get parser(): RequestParser {
    const { limits } = this.#settings
    if (limits !== this.#limits) {
      this.#limits = limits
      this.#parser = new RequestParser(headLimits(limits))
    }
    return this.#parser
  }

  get headLimits(): HeadLimits {
    return headLimits(this.#settings.limits)
  }

  /** Ends the head of an answer after which the connection stays open. */
  get keepAliveLines(): string {
    const { deadlines } = this.#settings
    if (deadlines !== this.#deadlines) {
      this.#deadlines = deadlines
      this.#keepAliveLines = keepAliveLines(deadlines)
    }
    return this.#keepAliveLines
  }

  /** Milliseconds, as are the other times. */
  get headDeadline(): number {
    return this.#settings.deadlines.head * 1000
  }

  get bodyWindow(): number {
    return this.#settings.deadlines.bodyWindow * 1000
  }

  /** Bytes that a request body has to bring within `bodyWindow`. */
  get bodyMinimum(): number {
    const { bodyRate, bodyWindow } = this.#settings.deadlines
    return bodyRate * bodyWindow
  }

  get sendIdle(): number {
    return this.#settings.deadlines.sendIdle * 1000
  }

  get sendTotal(): number {
    return this.#settings.deadlines.sendTotal * 1000
  }

  /** `Date` of now (RFC 9110 §6.6.1), made once a second. */
  dateLine(): string {
    const second = Math.floor(this.clock.wall() / 1000)
    if (second !== this.#dateSecond) {
      this.#dateSecond = second
      this.#dateLine = `Date: ${new Date(second * 1000).toUTCString()}\r\n`
    }
    return this.#dateLine
  }
}

function headLimits({ requestHead, requestLine, requestFields }: Limits): HeadLimits {
  return { head: requestHead, line: requestLine, fields: requestFields }
}

function keepAliveLines({ idle }: Deadlines): string {
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idle)}\r\n\r\n`
}
