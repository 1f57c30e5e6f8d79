/** Values that one thread hands to one other, in order. A value is an Int32 other than 0. */
import { LINE_WORDS, NOTICES, RING_HEAD_WORDS, RINGS_WORDS, type SharedMemory, SPARE_BLOCKS, SPARE_ENTRIES } from './memory.ts'

/** Both count on and wrap round in 32 bits; each is written by one side, on a line of its own. */
const HEAD = 0
const TAIL: number = LINE_WORDS

export class Ring {
  readonly capacity: number
  readonly #words: Int32Array

  /** `words`: two lines and `capacity` values, which must be a power of two. */
  constructor(words: Int32Array, capacity: number) {
    this.capacity = capacity
    this.#words = words
  }

  /** `false`: it is full. */
  push(value: number): boolean {
    const words = this.#words
    const tail = Atomics.load(words, TAIL)
    if (((tail - Atomics.load(words, HEAD)) | 0) >= this.capacity) return false
    words[RING_HEAD_WORDS + (tail & (this.capacity - 1))] = value
    // The tail is what shows the value to the other side.
    Atomics.store(words, TAIL, (tail + 1) | 0)
    return true
  }

  /** 0: it is empty. */
  shift(): number {
    const words = this.#words
    const head = Atomics.load(words, HEAD)
    if (head === Atomics.load(words, TAIL)) return 0
    const value = words[RING_HEAD_WORDS + (head & (this.capacity - 1))] as number
    // The head gives the place back, so it comes after the reading.
    Atomics.store(words, HEAD, (head + 1) | 0)
    return value
  }

  get length(): number {
    const words = this.#words
    return (Atomics.load(words, TAIL) - Atomics.load(words, HEAD)) | 0
  }

  get free(): number {
    return this.capacity - this.length
  }

  /** Empties it. Only when nobody else is at either end. */
  reset(): void {
    Atomics.store(this.#words, HEAD, 0)
    Atomics.store(this.#words, TAIL, 0)
  }
}

/** Entries that a worker (1 and up) may link, from the librarian. */
export function spareEntriesOf(memory: SharedMemory, worker: number): Ring {
  return ringAt(memory, worker, 0, SPARE_ENTRIES)
}

/** Blocks that a worker may fill, from the librarian. */
export function spareBlocksOf(memory: SharedMemory, worker: number): Ring {
  return ringAt(memory, worker, RING_HEAD_WORDS + SPARE_ENTRIES, SPARE_BLOCKS)
}

/** Entries that a worker links, for the librarian. */
export function noticesOf(memory: SharedMemory, worker: number): Ring {
  return ringAt(memory, worker, 2 * RING_HEAD_WORDS + SPARE_ENTRIES + SPARE_BLOCKS, NOTICES)
}

function ringAt(memory: SharedMemory, worker: number, offset: number, capacity: number): Ring {
  const first = (worker - 1) * RINGS_WORDS + offset
  return new Ring(new Int32Array(memory.rings, first * Int32Array.BYTES_PER_ELEMENT, RING_HEAD_WORDS + capacity), capacity)
}
