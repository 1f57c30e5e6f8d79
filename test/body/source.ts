/** A body whose bytes come when the test says so, and a reader that remembers. */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../../src/body/body.ts'

/** Readable once, like the body of a message on a socket; it notes what its reader asks of it. */
export class ScriptedBody implements Body, BodyFlow {
  readonly length: number | null
  #sink: BodySink | null = null
  /** Pieces sent at once when somebody reads. */
  readonly #ready: readonly Buffer[]
  readonly #endsAtOnce: boolean
  reads = 0
  resumes = 0
  cancelled: Error | null = null
  /** What the sink said last. */
  wanted = true

  constructor(length: number | null = null, ready: readonly (string | Buffer)[] = [], endsAtOnce: boolean = false) {
    this.length = length
    this.#ready = ready.map((piece) => Buffer.from(piece))
    this.#endsAtOnce = endsAtOnce
  }

  read(sink: BodySink): BodyFlow {
    this.reads++
    this.#sink = sink
    for (const piece of this.#ready) this.send(piece)
    if (this.#endsAtOnce) this.end()
    return this
  }

  send(piece: string | Buffer): boolean {
    if (this.cancelled !== null || this.#sink === null) return false
    this.wanted = this.#sink.chunk(Buffer.from(piece))
    return this.wanted
  }

  end(end: BodyEnd = { type: 'complete' }): void {
    if (this.cancelled === null) this.#sink?.end(end)
  }

  resume(): void {
    this.resumes++
    this.wanted = true
  }

  cancel(cause: Error): void {
    this.cancelled ??= cause
  }
}

export class Reader implements BodySink {
  readonly chunks: Buffer[] = []
  readonly ends: string[] = []
  /** How many pieces it takes before it asks for a pause; counted anew by `take`. */
  appetite: number
  onChunk: ((bytes: Buffer) => void) | null = null

  constructor(appetite: number = Number.POSITIVE_INFINITY) {
    this.appetite = appetite
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }

  chunk(bytes: Buffer): boolean {
    this.chunks.push(Buffer.from(bytes))
    this.onChunk?.(bytes)
    return --this.appetite > 0
  }

  end(end: BodyEnd): void {
    this.ends.push(end.type === 'complete' ? 'complete' : end.cause.message)
  }
}
