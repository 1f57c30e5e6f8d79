/**
 * Whether a body that others read while it arrives gets on. Whoever asks for it reads along, so that one connection to the origin that drips
 * would hold up all who come. As slow as that is a body slower than one of a request may be.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import type { Filling } from '../object/filling.ts'

export class Pace {
  readonly #filling: Filling
  readonly #least: number
  readonly #drips: () => void
  readonly #timer: Timer
  #before: number

  /** `drips` is told once. */
  constructor(filling: Filling, { deadlines }: Pick<Settings, 'deadlines'>, clock: Clock, drips: () => void) {
    this.#filling = filling
    this.#drips = drips
    this.#before = filling.received
    this.#least = deadlines.bodyWindow * deadlines.bodyRate
    this.#timer = clock.after(deadlines.bodyWindow * 1000, () => this.#look())
  }

  stop(): void {
    this.#timer.cancel()
  }

  #look(): void {
    const { received } = this.#filling
    if (received - this.#before < this.#least) {
      this.#drips()
      return
    }
    this.#before = received
    this.#timer.refresh()
  }
}
