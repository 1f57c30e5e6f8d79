/**
 * V8 collects when it has handed out much memory, but does not count what threads share: bodies that nobody wants any more would lie there until
 * something else fills the heap. So whoever holds such a body holds as much memory of this thread with it, which V8 counts. It is never touched, and
 * takes no page.
 */
import { BLOCK, type SharedMemory } from './memory.ts'

/** Bodies that come one after another share a piece: each is a mapping of the process, of which it may not have many. */
const LEAST = 1024 * 1024
const PIECES = 512
/** V8 collects after 64 MiB and more: half of that is enough for three threads to let go of at once. */
const WEIGHT = 2

export class Ballast {
  readonly #unit: number
  #piece: ArrayBuffer | null = null
  /** Bytes of the piece that no body has. */
  #left = 0

  constructor({ blocks }: Pick<SharedMemory, 'blocks'>) {
    this.#unit = Math.max(LEAST, Math.ceil((blocks * BLOCK) / PIECES))
  }

  /** For a body of so many bytes, to be held as long as it is. */
  for(bytes: number): ArrayBuffer | null {
    const weight = bytes * WEIGHT
    if (weight > this.#left) {
      this.#left = Math.max(this.#unit, weight)
      this.#piece = untouched(this.#left)
    }
    this.#left -= weight
    return this.#piece
  }
}

/** What could be resized is taken from the system as it is, without zeros being written to it. `null`: there is no more. */
function untouched(bytes: number): ArrayBuffer | null {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes })
  } catch {
    return null
  }
}
