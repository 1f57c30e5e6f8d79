/** What retries may add to the load of origin servers: while they are in vain at most a fifth. */

/** Milliseconds over which requests and retries are compared. */
const WINDOW = 10_000
/** Retries for each request. */
const SHARE = 0.2
/** Retries that a window allows however few requests there are: where there is no load, none is added. */
const LEAST = 10

export class RetryBudget {
  #began = Number.NEGATIVE_INFINITY
  /** Requests that had been made when the window began. */
  #before = 0
  #spent = 0

  /** Whether one more retry may be made; it is then spent. `requests`: all so far, ever; `now` in milliseconds. */
  take(now: number, requests: number): boolean {
    if (now - this.#began >= WINDOW) {
      this.#began = now
      this.#before = requests
      this.#spent = 0
    }
    if (this.#spent + 1 > Math.max(LEAST, SHARE * (requests - this.#before))) return false
    this.#spent++
    return true
  }

  /** The retry was not in vain, and costs nothing. */
  refund(): void {
    if (this.#spent > 0) this.#spent--
  }
}
