/** Fetches under way in all workers: each tells in shared memory where its oldest began. */
import { Flights } from '../flights.ts'
import type { Control } from './control.ts'

export class FleetFlights extends Flights {
  readonly #control: Control

  constructor(control: Control) {
    super()
    this.#control = control
  }

  override get oldest(): number {
    let oldest = super.oldest
    for (let worker = 1; worker < this.#control.participants; worker++) {
      const word = this.#control.oldestFlight(worker)
      if (word !== 0 && word - 1 < oldest) oldest = word - 1
    }
    return oldest
  }
}
