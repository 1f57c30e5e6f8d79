/**
 * The body of one request while it arrives: hands the connection's bytes to its reader as far as the reader wants them, and
 * knows exactly where the message ends. What nobody reads can be discarded.
 */
import { type Body, type BodyFlow, type BodySink, COMPLETE } from '../../body/body.ts'
import { ChunkedDecoder, type ChunkFault } from '../../body/chunked.ts'

/** The connection as its request body sees it. */
export interface BodyHost {
  /** Somebody reads from now on. */
  bodyRead(): void
  /** The reader takes more, or has gone. */
  bodyMoved(): void
}

type State =
  | 'unread'
  | 'reading'
  | 'paused' // the reader asked for a pause
  | 'left' // the reader has gone
  | 'discarding'
  | 'done'

export class RequestBody implements Body, BodyFlow {
  readonly length: number | null
  readonly #host: BodyHost
  readonly #decoder: ChunkedDecoder | null
  #remaining: number
  #state: State = 'unread'
  #sink: BodySink | null = null
  /** Start of the window in which the rate is measured, and what had been consumed then. */
  #rateSince = -1
  #rateFrom = 0
  fault: ChunkFault | null = null
  /** Bytes of the message consumed, chunk framing included; and how many of them nobody read. */
  consumed: number = 0
  discarded: number = 0

  constructor(framing: 'chunked' | number, host: BodyHost) {
    this.#host = host
    this.length = framing === 'chunked' ? null : framing
    this.#decoder = framing === 'chunked' ? new ChunkedDecoder() : null
    this.#remaining = framing === 'chunked' ? 0 : framing
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  /** Whether somebody reads it, paused or not. */
  get attached(): boolean {
    return this.#sink !== null
  }

  /** Whether what comes belongs to nobody. */
  get discarding(): boolean {
    return this.#state === 'discarding'
  }

  /** Bytes still to come, `0` when that is not known. */
  get remaining(): number {
    return this.#remaining
  }

  read(sink: BodySink): BodyFlow {
    if (this.#state !== 'unread') throw new Error('a request body can be read once')
    this.#sink = sink
    this.#state = 'reading'
    this.#host.bodyRead()
    return this
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'reading'
    this.#host.bodyMoved()
  }

  cancel(_cause: Error): void {
    if (this.#sink === null) return
    this.#sink = null
    if (this.#state === 'done') return
    this.#state = 'left'
    this.#host.bodyMoved()
  }

  /** What still comes belongs to nobody. A reader that is attached is told that the body broke off. */
  discard(cause: Error): void {
    if (this.#state === 'done') return
    this.#state = 'discarding'
    this.#detach(cause)
  }

  /** No more bytes will come. */
  abort(cause: Error): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    this.#detach(cause)
  }

  /** Takes bytes of the message as far as they are wanted. Answers the position behind the last one taken; look at `fault`. */
  consume(bytes: Buffer, start: number, end: number): number {
    if (this.#state !== 'reading' && this.#state !== 'discarding') return start
    const discarding = this.discarding
    const after = this.#decoder === null ? this.#takeLength(bytes, start, end) : this.#takeChunked(this.#decoder, bytes, start, end)
    this.consumed += after - start
    if (discarding) this.discarded += after - start
    return after
  }

  /**
   * Whether the client sent fewer than `minimum` bytes over `window` milliseconds in which they were wanted: a slow reader is not
   * its fault. To be asked now and then.
   */
  isSlow(now: number, window: number, minimum: number): boolean {
    if (this.#rateSince >= 0 && this.#state === 'reading') {
      if (now - this.#rateSince < window) return false
      if (this.consumed - this.#rateFrom < minimum) return true
    }
    this.#rateSince = now
    this.#rateFrom = this.consumed
    return false
  }

  #takeLength(bytes: Buffer, start: number, end: number): number {
    const take = Math.min(this.#remaining, end - start)
    this.#remaining -= take
    this.#deliver(bytes.subarray(start, start + take))
    if (this.#remaining === 0) this.#complete()
    return start + take
  }

  #takeChunked(decoder: ChunkedDecoder, bytes: Buffer, start: number, end: number): number {
    const { at, data } = decoder.take(end === bytes.length ? bytes : bytes.subarray(0, end), start)
    this.fault = decoder.fault
    if (data !== null) this.#deliver(data)
    if (decoder.done) this.#complete()
    return at
  }

  #deliver(view: Buffer): void {
    if (this.#sink?.chunk(view) === false && this.#state === 'reading') this.#state = 'paused'
  }

  #complete(): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    const sink = this.#sink
    this.#sink = null
    sink?.end(COMPLETE)
  }

  #detach(cause: Error): void {
    const sink = this.#sink
    this.#sink = null
    sink?.end({ type: 'reset', cause })
  }
}
