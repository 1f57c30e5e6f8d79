/** Keys whose answers cannot be had in slices, remembered for a while so that nobody asks in vain each time. */

/** Milliseconds. */
const MEMORY = 10 * 60 * 1000
const MOST = 10_000

export class Unsliced {
  /** Oldest first, since every memory lasts the same. */
  readonly #until: Map<string, number>

  /** `like`: what is known already. */
  constructor(like: Unsliced | null = null) {
    this.#until = new Map(like === null ? [] : like.#until)
  }

  /** `now`: monotonic milliseconds, here and below. */
  add(key: string, now: number): void {
    this.#until.delete(key)
    this.#until.set(key, now + MEMORY)
    if (this.#until.size <= MOST) return
    const oldest = this.#until.keys().next().value
    if (oldest !== undefined) this.#until.delete(oldest)
  }

  has(key: string, now: number): boolean {
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (until > now) return true
    this.#until.delete(key)
    return false
  }
}
