/** Fetches under way in all workers: each tells in shared memory where its oldest began. */
import { Flights } from '../flights.ts'
import type { Control } from './control.ts'

export class FleetFlights extends Flights {
  readonly #control: Control
  readonly #takeNotices: () => void

  /** `takeNotices` takes into the books what has been stored. */
  constructor(control: Control, takeNotices: () => void) {
    super()
    this.#control = control
    this.#takeNotices = takeNotices
  }

  override landedUpTo(): number {
    let oldest = this.oldest
    for (let worker = 1; worker < this.#control.participants; worker++) {
      const word = this.#control.oldestFlight(worker)
      if (word !== 0 && word - 1 < oldest) oldest = word - 1
    }
    // Not before: what has landed by now was stored before, and is missed otherwise.
    this.#takeNotices()
    return oldest
  }
}
