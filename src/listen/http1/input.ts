/**
 * Bytes read from a socket and not yet taken: usually the last read buffer itself, else a buffer of our own that grows. Bytes once
 * shown are never overwritten, since views of them may be kept.
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

  append(chunk: Buffer): void {
    if (this.start === this.end) {
      this.bytes = chunk
      this.start = 0
      this.end = chunk.length
      this.#owned = false
      return
    }
    const length = this.end - this.start + chunk.length
    if (!this.#owned || this.end + chunk.length > this.bytes.length) this.#move(Math.max(SMALLEST, length * 2))
    chunk.copy(this.bytes, this.end)
    this.end += chunk.length
  }

  /** From now on the bytes keep their place while more are appended, until they are taken. */
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
