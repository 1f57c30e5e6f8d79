/** The connections to one backend: the last one used is used first, the rest age out; a bounded queue when all are taken. */
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import { C, type Counters } from '../counters.ts'
import { Call, type CallKeeper, pathOf } from './call.ts'
import { Deadline } from './deadline.ts'
import { Dial, type DialOptions, type DialOwner } from './dial.ts'
import { type Origin, type OriginCall, OriginFailure, type OriginObserver, type OriginRequest } from './exchange.ts'
import { Connection, type ConnectionOwner } from './http1/connection.ts'
import type { ConnectionOptions, Line } from './http1/contract.ts'
import { requestHead } from './http1/request-head.ts'
import { type AdminHealth, Ledger, type LedgerCells } from './ledger.ts'
import type { RouteUser } from './named-route.ts'
import { CallQueue, reserve } from './queue.ts'

export interface PoolOptions {
  readonly name: string
  readonly hostHeader: string
  readonly connection: ConnectionOptions
  /** How connections are made; `null`: never, there is no server. */
  readonly dial: DialOptions | null
  /** Connections at a time, tunnels included; the settings may allow fewer. */
  readonly maxConnections: number
  /** Requests that may wait for one, and for how many seconds; `null`: as the settings say. */
  readonly waitLimit: number | null
  readonly waitTimeout: number | null
  readonly settings: Pick<Settings, 'limits' | 'deadlines'>
  readonly clock: Clock
  readonly counters: Counters
  readonly cells: LedgerCells
}

export class Pool implements Origin, ConnectionOwner, DialOwner, CallKeeper, RouteUser {
  readonly name: string
  readonly hostHeader: string
  readonly counters: Counters
  readonly ledger: Ledger
  readonly #options: PoolOptions
  /** Last released last. */
  readonly #idle: Connection[] = []
  readonly #queue = new CallQueue()
  readonly #queueDeadline: Deadline
  readonly #connections = new Set<Connection>()
  readonly #dials = new Set<Dial>()
  #closing = false
  #stopped = false

  constructor(options: PoolOptions) {
    this.name = options.name
    this.hostHeader = options.hostHeader
    this.counters = options.counters
    this.ledger = new Ledger(options.clock.wall(), options.cells)
    this.#options = options
    this.#queueDeadline = new Deadline(options.clock, () => this.#expireQueue())
  }

