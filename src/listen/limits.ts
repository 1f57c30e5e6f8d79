/**
 * The bounds on client connections: how many there are, and how long each may take. One timer serves them all: idle
 * connections lie in a list by age, so only expired ones are touched; busy ones are asked at every tick.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Settings } from '../config/settings.ts'

/** Milliseconds between two looks at the deadlines, and so how late one may be noticed. */
const TICK = 250

/** Milliseconds that an unread request body is drained, or a closing connection lingers; with one tick more it stays within a second. */
export const LINGER = 750

/** A connection in the register's lists. The links are the register's. */
export interface Registered {
  previous: Registered | null
  next: Registered | null
  place: 'none' | 'idle' | 'busy'
  /** The register's time when it became idle. */
  idleSince: number
  /** Looks at the deadlines of a busy connection; `elapsed` milliseconds have passed since the last look. */
  tick(now: number, elapsed: number): void
  /** Closes it: it is idle. */
  closeIdle(): void
  /** Breaks it off, whatever it is doing. */
  destroy(): void
}

export class ConnectionRegister {
  readonly #clock: Clock
  readonly #settings: Pick<Settings, 'limits' | 'deadlines'>
  readonly #idleList = new List()
  readonly #busyList = new List()
  #timer: Timer | null = null
  #ticking = false
  #now: number
  #whenEmpty: (() => void)[] = []
  readonly #open: Float64Array
  count: number = 0

  /** `open`: the connections of all registers of this thread, counted together. */
  constructor(clock: Clock, settings: Pick<Settings, 'limits' | 'deadlines'>, open: Float64Array = new Float64Array(1)) {
    this.#open = open
    this.#clock = clock
    this.#settings = settings
    this.#now = clock.now()
  }

  /** Makes room for one more: beyond the limit the oldest idle connection is closed. `false` when all are busy. */
  admit(): boolean {
    if (this.count < this.#settings.limits.connections) return true
    const oldest = this.#idleList.first
    if (oldest === null) return false
    oldest.destroy()
    this.remove(oldest)
    return true
  }

  add(connection: Registered): void {
    this.count++
    this.#open[0] = (this.#open[0] as number) + 1
    if (!this.#ticking) {
      this.#ticking = true
      this.#now = this.#clock.now()
      if (this.#timer === null) this.#timer = this.#clock.after(TICK, () => this.#tick())
      else this.#timer.refresh()
    }
    this.idle(connection)
  }

  /** It waits for a request from now on. */
  idle(connection: Registered): void {
    connection.idleSince = this.#now
    this.#listOf(connection)?.remove(connection)
    this.#idleList.append(connection)
    connection.place = 'idle'
  }

  /** It has something under way. */
  busy(connection: Registered): void {
    if (connection.place === 'busy') return
    this.#listOf(connection)?.remove(connection)
    this.#busyList.append(connection)
    connection.place = 'busy'
  }

  /** Harmless when it was removed before. */
  remove(connection: Registered): void {
    const list = this.#listOf(connection)
    if (list === null) return
    list.remove(connection)
    connection.place = 'none'
    this.count--
    this.#open[0] = (this.#open[0] as number) - 1
    if (this.count > 0) return
    const waiting = this.#whenEmpty
    this.#whenEmpty = []
    for (const callback of waiting) callback()
  }

  /** Calls back once there is no connection. */
  whenEmpty(callback: () => void): void {
    if (this.count === 0) callback()
    else this.#whenEmpty.push(callback)
  }

  closeIdle(): void {
    for (const connection of this.#idleList) connection.closeIdle()
  }

  destroyAll(): void {
    for (const connection of this.#idleList) connection.destroy()
    for (const connection of this.#busyList) connection.destroy()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #listOf(connection: Registered): List | null {
    return connection.place === 'none' ? null : connection.place === 'idle' ? this.#idleList : this.#busyList
  }

  #tick(): void {
    const before = this.#now
    this.#now = this.#clock.now()
    // A tick more, because times are only known to the tick, and none may be closed before the announced time.
    const idle = this.#settings.deadlines.idle * 1000 + TICK
    for (const connection of this.#idleList) {
      if (this.#now - connection.idleSince < idle) break
      connection.closeIdle()
    }
    for (const connection of this.#busyList) connection.tick(this.#now, this.#now - before)
    this.#ticking = this.count > 0
    if (this.#ticking) this.#timer?.refresh()
  }
}

/** A doubly linked list through the connections themselves: to move one costs no allocation. */
class List {
  first: Registered | null = null
  #last: Registered | null = null

  append(node: Registered): void {
    node.previous = this.#last
    node.next = null
    if (this.#last === null) this.first = node
    else this.#last.next = node
    this.#last = node
  }

  remove(node: Registered): void {
    if (node.previous === null) this.first = node.next
    else node.previous.next = node.next
    if (node.next === null) this.#last = node.previous
    else node.next.previous = node.previous
    node.previous = null
    node.next = null
  }

  /** Visits every node that stands in the list now; the visited one may leave it. */
  *[Symbol.iterator](): IterableIterator<Registered> {
    let node = this.first
    const last = this.#last
    while (node !== null) {
      const next: Registered | null = node === last ? null : node.next
      yield node
      node = next
    }
  }
}
