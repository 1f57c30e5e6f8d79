/** A byte range of a body, for answers with Content-Range. */
import { type Body, type BodyEnd, type BodyFlow, type BodySink, COMPLETE } from './body.ts'

export class SliceBody implements Body {
  readonly length: number
  readonly #body: Body
  readonly #first: number

  /** `first` and `last` are positions within `body`, inclusive. */
  constructor(body: Body, first: number, last: number) {
    this.#body = body
    this.#first = first
    this.length = last - first + 1
  }

  get lasting(): boolean {
    return this.#body.lasting === true
  }

  read(sink: BodySink): BodyFlow {
    const reader = new SliceReader(sink, this.#first, this.length)
    reader.start(this.#body)
    return reader
  }
}

/** As much of a byte range as a body of unknown length has: it may end before the range does. */
export class OpenSliceBody implements Body {
  readonly length: null = null
  readonly #body: Body
  readonly #first: number
  readonly #most: number

  constructor(body: Body, first: number, last: number) {
    this.#body = body
    this.#first = first
    this.#most = last - first + 1
  }

  read(sink: BodySink): BodyFlow {
    const reader = new SliceReader(sink, this.#first, this.#most, true)
    reader.start(this.#body)
    return reader
  }
}

const ENOUGH = new Error('the range has been read')

class SliceReader implements BodyFlow, BodySink {
  readonly #sink: BodySink
  #skip: number
  #left: number
  #flow: BodyFlow | null = null
  #over = false
  readonly #mayEndShort: boolean

  constructor(sink: BodySink, skip: number, length: number, mayEndShort: boolean = false) {
    this.#sink = sink
    this.#mayEndShort = mayEndShort
    this.#skip = skip
    this.#left = length
  }

  start(body: Body): void {
    const flow = body.read(this)
    this.#flow = flow
    if (this.#over) flow.cancel(ENOUGH)
  }

  chunk(bytes: Buffer): boolean {
    if (this.#over) return true
    if (this.#skip >= bytes.length) {
      this.#skip -= bytes.length
      return true
    }
    const view = bytes.subarray(this.#skip, this.#skip + this.#left)
    this.#skip = 0
    this.#left -= view.length
    const more = this.#sink.chunk(view)
    if (this.#left === 0) this.#finish(COMPLETE)
    return more
  }

  end(end: BodyEnd): void {
    if (this.#over) return
    const short = end.type === 'complete' && !this.#mayEndShort
    this.#finish(short ? { type: 'reset', cause: new Error('the body ended before the range did') } : end)
  }

  resume(): void {
    if (!this.#over) this.#flow?.resume()
  }

  cancel(cause: Error): void {
    this.#over = true
    this.#flow?.cancel(cause)
  }

  #finish(end: BodyEnd): void {
    this.#over = true
    this.#flow?.cancel(ENOUGH)
    this.#sink.end(end)
  }
}
