/** A deadline over several operations: each has its own, but somebody waits for all of them. */
import type { Deadlines } from '../redis/deadlines.ts'
import { RedisFailure } from '../redis/port.ts'

export class Within {
  readonly #deadlines: Deadlines
  readonly #end: number

  constructor(deadlines: Deadlines, milliseconds: number) {
    this.#deadlines = deadlines
    this.#end = deadlines.clock.now() + milliseconds
  }

  /** What an operation answers, unless the time is over. What it brings after that is not looked at. */
  of<T>(operation: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.set(Math.max(0, this.#end - this.#deadlines.clock.now()), () =>
        reject(new RedisFailure('timeout', 'Redis took too long to tell what it has')),
      )
      operation.then(
        (answer) => {
          if (this.#deadlines.met(deadline)) resolve(answer)
        },
        (error: unknown) => {
          if (this.#deadlines.met(deadline)) reject(error as Error)
        },
      )
    })
  }
}
