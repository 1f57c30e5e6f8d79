/** A deadline over several operations: each has its own, but somebody waits for all of them. */
import type { Clock } from '../clock.ts'
import { RedisFailure } from '../redis/port.ts'

export class Within {
  readonly #clock: Clock
  readonly #end: number

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock
    this.#end = clock.now() + milliseconds
  }

  /** What an operation answers, unless the time is over. What it brings after that is not looked at. */
  async of<T>(operation: Promise<T>): Promise<T> {
    const left = this.#end - this.#clock.now()
    let late: (failure: RedisFailure) => void = () => undefined
    const over = new Promise<never>((_, reject) => {
      late = reject
    })
    const timer = this.#clock.after(Math.max(0, left), () => late(new RedisFailure('timeout', 'Redis took too long to tell what it has')))
    try {
      return await Promise.race([operation, over])
    } finally {
      timer.cancel()
    }
  }
}
