/** What the connections of one listener share: settings in the form they need them, counters, clock, and the handler. */
import type { Clock } from '../../clock.ts'
import type { Settings } from '../../config/settings.ts'
import type { Counters } from '../../counters.ts'
import type { EventLog } from '../../log.ts'
import type { ExchangeHandler, Peer } from '../../request/exchange.ts'
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
}

export class ConnectionContext {
  readonly clock: Clock
  readonly counters: Counters
  readonly log: EventLog
  readonly handler: ExchangeHandler
  readonly onRefused: RefusedObserver | null
  readonly register: ConnectionRegister
  readonly headLimits: HeadLimits
  /** Parses heads that arrive whole; a connection whose head comes in pieces makes its own. */
  readonly parser: RequestParser
  /** Milliseconds. */
  readonly headDeadline: number
  readonly bodyWindow: number
  readonly sendIdle: number
  readonly sendTotal: number
  /** Bytes that a request body has to bring within `bodyWindow`. */
  readonly bodyMinimum: number
  /** Ends the head of an answer after which the connection stays open. */
  readonly keepAliveLines: string
  /** No further request is accepted on any connection. */
  draining: boolean = false
  #dateSecond = Number.NaN
  #dateLine = ''

  constructor(parts: ContextParts) {
    const { limits, deadlines } = parts.settings
    this.clock = parts.clock
    this.counters = parts.counters
    this.log = parts.log
    this.handler = parts.handler
    this.onRefused = parts.onRefused
    this.register = parts.register
    this.headLimits = { head: limits.requestHead, line: limits.requestLine, fields: limits.requestFields }
    this.parser = new RequestParser(this.headLimits)
    this.headDeadline = deadlines.head * 1000
    this.bodyWindow = deadlines.bodyWindow * 1000
    this.bodyMinimum = deadlines.bodyRate * deadlines.bodyWindow
    this.sendIdle = deadlines.sendIdle * 1000
    this.sendTotal = deadlines.sendTotal * 1000
    this.keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(deadlines.idle)}\r\n\r\n`
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
