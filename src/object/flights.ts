/** Positions of the invalidation log at which fetches under way began: an invalidation may be forgotten when all of them are newer. */

export class Flights {
  /** Fetches per position, but for those of the newest. They begin in the order of positions, so that the first is the oldest. */
  readonly #begun = new Map<number, number>()
  /** The newest position, and the fetches that began there: nearly always all there are. */
  #newest = 0
  #count = 0
  /** Told when none is left of those that began at some position. */
  onLanded: (() => void) | null = null

  /** A position is never below that of the last one, unless that is still under way. */
  begin(position: number): void {
    if (position > this.#newest) {
      if (this.#count > 0) this.#begun.set(this.#newest, this.#count)
      this.#newest = position
      this.#count = 0
    }
    if (position === this.#newest) this.#count++
    else this.#begun.set(position, (this.#begun.get(position) ?? 0) + 1)
  }

  /** Nothing of a fetch that began at this position can be stored any more. */
  end(position: number): void {
    if (position === this.#newest) {
      this.#count--
      if (this.#count > 0) return
    } else {
      const others = (this.#begun.get(position) ?? 1) - 1
      if (others > 0) {
        this.#begun.set(position, others)
        return
      }
      this.#begun.delete(position)
    }
    this.onLanded?.()
  }

  /** Where the oldest one began that could still bring something: what all before it have brought is where it belongs. Infinite: none could. */
  landedUpTo(): number {
    return this.oldest
  }

  /** Where the oldest one began; infinite when there is none. */
  get oldest(): number {
    for (const position of this.#begun.keys()) return position
    return this.#count > 0 ? this.#newest : Number.POSITIVE_INFINITY
  }
}
