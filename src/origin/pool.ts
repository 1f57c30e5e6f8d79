/** The connections to one backend: the last one used is used first, the rest age out; a bounded queue when all are taken. */
import type { Clock } from '../clock.ts'
import { C, type Counters } from '../counters.ts'
import { Call, type CallKeeper } from './call.ts'
import { Deadline } from './deadline.ts'
import { type Origin, type OriginCall, OriginFailure, type OriginObserver, type OriginRequest } from './exchange.ts'
import { Connection, type ConnectionOwner } from './http1/connection.ts'
import type { ConnectionOptions } from './http1/contract.ts'
import { requestHead } from './http1/request-head.ts'

export interface PoolOptions {
  readonly name: string
  readonly hostHeader: string
  readonly connection: ConnectionOptions
  /** Connections at a time, tunnels included. */
  readonly maxConnections: number
  /** Calls that may wait for a connection, and how long, in seconds. */
  readonly maxQueue: number
  readonly queueSeconds: number
  readonly clock: Clock
  readonly counters: Counters
}

export class Pool implements Origin, ConnectionOwner, CallKeeper {
  readonly name: string
  readonly hostHeader: string
  readonly counters: Counters
  readonly #options: PoolOptions
  /** Last released last. */
  readonly #idle: Connection[] = []
  /** In order of arrival, hence of `waitsUntil`. */
  readonly #queue = new Set<Call>()
  readonly #queueDeadline: Deadline
  readonly #connections = new Set<Connection>()
  #open = 0
  #closing = false
  #stopped = false

  constructor(options: PoolOptions) {
    this.name = options.name
    this.hostHeader = options.hostHeader
    this.counters = options.counters
    this.#options = options
    this.#queueDeadline = new Deadline(options.clock, () => this.#expireQueue())
  }

  send(request: OriginRequest, observer: OriginObserver): OriginCall {
    let head = ''
    let refusal: Error | null = null
    try {
      head = requestHead(request)
    } catch (error) {
      refusal = error instanceof Error ? error : new Error(String(error))
    }
    const call = new Call(request, head, observer, this)
    if (refusal !== null) call.failed(new OriginFailure('request_refused', refusal.message, true), false)
    else this.#place(call)
    call.starting = false
    return call
  }

  close(): void {
    this.#closing = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes every connection at once; calls under way, and those that wait, fail. */
  stop(): void {
    this.#stopped = true
    this.close()
    for (const call of [...this.#queue]) {
      this.#queue.delete(call)
      call.failed(stopped(), false)
    }
    this.#queueDeadline.close()
    for (const connection of [...this.#connections]) connection.stop()
  }

  // --- what a call asks

  retry(call: Call): void {
    this.#connect(call)
  }

  forget(call: Call): void {
    this.#queue.delete(call)
  }

  // --- what a connection tells

  connected(connection: Connection): void {
    this.counters.add(C.backend_conn)
    const call = connection.waiting as Call | null
    connection.waiting = null
    if (call === null) {
      this.#offer(connection)
      return
    }
    if (this.#start(connection, call, false)) return
    call.failed(new OriginFailure('malformed_head', 'bytes from the origin before any request', true), false)
  }

  connectFailed(connection: Connection, failure: OriginFailure): void {
    this.counters.add(C.backend_fail)
    const call = connection.waiting as Call | null
    connection.waiting = null
    call?.failed(failure, false)
  }

  released(connection: Connection): void {
    this.counters.add(C.backend_recycle)
    this.#offer(connection)
  }

  closed(connection: Connection): void {
    this.#open--
    this.#connections.delete(connection)
    const at = this.#idle.lastIndexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const call = connection.waiting as Call | null
    connection.waiting = null
    call?.failed(new OriginFailure('connect_failed', 'the connection closed before it could be used', true), false)
    while (this.#queue.size > 0 && this.#open < this.#options.maxConnections) {
      const next = this.#shift()
      if (next !== null) this.#connect(next)
    }
  }

  // --- placing calls

  #place(call: Call): void {
    if (this.#stopped) {
      call.failed(stopped(), false)
      return
    }
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) break
      if (connection.stale) connection.destroy()
      else if (this.#start(connection, call, true)) return
    }
    if (this.#open < this.#options.maxConnections) {
      this.#connect(call)
      return
    }
    if (this.#queue.size >= this.#options.maxQueue) {
      this.counters.add(C.backend_busy)
      call.failed(new OriginFailure('pool_full', `${this.#queue.size} requests wait for ${this.name}`, true), false)
      return
    }
    const wait = this.#options.queueSeconds * 1000
    call.waitsUntil = this.#options.clock.now() + wait
    if (this.#queue.size === 0) this.#queueDeadline.set(wait)
    this.#queue.add(call)
  }

  #start(connection: Connection, call: Call, reused: boolean): boolean {
    call.connection = connection
    call.reused = reused
    if (!connection.start(call)) {
      call.connection = null
      return false
    }
    this.counters.add(C.backend_req)
    if (reused) this.counters.add(C.backend_reuse)
    return true
  }

  #connect(call: Call): void {
    this.#open++
    call.reused = false
    const connection = new Connection(this.#options.connection, this, call)
    this.#connections.add(connection)
    call.connection = connection
  }

  /** Gives a free connection to whoever waits longest, or keeps it. */
  #offer(connection: Connection): void {
    const next = this.#shift()
    if (next === null) {
      if (this.#closing) connection.destroy()
      else this.#idle.push(connection)
    } else if (!this.#start(connection, next, true)) this.#connect(next)
  }

  #shift(): Call | null {
    if (this.#queue.size === 0) return null
    const next = this.#queue.values().next().value ?? null
    if (next !== null) this.#queue.delete(next)
    return next
  }

  #expireQueue(): void {
    const now = this.#options.clock.now()
    for (const call of this.#queue) {
      if (call.waitsUntil > now) {
        this.#queueDeadline.set(call.waitsUntil - now)
        return
      }
      this.#queue.delete(call)
      this.counters.add(C.backend_busy)
      call.failed(new OriginFailure('pool_full', `no connection to ${this.name} in ${this.#options.queueSeconds} s`, true), false)
    }
  }
}

function stopped(): OriginFailure {
  return new OriginFailure('cancelled', 'the server stops')
}
