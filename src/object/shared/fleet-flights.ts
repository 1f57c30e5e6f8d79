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

  /** What had landed when they were asked is in the books: what is forgotten now would otherwise count as unknown to it, and it as banned. */
  override get oldest(): number {
    let oldest = super.oldest
    for (let worker = 1; worker < this.#control.participants; worker++) {
      const word = this.#control.oldestFlight(worker)
      if (word !== 0 && word - 1 < oldest) oldest = word - 1
    }
    this.#takeNotices()
    return oldest
  }
}
