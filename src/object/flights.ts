/** Positions of the invalidation log at which fetches under way began: an invalidation may be forgotten when all of them are newer. */

export class Flights {
  /** Fetches per position. They begin in the order of positions, so that the first is the oldest. */
  readonly #begun = new Map<number, number>()
  /** Told when none is left of those that began at some position. */
  onLanded: (() => void) | null = null

  /** A position is never below that of the last one, unless that is still under way. */
  begin(position: number): void {
    this.#begun.set(position, (this.#begun.get(position) ?? 0) + 1)
  }

  /** Nothing of a fetch that began at this position can be stored any more. */
  end(position: number): void {
    const others = (this.#begun.get(position) ?? 1) - 1
    if (others > 0) {
      this.#begun.set(position, others)
      return
    }
    this.#begun.delete(position)
    this.onLanded?.()
  }

  /** Where the oldest one began; infinite when there is none. */
  get oldest(): number {
    for (const position of this.#begun.keys()) return position
    return Number.POSITIVE_INFINITY
  }
}
