/** How long a client's page waits for its fragments: not one of them, but all together. */
import type { Clock, Timer } from '../clock.ts'
import type { PageAllowance } from './fragments.ts'

export class Patience {
  readonly #allowance: PageAllowance
  readonly #clock: Clock
  readonly #lost: () => void
  #timer: Timer | null = null
  #since = 0

  /** `lost`: nothing is left of it while the page waits. */
  constructor(allowance: PageAllowance, clock: Clock, lost: () => void) {
    this.#allowance = allowance
    this.#clock = clock
    this.#lost = lost
  }

  /** The page waits from now on. */
  begin(): void {
    this.#since = this.#clock.now()
    this.#timer = this.#clock.after(this.#allowance.patience, () => {
      this.#timer = null
      this.#allowance.patience = 0
      this.#lost()
    })
  }

  /** It waits no longer. */
  end(): void {
    if (this.#timer === null) return
    this.#timer.cancel()
    this.#timer = null
    this.#allowance.patience = Math.max(0, this.#allowance.patience - (this.#clock.now() - this.#since))
  }
}
