/**
 * Heads by their keys. Where a list's first variant is kept whole, that object stands for its head, which it knows: most hits need nothing else
 * (`CachedObject.alone`), and go to one place in memory less.
 */
import type { Head } from './head.ts'
import { KeyTable } from './key-table.ts'
import { CachedObject } from './object.ts'
import type { Slot } from './slot.ts'

export class Heads {
  readonly #table = new KeyTable<Head | CachedObject>()

  get size(): number {
    return this.#table.size
  }

  get(key: string): Head | undefined {
    const there = this.#table.get(key)
    return there === undefined ? undefined : headOf(there)
  }

  /** The head, or what stands for it. */
  at(key: string): Head | CachedObject | undefined {
    return this.#table.get(key)
  }

  /** Adds a head, or has it, or the kept object that stands for it, take the place of what has its key. */
  put(there: Head | CachedObject): void {
    this.#table.put(there)
  }

  delete(head: Head): void {
    if (this.get(head.key) === head) this.#table.delete(head.key)
  }

  /** In no order. They may go meanwhile; who comes meanwhile may be left out. */
  *values(): IterableIterator<Head> {
    for (const there of this.#table.values()) yield headOf(there)
  }

  clear(): void {
    this.#table.clear()
  }
}

export function headOf(there: Head | CachedObject): Head {
  return there instanceof CachedObject ? (there.slot as Slot).head : there
}
