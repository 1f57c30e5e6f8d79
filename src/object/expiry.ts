/**
 * Lets entries go when nothing can use them any more: a timing wheel, turned by a timer. It holds no entry that has left: what is
 * removed goes at once, so that nothing is kept alive by its place here.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Entry } from './entry.ts'
import { Wheel } from './wheel.ts'

/** Milliseconds of a tick; memory is given back that much late at the most. */
const TICK = 1000
/** Entries expired or moved in one slice, so that a sweep never holds the loop up. */
const SLICE = 500

export class Expiry {
  readonly #clock: Clock
  readonly #expire: (entry: Entry) => void
  readonly #wheel = new Wheel()
  /** When ticks began, monotonic milliseconds. */
  readonly #start: number
  #timer: Timer | null = null
  /** The tick for which the timer is set. */
  #due = 0

  /** `expire` is told of every entry whose time is over; it need not call `remove`. */
  constructor(clock: Clock, expire: (entry: Entry) => void) {
    this.#clock = clock
    this.#expire = expire
    this.#start = clock.now()
  }

  /** Entries held. */
  get size(): number {
    return this.#wheel.size
  }

  /** Notes when the entry expires; called again when that has changed. */
  add(entry: Entry): void {
    this.remove(entry)
    this.#arm(this.#wheel.add(entry, Math.ceil((entry.expiresAt - this.#start) / TICK)))
  }

  /** Forgets an entry; harmless when it is not there. */
  remove(entry: Entry): void {
    if (this.#wheel.holds(entry)) this.#wheel.remove(entry)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#wheel.clear()
  }

  #sweep(): void {
    this.#timer = null
    const tick = Math.floor((this.#clock.now() - this.#start) / TICK)
    for (let work = 0; work < SLICE; work++) {
      const found = this.#wheel.turn(tick)
      if (found === null) {
        this.#arm(this.#wheel.next())
        return
      }
      if (found !== true) this.#expire(found)
    }
    this.#timer = this.#clock.after(1, () => this.#sweep())
    this.#due = 0
  }

  /** Wakes at a tick at the latest. */
  #arm(tick: number): void {
    if (tick === Number.POSITIVE_INFINITY || (this.#timer !== null && this.#due <= tick)) return
    this.#timer?.cancel()
    this.#due = tick
    this.#timer = this.#clock.after(this.#start + tick * TICK - this.#clock.now(), () => this.#sweep())
  }
}
