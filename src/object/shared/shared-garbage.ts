/**
 * Memory that threads share and that this one has let go of. V8 does not count it, so that nothing would make a collection come before the
 * memory of the machine is full. In its place as much ordinary memory is held until the next collection, counted but never touched, so that it
 * takes no page: V8 begins to mark when it would if it counted both.
 */

/** Bytes of a stand-in: so many that the system maps them apart, and gives no page before one is written. */
const PIECE = 32 * 1024 * 1024

export class SharedGarbage {
  readonly #collected: FinalizationRegistry<void>
  #standIns: ArrayBuffer[] = []
  #bytes = 0

  constructor() {
    this.#collected = new FinalizationRegistry(() => {
      this.#standIns = []
      this.#watch()
    })
    this.#watch()
  }

  /** Bytes of stand-ins. */
  get standing(): number {
    return this.#standIns.length * PIECE
  }

  /** So many bytes are held no longer. */
  add(bytes: number): void {
    this.#bytes += bytes
    for (; this.#bytes >= PIECE; this.#bytes -= PIECE) this.#standIns.push(new ArrayBuffer(PIECE))
  }

  /** Nobody holds this object: it goes with the next collection. */
  #watch(): void {
    this.#collected.register({}, undefined)
  }
}
