/** How long a worker that died is waited with: the first replacement comes at once, one that dies young waits longer each time. */

/** Milliseconds within which a death counts as another one of the same trouble. */
const YOUNG = 3000
const SHORTEST = 100
const LONGEST = 10_000

export class Backoff {
  #delay = 0
  #died = false

  /** Milliseconds until the next start. `lived`: from the last start to the death. */
  next(lived: number): number {
    if (!this.#died || lived >= YOUNG) this.#delay = 0
    else this.#delay = Math.min(Math.max(SHORTEST, this.#delay * 2), LONGEST)
    this.#died = true
    return this.#delay
  }
}
