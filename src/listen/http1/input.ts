/**
 * Bytes read from a socket and not yet taken: those of the buffer that was read into, lent until the read's callback returns, else a buffer
 * of our own that grows. Bytes of our own are never overwritten once shown, since views of them may be kept.
 */

const EMPTY: Buffer = Buffer.alloc(0)
const SMALLEST = 1024

export class Input {
  bytes: Buffer = EMPTY
  start: number = 0
  end: number = 0
  #owned = false

  get empty(): boolean {
    return this.start === this.end
  }

  get length(): number {
    return this.end - this.start
  }

  /** The first bytes of a buffer that will be read into again: `own` before anything else happens. */
  lend(buffer: Buffer, length: number): void {
    if (this.start === this.end) {
      this.bytes = buffer
      this.start = 0
      this.end = length
      this.#owned = false
      return
    }
    const together = this.end - this.start + length
    if (!this.#owned || this.end + length > this.bytes.length) this.#move(Math.max(SMALLEST, together * 2))
    buffer.copy(this.bytes, this.end, 0, length)
    this.end += length
  }

  /** From now on the bytes are ours, and keep their place while more are added, until they are taken. */
  own(): void {
    if (!this.#owned) this.#move(Math.max(SMALLEST, this.length * 2))
  }

  release(): void {
    this.bytes = EMPTY
    this.start = 0
    this.end = 0
    this.#owned = false
  }

  /** A copy of what is left, which then counts as taken. */
  take(): Buffer {
    const rest = Buffer.from(this.bytes.subarray(this.start, this.end))
    this.release()
    return rest
  }

  #move(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(capacity)
    this.bytes.copy(larger, 0, this.start, this.end)
    this.bytes = larger
    this.end -= this.start
    this.start = 0
    this.#owned = true
  }
}
