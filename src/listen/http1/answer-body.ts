/**
 * The body of an answer on its way to the socket: framed, no faster than the client takes it, and never ended cleanly unless it
 * was whole and of the announced length.
 */
import type { Socket } from 'node:net'
import type { Body, BodyEnd, BodyFlow, BodySink } from '../../body/body.ts'
import { CHUNK_END, chunkHead, LAST_CHUNK } from '../../body/chunked.ts'
import type { AnswerFraming } from './answer-head.ts'

/** The connection as the answer's body sees it. */
export interface AnswerHost {
  /** Bytes were given to the socket: all of them, and those of the body alone. */
  answerWrote(bytes: number, bodyBytes: number): void
  /** Calls `flushed` once everything given to the socket has gone to the operating system. */
  answerWaits(): void
  /** The body was sent whole. */
  answerDone(): void
  /** The body broke off. */
  answerBroken(cause: Error): void
}

/**
 * Bytes given to the socket at a time. What waits there has to be kept for it, and of a client that has stalled the less; what lies in memory
 * anyway goes out in fewer writes, each of which costs as much as 40 KiB of it.
 */
const SLICE = 256 * 1024
const SLOW_SLICE = 64 * 1024
const LASTING_SLICE = 1024 * 1024
/** Bytes that may wait in the socket before the source pauses, unless they are held back to go out together. */
const WINDOW = 64 * 1024

export class AnswerBody implements BodySink {
  readonly #host: AnswerHost
  readonly #socket: Socket
  readonly #chunked: boolean
  /** Bytes still to come of an announced length, else `null`. */
  #remaining: number | null
  readonly #lasting: boolean
  #slice: number
  #flow: BodyFlow | null = null
  /** What is left of a chunk that is too large for one slice. */
  #rest: Buffer[] = []
  #paused = false
  #ended = false
  #over = false
  #cause: Error | null = null

  /** `lasting`: as of a body. */
  constructor(host: AnswerHost, socket: Socket, framing: AnswerFraming, lasting: boolean) {
    this.#host = host
    this.#socket = socket
    this.#chunked = framing === 'chunked'
    this.#remaining = typeof framing === 'number' ? framing : null
    this.#lasting = lasting
    this.#slice = lasting ? LASTING_SLICE : SLICE
  }

  /** Whether it goes on when the socket has taken everything. */
  get waiting(): boolean {
    return !this.#over && (this.#paused || this.#rest.length > 0)
  }

  start(body: Body): void {
    const flow = body.read(this)
    this.#flow = flow
    if (this.#cause !== null && !this.#ended) flow.cancel(this.#cause)
  }

  chunk(bytes: Buffer): boolean {
    if (this.#over || bytes.length === 0) return !this.#over
    if (this.#remaining !== null) {
      if (bytes.length > this.#remaining) {
        this.#break(new Error('the body is longer than was announced'))
        return false
      }
      this.#remaining -= bytes.length
    }
    if (this.#rest.length > 0) this.#rest.push(bytes)
    else this.#send(bytes)
    if (this.#rest.length === 0 && this.#socket.writableLength < this.#window) return true
    this.#paused = true
    this.#host.answerWaits()
    return false
  }

  end(end: BodyEnd): void {
    if (this.#over || this.#ended) return
    if (end.type === 'reset') this.#break(end.cause)
    else if (this.#remaining !== null && this.#remaining > 0) this.#break(new Error('the body is shorter than was announced'))
    else {
      this.#ended = true
      if (this.#rest.length === 0) this.#finish()
    }
  }

  /** The socket has taken everything; `late` when that took a while. */
  flushed(late: boolean): void {
    if (this.#over) return
    if (late && !this.#lasting) this.#slice = SLOW_SLICE
    const rest = this.#rest
    if (rest.length > 0) {
      this.#rest = []
      for (const bytes of rest) {
        if (this.#rest.length > 0) this.#rest.push(bytes)
        else this.#send(bytes)
      }
    }
    if (this.#rest.length > 0) this.#host.answerWaits()
    else if (this.#ended) this.#finish()
    else if (this.#paused) {
      this.#paused = false
      this.#flow?.resume()
    }
  }

  get #window(): number {
    return this.#socket.writableCorked > 0 ? this.#slice : WINDOW
  }

  /** Nobody takes it any more. */
  cancel(cause: Error): void {
    if (this.#over) return
    this.#over = true
    this.#cause = cause
    this.#rest = []
    if (!this.#ended) this.#flow?.cancel(cause)
  }

  /** Sends slice after slice as long as the operating system takes them at once; keeps the rest. */
  #send(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (at > 0 && this.#socket.writableLength > 0) {
        this.#rest.push(bytes.subarray(at))
        return
      }
      const slice = at === 0 && bytes.length <= this.#slice ? bytes : bytes.subarray(at, at + this.#slice)
      at += slice.length
      this.#write(slice)
    }
  }

  #write(slice: Buffer): void {
    const socket = this.#socket
    if (!this.#chunked) {
      socket.write(slice)
      this.#host.answerWrote(slice.length, slice.length)
      return
    }
    const head = chunkHead(slice.length)
    socket.cork()
    socket.write(head, 'latin1')
    socket.write(slice)
    socket.write(CHUNK_END, 'latin1')
    socket.uncork()
    this.#host.answerWrote(head.length + slice.length + CHUNK_END.length, slice.length)
  }

  #finish(): void {
    this.#over = true
    if (this.#chunked) {
      this.#socket.write(LAST_CHUNK, 'latin1')
      this.#host.answerWrote(LAST_CHUNK.length, 0)
    }
    this.#host.answerDone()
  }

  #break(cause: Error): void {
    this.cancel(cause)
    this.#host.answerBroken(cause)
  }
}
