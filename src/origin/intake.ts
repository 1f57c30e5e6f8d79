/** Where a socket's bytes go. A socket is told when it is made, and its reader is known when it is connected. */
import { idleBuffer } from './http1/read-buffer.ts'

export interface Reader {
  /** What the next read goes into. */
  readonly buffer: Buffer
  /** Takes what was read. `false`: read no further until the socket is resumed. */
  read(buffer: Buffer, length: number): boolean
}

export class Intake {
  reader: Reader | null = null
  /** Whether bytes came before there was a reader: nobody asked for them. */
  early = false

  get buffer(): Buffer {
    return this.reader === null ? idleBuffer : this.reader.buffer
  }

  take(buffer: Buffer, length: number): boolean {
    if (this.reader !== null) return this.reader.read(buffer, length)
    this.early = true
    return true
  }
}
