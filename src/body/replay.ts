/** A request body that can be sent again: up to a bound it is kept as it is read, so that a retry starts at byte 0. */
import type { Body, BodyEnd, BodyFlow, BodySink } from './body.ts'

/** Smallest buffer that kept bytes are copied together in. */
const SMALLEST = 1024
const EMPTY: Buffer = Buffer.alloc(0)

interface Collecting {
  /** In bytes. */
  readonly limit: number
  /** `cause`: it broke off. */
  done(bytes: Buffer | null, cause: Error | null): void
}

export class ReplayBody implements Body {
  readonly length: number | null
  readonly #body: Body
  #collected: Buffer | null = null
  #bound: number
  /** What has been read so far: the first `#size` bytes of it count. */
  #kept: Buffer | null = null
  #size = 0
  #lost = false
  #end: BodyEnd | null = null
  #flow: BodyFlow | null = null
  #reader: ReplayReader | null = null
  #collecting: Collecting | null = null

  /** `bound` in bytes. */
  constructor(body: Body, bound: number) {
    this.#body = body
    this.length = body.length
    this.#bound = bound
  }

  /** Whether reading from byte 0 is still possible. */
  get replayable(): boolean {
    return !this.#lost && this.#end?.type !== 'reset'
  }

  /** All of it, once it was collected. */
  get whole(): Buffer | null {
    return this.#collected
  }

  /**
   * Reads it to its end and keeps it, before anybody else reads it. Calls back with its bytes, or with `null` if there are more than `limit`: then
   * it can be read as if nobody had asked.
   */
  collect(limit: number, done: Collecting['done']): void {
    if (this.#collected !== null) {
      done(this.#collected.length <= limit ? this.#collected : null, null)
      return
    }
    if (this.#flow !== null || this.#collecting !== null) throw new Error('the body is being read already')
    if (this.length !== null && this.length > limit) {
      done(null, null)
      return
    }
    this.#collecting = { limit, done }
    this.#start()
    if (this.#end !== null) this.#endCollecting(this.#end)
  }

  /** Throws when the body was larger than what is kept. */
  read(sink: BodySink): BodyFlow {
    if (this.#lost) throw new Error('the body was larger than what is kept for another attempt')
    const reader = new ReplayReader(this, sink)
    this.#reader = reader
    if (this.#kept !== null && this.#size > 0) reader.give(this.#kept.subarray(0, this.#size))
    if (this.#end !== null) reader.finish(this.#end)
    else if (this.#flow === null) this.#start()
    else if (!reader.paused) this.#flow.resume()
    return reader
  }

  take(reader: ReplayReader): void {
    if (this.#reader === reader) this.#flow?.resume()
  }

  leave(reader: ReplayReader): void {
    if (this.#reader === reader) this.#reader = null
  }

  /** No further attempt will come. */
  cancel(cause: Error): void {
    this.#flow?.cancel(cause)
  }

  #start(): void {
    const flow = this.#body.read({
      chunk: (bytes) => this.#chunk(bytes),
      end: (end) => {
        this.#end = end
        this.#endCollecting(end)
        this.#reader?.finish(end)
      },
    })
    this.#flow = flow
  }

  #chunk(bytes: Buffer): boolean {
    const collecting = this.#collecting
    // What made it too much is kept, too, for whoever reads it then.
    if (collecting !== null) this.#bound = Math.max(this.#bound, this.#size + bytes.length)
    if (!this.#lost) this.#keep(bytes)
    if (collecting !== null) {
      if (this.#size <= collecting.limit) return true
      this.#collecting = null
      collecting.done(null, null)
    }
    return this.#reader?.give(bytes) ?? false
  }

  #endCollecting(end: BodyEnd): void {
    const collecting = this.#collecting
    if (collecting === null) return
    this.#collecting = null
    if (end.type === 'reset') {
      collecting.done(null, end.cause)
      return
    }
    this.#collected = this.#kept === null ? EMPTY : this.#kept.subarray(0, this.#size)
    collecting.done(this.#collected, null)
  }

  #keep(bytes: Buffer): void {
    const size = this.#size + bytes.length
    if (size > this.#bound) {
      this.#lost = true
      this.#kept = null
      return
    }
    if (this.#kept === null || size > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#bound, Math.max(SMALLEST, size, 2 * this.#size)))
      this.#kept?.copy(grown, 0, 0, this.#size)
      this.#kept = grown
    }
    bytes.copy(this.#kept, this.#size)
    this.#size = size
  }
}

class ReplayReader implements BodyFlow {
  readonly #owner: ReplayBody
  readonly #sink: BodySink
  /** Came while the sink paused; at the most what the source sends before it pauses, too. */
  #waiting: Buffer[] = []
  #end: BodyEnd | null = null
  #paused = false
  #over = false

  constructor(owner: ReplayBody, sink: BodySink) {
    this.#owner = owner
    this.#sink = sink
  }

  get paused(): boolean {
    return this.#paused || this.#over
  }

  give(bytes: Buffer): boolean {
    if (this.#over) return false
    if (this.#paused || this.#waiting.length > 0) {
      this.#waiting.push(bytes)
      return false
    }
    if (!this.#sink.chunk(bytes)) this.#paused = true
    return !this.paused
  }

  finish(end: BodyEnd): void {
    if (this.#over) return
    if (this.#waiting.length > 0) {
      this.#end = end
      return
    }
    this.#over = true
    this.#sink.end(end)
  }

  resume(): void {
    if (this.#over) return
    this.#paused = false
    while (this.#waiting.length > 0 && !this.paused) if (!this.#sink.chunk(this.#waiting.shift() as Buffer)) this.#paused = true
    if (this.#waiting.length > 0 || this.#over) return
    if (this.#end !== null) this.finish(this.#end)
    else if (!this.#paused) this.#owner.take(this)
  }

  cancel(): void {
    this.#over = true
    this.#waiting = []
    this.#owner.leave(this)
  }
}
