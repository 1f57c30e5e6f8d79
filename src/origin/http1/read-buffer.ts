/**
 * Where a socket reads into. Idle connections and small answers share one buffer, so that a connection costs none; a large body gets
 * buffers of its own and gives them away instead of copying.
 */

const READ_SIZE = 64 * 1024
/** Reads from this size on are given away with their buffer; smaller ones are copied out, so that they do not pin it. */
const LARGE_READ = 16 * 1024
/** What is kept of a read into it is copied before the read's callback returns. */
export const idleBuffer: Buffer = Buffer.allocUnsafeSlow(READ_SIZE)

export class ReadBuffer {
  /** For the next read. */
  next: Buffer = idleBuffer

  /** The bytes just read, such that no later read changes them. `more`: a body goes on behind them. */
  own(buffer: Buffer, length: number, more: boolean): Buffer {
    const bytes = buffer.subarray(0, length)
    if (length < LARGE_READ) return Buffer.from(bytes)
    this.next = more ? Buffer.allocUnsafeSlow(READ_SIZE) : idleBuffer
    return buffer === idleBuffer ? Buffer.from(bytes) : bytes
  }

  /** The body is over. */
  release(): void {
    this.next = idleBuffer
  }
}
