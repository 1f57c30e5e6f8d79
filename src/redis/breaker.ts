/** Whether somebody who failed again and again is asked still. */

/** Failures in a row until it opens. */
export const PATIENCE = 5

export class Breaker {
  #failures = 0
  #open = false

  get open(): boolean {
    return this.#open
  }

  /** Returns whether it opens by this. */
  failed(): boolean {
    if (this.#open || ++this.#failures < PATIENCE) return false
    this.#open = true
    return true
  }

  /** Something was answered while it is closed. What was asked before it opened says nothing when it comes late. */
  succeeded(): void {
    this.#failures = 0
  }

  trip(): void {
    this.#open = true
  }

  /** A probe was answered. */
  close(): void {
    this.#failures = 0
    this.#open = false
  }
}
