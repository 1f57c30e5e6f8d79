/** Moments by which something has to be over, many at a time and nearly all of them kept: one timer watches them all. */
import type { Clock, Timer } from '../clock.ts'

export class Deadlines {
  readonly clock: Clock
  readonly #later: (look: () => void) => void
  /** In the order in which they were set, with what is called when it is too late. */
  readonly #set = new Set<Deadline>()
  #timer: Timer | null = null
  /** Monotonic milliseconds for which the timer is set. */
  #at = Number.POSITIVE_INFINITY

  /** `later`: calls back once what has arrived by now is read, so that a thread that was held up takes nothing for late. */
  constructor(clock: Clock, later: (look: () => void) => void = setImmediate) {
    this.clock = clock
    this.#later = later
  }

  /** `expired` is called once unless it is met before. */
  set(ms: number, expired: () => void): Deadline {
    const end = this.clock.now() + ms
    const deadline: Deadline = { end, expired }
    this.#set.add(deadline)
    this.#wake(end, ms)
    return deadline
  }

  /** Whether it was in time. */
  met(deadline: Deadline): boolean {
    return this.#set.delete(deadline)
  }

  #wake(at: number, ms: number): void {
    if (at >= this.#at) return
    this.#timer?.cancel()
    this.#at = at
    this.#timer = this.clock.after(ms, () => this.#later(() => this.#look()))
  }

  #look(): void {
    const now = this.clock.now()
    this.#at = Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const deadline of [...this.#set]) {
      if (deadline.end > now) next = Math.min(next, deadline.end)
      else if (this.#set.delete(deadline)) deadline.expired()
    }
    if (next !== Number.POSITIVE_INFINITY) this.#wake(next, next - now)
  }
}

export interface Deadline {
  /** Monotonic milliseconds. */
  readonly end: number
  readonly expired: () => void
}
