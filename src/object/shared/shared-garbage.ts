/**
 * Memory that threads share and that this one has let go of. V8 does not count it, so that nothing would make a collection come before the
 * memory of the machine is full. Whenever there is enough of it to be worth a collection, ordinary memory is made and held until one has been:
 * so much of it that V8 begins to mark, and never touched, so that it takes no page.
 */

/** Bytes of a stand-in: above the 64 MiB from one collection to the next at which V8 begins to mark, and so many that the system maps them apart. */
const STAND_IN = 65 * 1024 * 1024

export class SharedGarbage {
  readonly #collected: FinalizationRegistry<void>
  readonly #bearable: number
  #standIns: ArrayBuffer[] = []
  #bytes = 0

  /** `bearable`: bytes that may wait for a collection before one is made to come. */
  constructor(bearable: number) {
    this.#bearable = bearable
    this.#collected = new FinalizationRegistry(() => {
      this.#standIns = []
      this.#watch()
    })
    this.#watch()
  }

  /** Bytes of stand-ins. */
  get standing(): number {
    return this.#standIns.length * STAND_IN
  }

  /** So many bytes are held no longer. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < this.#bearable) return
    this.#bytes = 0
    this.#standIns.push(new ArrayBuffer(STAND_IN))
  }

  /** Nobody holds this object: it goes with the next collection. */
  #watch(): void {
    this.#collected.register({}, undefined)
  }
}
