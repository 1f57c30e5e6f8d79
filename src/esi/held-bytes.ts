/** Bytes that are held back until it is known what they are. */

const NONE: Buffer = Buffer.alloc(0)
const SMALLEST = 64

export class HeldBytes {
  length = 0
  #room: Buffer = NONE

  add(bytes: Buffer): void {
    const length = this.length + bytes.length
    if (length > this.#room.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * length, SMALLEST))
      this.#room.copy(grown, 0, 0, this.length)
      this.#room = grown
    }
    bytes.copy(this.#room, this.length)
    this.length = length
  }

  /** A latin-1 character for each byte. */
  get text(): string {
    return this.length === 0 ? '' : this.#room.toString('latin1', 0, this.length)
  }

  /** All of them, which are held no longer. */
  take(): Buffer {
    const bytes = Buffer.from(this.#room.subarray(0, this.length))
    this.length = 0
    return bytes
  }

  drop(): void {
    this.length = 0
  }
}