  send(request: OriginRequest, observer: OriginObserver): OriginCall {
    let head = ''
    let refusal: Error | null = null
    try {
      head = requestHead(request, this.#options.connection.single || request.closes === true)
    } catch (error) {
      refusal = error instanceof Error ? error : new Error(String(error))
    }
    const call = new Call(request, head, observer, this)
    if (refusal !== null) call.failed(new OriginFailure('request_refused', refusal.message, true), false)
    else this.#place(call)
    call.starting = false
    return call
  }

  /** Requests under way and waiting, tunnels included. */
  get load(): number {
    return this.#connections.size + this.#dials.size - this.#idle.length + this.#queue.size
  }

  setHealth(health: AdminHealth): void {
    this.ledger.setHealth(health, this.#options.clock.wall())
    if (!this.ledger.allowed) this.refuseQueue()
  }

  /** It is sick now: who waits for a connection fails at once; what is under way goes on. */
  refuseQueue(): void {
    for (const call of this.#queue.clear()) this.#unhealthy(call)
  }

  close(): void {
    this.#closing = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes every connection at once; calls under way, and those that wait, fail. */
  stop(): void {
    this.#stopped = true
    this.close()
    for (const call of this.#queue.clear()) call.failed(stopped(), false)
    this.#queueDeadline.close()
    for (const connection of [...this.#connections]) connection.stop()
    for (const dial of [...this.#dials]) dial.stop()
  }

  // --- what its route asks

  get inUse(): boolean {
    return this.#connections.size + this.#dials.size > 0
  }

  keepOnly(places: ReadonlySet<string>): void {
    for (const connection of [...this.#connections]) if (!places.has(connection.place.name)) connection.retire()
  }

  // --- what a call asks

  retry(call: Call): void {
    if (this.#options.dial !== null) this.#connect(call, this.#options.dial)
  }

  forget(call: Call): void {
    this.#queue.delete(call)
  }

  // --- what the making of a connection tells

  connected(dial: Dial, line: Line): void {
    this.#dials.delete(dial)
    this.counters.add(C.backend_conn)
    const call = dial.waiting as Call | null
    const connection = new Connection(this.#options.connection, this, line)
    this.#connections.add(connection)
    if (call === null) {
      // What was said in somebody's name is of no use to others.
      if (this.#options.connection.single) connection.destroy()
      else this.#offer(connection)
      return
    }
    call.dial = null
    const started = this.#start(connection, call, false)
    // The name has moved on meanwhile.
    if (this.#options.dial?.route.leadsTo(line.place) === false) connection.retire()
    if (started) return
    call.failed(new OriginFailure('malformed_head', 'bytes from the origin before any request', true), false)
  }

  passedOver(failure: OriginFailure): void {
    this.counters.add(C.backend_fail)
    this.ledger.countFailedConnection(failure.code)
  }

  dialFailed(dial: Dial, failure: OriginFailure): void {
    this.#dials.delete(dial)
    if (failure.code !== 'cancelled') this.passedOver(failure)
    const call = dial.waiting as Call | null
    if (call !== null) call.dial = null
    call?.failed(failure, false)
    this.#left()
  }

  // --- what a connection tells

  released(connection: Connection): void {
    this.counters.add(C.backend_recycle)
    this.#offer(connection)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    const at = this.#idle.lastIndexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#left()
  }

  /** A place is free. */
  #left(): void {
    this.ledger.connections--
    const { dial } = this.#options
    while (dial !== null && this.ledger.connections < this.#limit) {
      const next = this.#shift()
      if (next === null) return
      this.#connect(next, dial)
    }
  }

  // --- placing calls

  #place(call: Call): void {
    if (this.#stopped) {
      call.failed(stopped(), false)
      return
    }
    const { dial } = this.#options
    if (!this.ledger.allowed || dial === null) {
      this.#unhealthy(call)
      return
    }
    const crowds = this.#crowds(call)
    if (!crowds) {
      for (;;) {
        const connection = this.#idle.pop()
        if (connection === undefined) break
        if (this.#start(connection, call, true)) return
      }
      if (this.ledger.connections < this.#limit) {
        this.#connect(call, dial)
        return
      }
    }
    const { settings, waitLimit } = this.#options
    const places = waitLimit ?? settings.limits.originQueue
    if (this.#queue.full(places, crowds)) {
      this.#countBusy()
      call.failed(new OriginFailure('pool_full', `${this.#queue.size} requests wait for ${this.name}`, true), false)
      return
    }
    call.waitsSince = this.#options.clock.now()
    this.#queue.add(call, crowds)
    this.#watchQueue(call.waitsSince)
  }

  #start(connection: Connection, call: Call, reused: boolean): boolean {
    call.connection = connection
    call.reused = reused
    if (!connection.start(call, reused)) {
      call.connection = null
      return false
    }
    this.counters.add(C.backend_req)
    this.ledger.count('req')
    if (reused) this.counters.add(C.backend_reuse)
    return true
  }

  #connect(call: Call, options: DialOptions): void {
    this.ledger.connections++
    call.reused = false
    call.connection = null
    const dial = new Dial(options, this, call)
    this.#dials.add(dial)
    call.dial = dial
    dial.begin()
  }

  /** Gives a free connection to whoever waits longest, or keeps it. */
  #offer(connection: Connection): void {
    this.#idle.push(connection)
    const next = this.#shift()
    const { dial } = this.#options
    if (next === null && !this.#closing) return
    this.#idle.pop()
    if (next === null) connection.destroy()
    else if (!this.#start(connection, next, true) && dial !== null) this.#connect(next, dial)
  }

  #shift(): Call | null {
    return this.#queue.size === 0 ? null : this.#queue.shift((call) => this.#crowds(call))
  }

  /**
   * Whether few connections are left and half of all serve the call's path already: one slow path must not take those from the others.
   * What is asked behind the path (`?`) makes no difference.
   */
  #crowds({ path }: Call): boolean {
    const limit = this.#limit
    if (this.ledger.connections - this.#idle.length < limit - reserve(limit) || reserve(limit) === 0) return false
    let same = 0
    for (const { target } of this.#connections) if (target !== null && pathOf(target) === path) same++
    for (const { waiting } of this.#dials) if ((waiting as Call | null)?.path === path) same++
    return same * 2 >= limit
  }

  get #limit(): number {
    return Math.min(this.#options.maxConnections, this.#options.settings.limits.originConnections)
  }

  #countBusy(): void {
    this.counters.add(C.backend_busy)
    this.ledger.count('busy')
  }

  #unhealthy(call: Call): void {
    this.counters.add(C.backend_unhealthy)
    this.ledger.count('unhealthy')
    const why = this.#options.dial === null ? 'there is no server behind this backend' : `${this.name} is marked sick`
    call.failed(new OriginFailure('unhealthy', why, true), false)
  }

  /** Wakes when whoever waits longest has waited too long. */
  #watchQueue(now: number): void {
    const { since } = this.#queue
    if (since !== null) this.#queueDeadline.set(since + this.#longestWait - now)
  }

  get #longestWait(): number {
    const { settings, waitTimeout } = this.#options
    return (waitTimeout ?? settings.deadlines.originQueue) * 1000
  }

  #expireQueue(): void {
    const now = this.#options.clock.now()
    const longest = this.#longestWait
    for (const call of this.#queue.expire(now - longest)) {
      this.#countBusy()
      call.failed(new OriginFailure('pool_full', `no connection to ${this.name} in ${longest / 1000} s`, true), false)
    }
    this.#watchQueue(now)
  }
}

function stopped(): OriginFailure {
  return new OriginFailure('cancelled', 'the server stops')
}
