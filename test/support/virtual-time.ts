/** Time of a simulation: what happens is an event with a moment, and nothing else lets time pass. */
import { setImmediate as everybody } from 'node:timers/promises'
import type { Clock, Timer } from '../../src/clock.ts'

/** Whose events they are: those of a frozen one wait, those of a dead one do not happen. */
export interface Owner {
  /** Moment until which nothing happens there. */
  readonly frozen: number
  readonly dead: boolean
}

interface Event {
  readonly at: number
  /** Of events of one moment, those that were asked for first come first. */
  readonly order: number
  readonly task: () => void
  readonly owner: Owner
  cancelled: boolean
}

/** The world outside of all nodes. */
export const NATURE: Owner = { frozen: 0, dead: false }

/** What goes wrong when more events follow than any run has. */
const LONGEST = 200_000

export class VirtualTime {
  #now = 0
  #order = 0
  #taken = 0
  /** A binary heap. */
  readonly #events: Event[] = []

  get now(): number {
    return this.#now
  }

  /** Moment of the next event; infinite when there is none. */
  get next(): number {
    return this.#events[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /** Answers a function that calls it off. */
  after(ms: number, task: () => void, owner: Owner = NATURE): () => void {
    return this.at(this.#now + Math.max(ms, 0), task, owner)
  }

  at(moment: number, task: () => void, owner: Owner = NATURE): () => void {
    const event: Event = { at: Math.max(moment, this.#now), order: this.#order++, task, owner, cancelled: false }
    this.#push(event)
    return () => {
      event.cancelled = true
    }
  }

  /** Lets the next event happen. `false`: there was none. */
  step(): boolean {
    const event = this.#pop()
    if (event === null) return false
    if (++this.#taken > LONGEST) throw new Error(`${LONGEST} events and no end`)
    this.#now = event.at
    if (event.cancelled || event.owner.dead) return true
    if (event.owner.frozen > this.#now) this.#push({ ...event, at: event.owner.frozen })
    else event.task()
    return true
  }

  /** Lets events happen until a promise is kept or broken. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let open = true
    const over = (): void => {
      open = false
    }
    promise.then(over, over)
    for (;;) {
      await everybody()
      if (!open) return promise
      if (!this.step()) throw new Error('nothing happens any more, and somebody waits')
    }
  }

  /** Goes on to a moment before which nothing happens any more. */
  pass(moment: number): void {
    this.#now = Math.max(this.#now, moment)
  }

  /** A node's clock: its monotonic time begins at `begin`, its wall clock is wrong by `skew`. */
  clock(owner: Owner, begin: number, skew: number): Clock {
    return {
      now: () => this.#now - begin,
      wall: () => EPOCH + this.#now + skew,
      after: (ms, callback) => this.#timer(ms, callback, owner),
    }
  }

  /** As Node's: after a millisecond at the soonest. */
  #timer(given: number, callback: () => void, owner: Owner): Timer {
    const ms = Math.max(given, 1)
    let cancel = this.after(ms, callback, owner)
    return {
      cancel: () => cancel(),
      refresh: () => {
        cancel()
        cancel = this.after(ms, callback, owner)
      },
    }
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above] as Event)) break
      heap[at] = heap[above] as Event
      at = above
    }
    heap[at] = event
  }

  #pop(): Event | null {
    const heap = this.#events
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return null
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below++
      if (!isBefore(heap[below] as Event, last)) break
      heap[at] = heap[below] as Event
      at = below
    }
    heap[at] = last
    return first
  }
}

/** Epoch milliseconds at which simulations begin. */
export const EPOCH: number = Date.UTC(2026, 0, 1)

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
