/** Writes a request's body to the origin, as fast as the origin takes it, and proves that it was written whole. */
import type { Socket } from 'node:net'
import type { Body, BodyEnd, BodyFlow, BodySink } from '../../body/body.ts'
import { CHUNK_END, chunkHead, LAST_CHUNK } from '../../body/chunked.ts'

export interface UploadOwner {
  /** A piece was written. */
  uploaded(): void
  /** The body broke off or was not as long as announced. */
  uploadFailed(cause: Error): void
}

export class Upload implements BodySink {
  readonly #socket: Socket
  readonly #owner: UploadOwner
  readonly #length: number | null
  #flow: BodyFlow | null = null
  #sent = 0
  #over = false
  /** Every byte, the last chunk included, was given to the socket. */
  done = false

  constructor(socket: Socket, length: number | null, owner: UploadOwner) {
    this.#socket = socket
    this.#length = length
    this.#owner = owner
  }

  start(body: Body): void {
    const flow = body.read(this)
    if (this.#over) {
      if (!this.done) flow.cancel(new Error('the upload was over'))
    } else this.#flow = flow
  }

  /** The socket takes bytes again. */
  drained(): void {
    this.#flow?.resume()
  }

  /** Stops reading the body; nothing more is written. */
  stop(cause: Error): void {
    if (this.#over) return
    this.#over = true
    this.#flow?.cancel(cause)
    this.#flow = null
  }

  chunk(bytes: Buffer): boolean {
    if (this.#over) return false
    if (bytes.length === 0) return true
    this.#sent += bytes.length
    if (this.#length === null) {
      this.#socket.cork()
      this.#socket.write(chunkHead(bytes.length), 'latin1')
      this.#socket.write(bytes)
      this.#socket.write(CHUNK_END, 'latin1')
      this.#socket.uncork()
    } else if (this.#sent > this.#length) {
      const flow = this.#flow
      this.#fail(new Error(`the body is longer than the ${this.#length} bytes announced`))
      flow?.cancel(new Error('the body is longer than announced'))
      return false
    } else this.#socket.write(bytes)
    this.#owner.uploaded()
    return !this.#socket.writableNeedDrain
  }

  end(end: BodyEnd): void {
    if (this.#over) return
    if (end.type === 'reset') {
      this.#fail(end.cause)
      return
    }
    if (this.#length !== null && this.#sent !== this.#length) {
      this.#fail(new Error(`the body ended after ${this.#sent} of ${this.#length} bytes`))
      return
    }
    this.#over = true
    this.#flow = null
    if (this.#length === null) this.#socket.write(LAST_CHUNK, 'latin1')
    this.done = true
    this.#owner.uploaded()
  }

  #fail(cause: Error): void {
    this.#over = true
    this.#flow = null
    this.#owner.uploadFailed(cause)
  }
}
