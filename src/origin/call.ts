/** One request to one backend, from the moment it is asked until its answer is over: waiting, under way, perhaps retried once. */
import type { Socket } from 'node:net'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import { C, type Counters } from '../counters.ts'
import type { Dial } from './dial.ts'
import type { OriginCall, OriginFailure, OriginObserver, OriginRequest, OriginResponse, OriginWire } from './exchange.ts'
import type { Connection } from './http1/connection.ts'
import type { ConnectionCall } from './http1/contract.ts'
import type { Ledger } from './ledger.ts'

/** What a call needs of its pool. */
export interface CallKeeper {
  readonly counters: Counters
  readonly ledger: Ledger
  /** Sends it once more, on a new connection. */
  retry(call: Call): void
  /** It waits for a connection no longer. */
  forget(call: Call): void
}

export class Call implements OriginCall, ConnectionCall {
  readonly request: OriginRequest
  readonly head: string
  readonly #observer: OriginObserver
  readonly #keeper: CallKeeper
  #over = false
  #retried = false
  /** The connection that is being made for it. */
  dial: Dial | null = null
  /** The connection it is on. */
  connection: Connection | null = null
  /** Whether that connection had served others before. */
  reused = false
  /** Until `send` has returned nothing may reach the observer. */
  starting = true
  /** Since when it waits for a connection, in the clock's milliseconds. */
  waitsSince = 0

  constructor(request: OriginRequest, head: string, observer: OriginObserver, keeper: CallKeeper) {
    this.request = request
    this.head = head
    this.#observer = observer
    this.#keeper = keeper
  }

  get wire(): OriginWire | null {
    return this.connection === null ? null : this.connection.wire(this.reused)
  }

  get path(): string {
    return pathOf(this.request.target)
  }

  cancel(): void {
    if (this.#over) return
    if (this.dial !== null) this.dial.waiting = null
    this.dial = null
    this.connection?.abandon(this)
    if (this.#over) return
    this.#over = true
    this.connection = null
    this.#keeper.forget(this)
  }

  interim(status: number, reason: string, headers: HeaderMap): void {
    this.#observer.interim(status, reason, headers)
  }

  response(response: OriginResponse, body: Body | null): void {
    const counters = this.#keeper.counters
    if (response.framing === 'length') counters.add(C.fetch_length)
    else if (response.framing === 'chunked') counters.add(C.fetch_chunked)
    else if (response.framing === 'close') counters.add(C.fetch_eof)
    else if (this.request.method === 'HEAD') counters.add(C.fetch_head)
    else if (response.status === 304) counters.add(C.fetch_304)
    else counters.add(C.fetch_none)
    this.#observer.response(response, body)
  }

  upgraded(response: OriginResponse, socket: Socket, rest: Buffer): void {
    this.#over = true
    this.connection = null
    this.#observer.upgraded(response, socket, rest)
  }

  failed(failure: OriginFailure, begun: boolean): void {
    const died = failure.code === 'closed_before_answer' || failure.code === 'reset'
    if (died && !begun && this.reused && !this.#retried && this.request.replayable) {
      this.#retried = true
      this.#keeper.counters.add(C.backend_retry)
      this.#keeper.retry(this)
      return
    }
    if (!this.starting) {
      this.#fail(failure)
      return
    }
    process.nextTick(() => this.#fail(failure))
  }

  ended(failure: OriginFailure | null): void {
    this.#over = true
    this.connection = null
    if (failure !== null) this.#count(failure)
  }

  #fail(failure: OriginFailure): void {
    if (this.#over) return
    this.#over = true
    this.connection = null
    this.#count(failure)
    failure.resent = this.#retried
    this.#observer.failed(failure)
  }

  #count(failure: OriginFailure): void {
    if (failure.code === 'cancelled') return
    this.#keeper.counters.add(C.fetch_failed)
    this.#keeper.counters.reason('fetch_fail', failure.code)
    this.#keeper.ledger.countFailure(failure.code)
  }
}

export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}
