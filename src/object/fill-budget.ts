import { type BodyMemory, OWN_MEMORY } from './body-memory.ts'

/** The memory that all bodies together may take which are kept while they arrive: what does not fit is relayed and not stored. */
export class FillBudget {
  /** Bytes. */
  readonly limit: number
  readonly memory: BodyMemory
  #used = 0

  constructor(limit: number, memory: BodyMemory = OWN_MEMORY) {
    this.limit = limit
    this.memory = memory
  }

  get used(): number {
    return this.#used
  }

  /** `false`: there is no room, nothing changed. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
