/** A body that is whole and in memory: exact-size buffers that nothing else refers to. */
import { type Body, type BodyFlow, type BodySink, COMPLETE } from '../body/body.ts'

export class StoredBody implements Body {
  readonly segments: readonly Buffer[]
  readonly length: number

  constructor(segments: readonly Buffer[]) {
    this.segments = segments
    let length = 0
    for (const segment of segments) length += segment.length
    this.length = length
  }

  /** The whole body when it lies in one piece, else `null`. */
  get whole(): Buffer | null {
    return this.segments.length === 1 ? (this.segments[0] as Buffer) : null
  }

  read(sink: BodySink): BodyFlow {
    const reader = new StoredReader(this.segments, sink)
    reader.resume()
    return reader
  }
}

class StoredReader implements BodyFlow {
  readonly #segments: readonly Buffer[]
  readonly #sink: BodySink
  #next = 0
  #busy = false
  #over = false

  constructor(segments: readonly Buffer[], sink: BodySink) {
    this.#segments = segments
    this.#sink = sink
  }

  resume(): void {
    if (this.#busy) return
    this.#busy = true
    while (!this.#over) {
      if (this.#next === this.#segments.length) {
        this.#over = true
        this.#sink.end(COMPLETE)
      } else if (!this.#sink.chunk(this.#segments[this.#next++] as Buffer)) break
    }
    this.#busy = false
  }

  cancel(): void {
    this.#over = true
  }
}

const EMPTY_BUFFER = Buffer.alloc(0)

/** A body of no bytes. */
export const EMPTY_BODY: StoredBody = new StoredBody([EMPTY_BUFFER])

/** A body from bytes at hand. */
export function bodyOf(bytes: Buffer): StoredBody {
  return new StoredBody([bytes])
}
