/** Time as the engine sees it. Read once per step chain and passed on; lifetimes are relative, wall time is only for HTTP dates. */

export interface Timer {
  /** Stops it; harmless when it has fired. */
  cancel(): void
  /** Starts its full period again, also after it has fired. */
  refresh(): void
}

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since the Unix epoch. */
  wall(): number
  /** Calls `callback` once after `ms` (capped at 2^31-1, below which Node keeps its word). Does not keep the process alive. */
  after(ms: number, callback: () => void): Timer
}

const LONGEST_TIMER = 2 ** 31 - 1

/** The global is a getter that is asked each time. */
const { performance } = globalThis

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER)).unref()
    return {
      cancel: () => clearTimeout(timer),
      refresh: () => {
        timer.refresh()
      },
    }
  },
}

/** When this thread's monotonic time began, in milliseconds of the machine's. */
export function monotonicOrigin(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now()
}

/** The system's clock with the monotonic time of another thread, whose time began at `origin`. */
export function clockOf(origin: number): Clock {
  const ahead = monotonicOrigin() - origin
  return { ...systemClock, now: () => performance.now() + ahead }
}

/** A clock that moves only when told to, for tests and `clearcoat/vcl-ts/testing`. */
export class ManualClock implements Clock {
  #now = 0
  #wall: number
  readonly #timers = new Set<{ at: number; ms: number; callback: () => void }>()

  constructor(wall: number = Date.UTC(2026, 0, 1)) {
    this.#wall = wall
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#wall
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, ms, callback }
    this.#timers.add(timer)
    return {
      cancel: () => this.#timers.delete(timer),
      refresh: () => {
        timer.at = this.#now + timer.ms
        this.#timers.add(timer)
      },
    }
  }

  /** Moves time forward, firing due timers in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let next: { at: number; ms: number; callback: () => void } | null = null
      for (const timer of this.#timers) if (timer.at <= end && (next === null || timer.at < next.at)) next = timer
      if (next === null) break
      this.#move(Math.max(next.at, this.#now))
      this.#timers.delete(next)
      next.callback()
    }
    this.#move(end)
  }

  /** Steps the wall clock alone, as an operator or NTP does. */
  stepWall(ms: number): void {
    this.#wall += ms
  }

  #move(to: number): void {
    this.#wall += to - this.#now
    this.#now = to
  }
}
