/** What is out of the librarian's books, and may still be read by somebody: free again once all have moved on. */
import type { Epochs } from './epochs.ts'

export interface Freeing {
  readonly entry: (entry: number) => void
  readonly block: (block: number) => void
}

/** Blocks that are on their way to be free and entries that are taken out of their chains. */
export class Burials {
  readonly #epochs: Epochs
  readonly #free: Freeing
  readonly #entries = new Set<number>()
  /** What has come since the last time that something was freed. */
  #newEntries: number[] = []
  #newBlocks: number[] = []
  #blocks = 0

  constructor(epochs: Epochs, free: Freeing) {
    this.#epochs = epochs
    this.#free = free
  }

  /** How many. */
  get entries(): number {
    return this.#entries.size
  }

  get blocks(): number {
    return this.#blocks
  }

  has(entry: number): boolean {
    return this.#entries.has(entry)
  }

  addEntry(entry: number): void {
    this.#entries.add(entry)
    this.#newEntries.push(entry)
  }

  addBlock(block: number): void {
    this.#blocks++
    this.#newBlocks.push(block)
  }

  /** Frees what nobody can be reading any more. */
  reclaim(): void {
    const entries = this.#newEntries
    const blocks = this.#newBlocks
    if (entries.length > 0 || blocks.length > 0) {
      this.#newEntries = []
      this.#newBlocks = []
      this.#epochs.retire(() => {
        for (const entry of entries) {
          this.#entries.delete(entry)
          this.#free.entry(entry)
        }
        for (const block of blocks) this.#free.block(block)
        this.#blocks -= blocks.length
      })
    }
    this.#epochs.reclaim()
  }
}
