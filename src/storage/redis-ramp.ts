/** After Redis was away writes are let in little by little: a node that has filled its memory meanwhile would else write all of it at once. */

/** Writes a second at first. */
const FIRST = 50
/** Milliseconds in which the rate doubles. */
const DOUBLING = 1000
/** Milliseconds after which there is no limit any more: the rate would be beyond 50,000 a second. */
const OVER = 10_000
/** Writes that may come at once. */
const BURST = 20

export class RedisRamp {
  /** Monotonic milliseconds since when Redis is back; `null`: it was never away, or is back for long. */
  #since: number | null = null
  #away = false
  #tokens = BURST
  #last = 0

  /** How Redis is now. */
  sees(state: 'ready' | 'away', now: number): void {
    if (state === 'ready' && this.#away) {
      this.#since = now
      this.#last = now
      this.#tokens = BURST
    }
    this.#away = state === 'away'
  }

  /** Whether a write may be begun now. */
  admits(state: 'ready' | 'away', now: number): boolean {
    this.sees(state, now)
    if (this.#away) return false
    if (this.#since === null) return true
    const passed = now - this.#since
    if (passed >= OVER) {
      this.#since = null
      return true
    }
    const rate = FIRST * 2 ** (passed / DOUBLING)
    this.#tokens = Math.min(Math.max(BURST, rate), this.#tokens + ((now - this.#last) / 1000) * rate)
    this.#last = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
