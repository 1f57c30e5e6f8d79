/** Random choices that can be made again from a seed. */

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to below `bound` (mulberry32). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound) | 0
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** Between `least` and `most` things. */
  many<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make)
  }

  /** Ascending cut positions in a text, at most `most`. */
  cuts(length: number, most: number): number[] {
    if (length < 2) return []
    return [...new Set(this.many(1, most, () => 1 + this.below(length - 1)))].sort((a, b) => a - b)
  }
}

/** The seed of this run: `FUZZ_SEED`, else the time, so that every run tries something new. */
export const SEED: number = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
