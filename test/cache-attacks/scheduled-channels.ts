/** Channels whose messages are tasks of a scheduler: each arrives some time after those before it, unless it is taken before. */
import type { Channel } from '../../src/object/shared/channel.ts'
import type { Task } from './course-run.ts'

export class ScheduledEnd implements Channel<unknown, unknown> {
  readonly #later: (task: Task) => void
  #other: ScheduledEnd | null = null
  readonly #waiting: unknown[] = []
  #listener: ((message: unknown) => void) | null = null
  #closed = false

  constructor(later: (task: Task) => void) {
    this.#later = later
  }

  /** Two ends of one channel. */
  static pair(later: (task: Task) => void): [ScheduledEnd, ScheduledEnd] {
    const one = new ScheduledEnd(later)
    const other = new ScheduledEnd(later)
    one.#other = other
    other.#other = one
    return [one, other]
  }

  post(message: unknown): void {
    const other = this.#other
    if (this.#closed || other === null || other.#closed) return
    other.#waiting.push(structuredClone(message))
    this.#later(() => other.#deliver())
  }

  take(): unknown {
    return this.#waiting.shift()
  }

  listen(listener: (message: unknown) => void): void {
    this.#listener = listener
  }

  close(): void {
    this.#closed = true
    this.#waiting.length = 0
  }

  #deliver(): void {
    if (this.#closed || this.#waiting.length === 0) return
    this.#listener?.(this.#waiting.shift())
  }
}
