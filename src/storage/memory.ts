/** The memory tier: least recently used within a byte budget. */
import type { Entry } from '../object/object.ts'
import type { LeaveReason, ObjectStore } from '../object/store.ts'
import { Recency } from './recency.ts'

export class MemoryStore implements ObjectStore {
  readonly budget: number
  readonly #entries = new Recency()
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null

  /** `budget` in bytes, at least 1. */
  constructor(budget: number) {
    this.budget = budget
  }

  get bytes(): number {
    return this.#entries.bytes
  }

  get count(): number {
    return this.#entries.count
  }

  put(entry: Entry): boolean {
    const bytes = Math.max(1, Math.ceil(entry.bytes))
    if (bytes > this.budget) return false
    const entries = this.#entries
    if (entries.has(entry)) entries.remove(entry)
    for (let { oldest } = entries; oldest !== null && entries.bytes + bytes > this.budget; oldest = entries.oldest)
      this.remove(oldest, 'lru')
    entries.add(entry, bytes)
    return true
  }

  touch(entry: Entry): void {
    if (this.#entries.has(entry)) this.#entries.touch(entry)
  }

  has(entry: Entry): boolean {
    return this.#entries.has(entry)
  }

  get(id: number): Entry | undefined {
    return this.#entries.find(id)
  }

  remove(entry: Entry, reason: LeaveReason): void {
    if (!this.#entries.has(entry)) return
    this.#entries.remove(entry)
    this.onLeave?.(entry, reason)
  }
}
