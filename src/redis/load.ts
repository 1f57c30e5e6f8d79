/** Commands of a thread that are under way: sent, and neither answered nor lost. Bounded, whatever Redis does. */

/** Of one thread. */
export const MOST_UNDER_WAY = 1000

export class Load {
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Takes room for so many; `false`: there is none. */
  begin(commands: number): boolean {
    if (this.#count + commands > MOST_UNDER_WAY) return false
    this.#count += commands
    return true
  }

  end(commands: number): void {
    this.#count -= commands
  }
}
