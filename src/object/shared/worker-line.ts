/** The librarian's end of the line to a worker. What that has posted is told in order; the bytes of large bodies can be had before it is their turn. */
import type { Pace } from '../pace.ts'
import type { Channel } from './channel.ts'
import type { FromLibrarian, ToLibrarian } from './messages.ts'

export class WorkerLine {
  readonly #channel: Channel<FromLibrarian, ToLibrarian>
  readonly #pace: Pace
  readonly #told: (message: ToLibrarian) => void
  /** In order, and not told yet. */
  #waiting: ToLibrarian[] = []

  constructor(channel: Channel<FromLibrarian, ToLibrarian>, pace: Pace, told: (message: ToLibrarian) => void) {
    this.#channel = channel
    this.#pace = pace
    this.#told = told
    channel.listen((message) => {
      this.#arrives(message)
      this.#tell()
    })
  }

  post(message: FromLibrarian): void {
    this.#channel.post(message)
  }

  /** Tells all that has been posted, here and now. */
  drain(): void {
    this.#take()
    this.#tell()
  }

  /** Tells the bytes that have been posted, here and now. For who is in the middle of something: the rest is told in a turn of its own. */
  takeBytes(): void {
    const waited = this.#waiting.length > 0
    this.#take()
    if (!waited && this.#waiting.length > 0) this.#pace.turn(() => this.#tell())
  }

  close(): void {
    this.#waiting = []
    this.#channel.close()
  }

  #take(): void {
    for (let next = this.#channel.take(); next !== undefined; next = this.#channel.take()) this.#arrives(next)
  }

  /** Bytes never wait, not even for what was posted before them and is told now: that may want them. */
  #arrives(message: ToLibrarian): void {
    if (message.type === 'large') this.#told(message)
    else this.#waiting.push(message)
  }

  #tell(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#told(next)
  }
}
