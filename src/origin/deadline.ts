/** One movable deadline over one timer: moving it later, or taking it away, costs a number and no timer call. */
import type { Clock, Timer } from '../clock.ts'

export class Deadline {
  readonly #clock: Clock
  readonly #expired: () => void
  #timer: Timer | null = null
  /** When the timer fires, and when the deadline really is. */
  #wakesAt = 0
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Expires `ms` after `now` instead of whenever it was to. `Infinity`: never. */
  set(ms: number, now: number = this.#clock.now()): void {
    const at = now + ms
    this.#at = at
    if (at === Number.POSITIVE_INFINITY) return
    if (this.#timer !== null) {
      if (this.#wakesAt <= at) return
      this.#timer.cancel()
    }
    this.#arm(ms, at)
  }

  /** Never expires, until set again. */
  clear(): void {
    this.#at = Number.POSITIVE_INFINITY
  }

  /** Whether the time is over, even if the timer is late because the loop was busy. */
  passed(now: number): boolean {
    return now >= this.#at
  }

  /** Gives the timer back. */
  close(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#timer?.cancel()
    this.#timer = null
  }

  #arm(ms: number, at: number): void {
    this.#wakesAt = at
    this.#timer = this.#clock.after(ms, this.#fire)
  }

  readonly #fire = (): void => {
    this.#timer = null
    if (this.#at === Number.POSITIVE_INFINITY) return
    const left = this.#at - this.#clock.now()
    if (left > 0) {
      this.#arm(Math.ceil(left), this.#at)
      return
    }
    this.#at = Number.POSITIVE_INFINITY
    this.#expired()
  }
}
