/** The last so many names. */
export class Remembered {
  readonly #names = new Set<string>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Whether it is new. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false
    this.#names.add(name)
    if (this.#names.size > this.#most) for (const oldest of this.#names) return this.#names.delete(oldest)
    return true
  }
}
