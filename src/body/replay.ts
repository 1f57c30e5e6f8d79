/** A request body that can be sent again: up to a bound it is kept as it is read, so that a retry starts at byte 0. */
import type { Body, BodyEnd, BodyFlow, BodySink } from './body.ts'

export class ReplayBody implements Body {
  readonly length: number | null
  readonly #body: Body
  readonly #bound: number
  #kept: Buffer[] = []
  #size = 0
  #lost = false
  #end: BodyEnd | null = null
  #flow: BodyFlow | null = null
  #reader: ReplayReader | null = null

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

  read(sink: BodySink): BodyFlow {
    if (this.#lost) throw new Error('the body was larger than what is kept for another attempt')
    const reader = new ReplayReader(this, sink)
    this.#reader = reader
    for (const bytes of this.#kept) reader.give(bytes)
    if (this.#end !== null) reader.finish(this.#end)
    else if (this.#flow === null) this.#start()
    else reader.resume()
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
        this.#reader?.finish(end)
      },
    })
    this.#flow = flow
  }

  #chunk(bytes: Buffer): boolean {
    this.#size += bytes.length
    if (this.#size > this.#bound) {
      this.#lost = true
      this.#kept = []
    } else this.#kept.push(Buffer.from(bytes))
    return this.#reader?.give(bytes) ?? false
  }
}

class ReplayReader implements BodyFlow {
  readonly #owner: ReplayBody
  readonly #sink: BodySink
  #waiting: Buffer[] = []
  #end: BodyEnd | null = null
  #paused = false
  #over = false

  constructor(owner: ReplayBody, sink: BodySink) {
    this.#owner = owner
    this.#sink = sink
  }

  give(bytes: Buffer): boolean {
    if (this.#over) return false
    if (this.#paused || this.#waiting.length > 0) {
      this.#waiting.push(bytes)
      return false
    }
    if (!this.#sink.chunk(bytes)) this.#paused = true
    return !this.#paused
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
    while (this.#waiting.length > 0 && !this.#paused) if (!this.#sink.chunk(this.#waiting.shift() as Buffer)) this.#paused = true
    if (this.#waiting.length > 0) return
    if (this.#end !== null) this.finish(this.#end)
    else if (!this.#paused) this.#owner.take(this)
  }

  cancel(): void {
    this.#over = true
    this.#owner.leave(this)
  }
}
