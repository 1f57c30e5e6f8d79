/**
 * Whether the JavaScript heap has room for small bodies. A string costs far less than a buffer, which is three objects and an allocation of
 * its own; but strings lie in the heap, and V8 ends a process whose heap is full, whatever memory the machine has left.
 */
import { getHeapStatistics } from 'node:v8'

export interface HeapStatistics {
  readonly used_heap_size: number
  readonly heap_size_limit: number
}

/** Bodies between two looks. */
const BETWEEN = 1024
/** Of the limit; beyond it the room is left to what can lie nowhere else. */
const SHARE = 0.5

export class HeapRoom {
  readonly #statistics: () => HeapStatistics
  #left = 0
  #ample = false

  constructor(statistics: () => HeapStatistics = getHeapStatistics) {
    this.#statistics = statistics
  }

  /** Asked once for each body. */
  take(): boolean {
    if (this.#left === 0) {
      const { used_heap_size, heap_size_limit } = this.#statistics()
      this.#ample = used_heap_size < heap_size_limit * SHARE
      this.#left = BETWEEN
    }
    this.#left--
    return this.#ample
  }
}
