/** The memory tier: least recently used within a byte budget (`lru-cache`). */
import { LRUCache } from 'lru-cache'
import type { Entry } from '../object/object.ts'
import type { LeaveReason, ObjectStore } from '../object/store.ts'

export class MemoryStore implements ObjectStore {
  readonly budget: number
  readonly #entries: LRUCache<number, Entry>
  #leaving: LeaveReason | null = null
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null

  /** `budget` in bytes, at least 1. */
  constructor(budget: number) {
    this.budget = budget
    this.#entries = new LRUCache<number, Entry>({
      maxSize: budget,
      sizeCalculation: (entry) => Math.max(1, Math.ceil(entry.bytes)),
      disposeAfter: (entry, _id, reason) => {
        if (reason !== 'set') this.onLeave?.(entry, this.#leaving ?? 'lru')
      },
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get count(): number {
    return this.#entries.size
  }

  put(entry: Entry): boolean {
    if (entry.bytes > this.budget) return false
    this.#entries.set(entry.id, entry)
    return true
  }

  touch(entry: Entry): void {
    this.#entries.get(entry.id)
  }

  has(entry: Entry): boolean {
    return this.#entries.has(entry.id)
  }

  get(id: number): Entry | undefined {
    return this.#entries.peek(id)
  }

  remove(entry: Entry, reason: LeaveReason): void {
    this.#leaving = reason
    this.#entries.delete(entry.id)
    this.#leaving = null
  }
}
