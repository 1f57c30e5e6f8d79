/** The librarian's end of the line to a worker. What that has posted is told in order; the bytes of large bodies can be had before it is their turn. */
import type { Pace } from '../pace.ts'
import type { Channel } from './channel.ts'
import type { FromLibrarian, ToLibrarian } from './messages.ts'

export class WorkerLine {
  readonly #channel: Channel<FromLibrarian, ToLibrarian>
  readonly #pace: Pace
  readonly #told: (message: ToLibrarian) => void
  /** What was posted before bytes that were wanted at once, and is not told yet. */
  #waiting: ToLibrarian[] = []

  constructor(channel: Channel<FromLibrarian, ToLibrarian>, pace: Pace, told: (message: ToLibrarian) => void) {
    this.#channel = channel
    this.#pace = pace
    this.#told = told
    channel.listen((message) => {
      this.#catchUp()
      told(message)
    })
  }

  post(message: FromLibrarian): void {
    this.#channel.post(message)
  }

  /** Tells all that has been posted, here and now. */
  drain(): void {
    this.#catchUp()
    for (let next = this.#channel.take(); next !== undefined; next = this.#channel.take()) this.#told(next)
  }

  /** Tells the bytes that have been posted, here and now. For who is in the middle of something: the rest is told in a turn of its own. */
  takeBytes(): void {
    for (let next = this.#channel.take(); next !== undefined; next = this.#channel.take()) {
      if (next.type === 'large') this.#told(next)
      else if (this.#waiting.push(next) === 1) this.#pace.turn(() => this.#catchUp())
    }
  }

  close(): void {
    this.#waiting = []
    this.#channel.close()
  }

  #catchUp(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#told(next)
  }
}
