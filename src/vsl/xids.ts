/**
 * Transaction ids (Varnish's XIDs): sessions, requests, restarts, fetches, retries and fragments take one number after the other. Threads
 * that serve together take blocks of numbers, so that no two of them give the same one.
 */

/** Ids that a thread takes at a time where several serve, as Varnish's threads do. */
const BLOCK = 32_768

/** The largest that can be set, as in Varnish. */
export const LARGEST_XID = 999_999_999_999_999

/** The counter that threads share: the next id that nobody has taken, and how often it was set. */
interface SharedCounter {
  readonly next: BigInt64Array
  readonly settings: Int32Array
}

export class Xids {
  #next = 1
  /** The first that is not this thread's. */
  #end = Number.POSITIVE_INFINITY
  readonly #shared: SharedCounter | null
  #settings = -1

  /** `memory`: of `sharedXids`, for threads that serve together. Default: this thread alone. */
  constructor(memory: SharedArrayBuffer | null = null) {
    this.#shared = memory === null ? null : { next: new BigInt64Array(memory, 0, 1), settings: new Int32Array(memory, 8, 1) }
  }

  next(): number {
    const shared = this.#shared
    if (shared !== null && (this.#next >= this.#end || shared.settings[0] !== this.#settings)) this.#takeBlock(shared)
    return this.#next++
  }

  /** What nobody has been given yet. */
  get upcoming(): number {
    return this.#shared === null ? this.#next : Number(Atomics.load(this.#shared.next, 0))
  }

  /** Ids that a thread takes at a time. */
  get block(): number {
    return this.#shared === null ? 1 : BLOCK
  }

  /** The next id that any thread gives is this one; a whole number from 1 to `LARGEST_XID`. */
  set(next: number): void {
    this.#next = next
    if (this.#shared === null) return
    Atomics.store(this.#shared.next, 0, BigInt(next))
    Atomics.add(this.#shared.settings, 0, 1)
  }

  #takeBlock({ next, settings }: SharedCounter): void {
    this.#settings = Atomics.load(settings, 0)
    this.#next = Number(Atomics.add(next, 0, BigInt(BLOCK)))
    this.#end = this.#next + BLOCK
  }
}

/** Memory for the counter that threads share. */
export function sharedXids(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(16)
  new BigInt64Array(memory, 0, 1)[0] = 1n
  return memory
}
