/** One body behind another: what is held already, and the rest that arrives. */
import type { Body, BodyEnd, BodyFlow, BodySink } from './body.ts'

export class ConcatBody implements Body {
  readonly length: number | null
  readonly #first: Body
  readonly #second: Body

  constructor(first: Body, second: Body) {
    this.#first = first
    this.#second = second
    this.length = first.length === null || second.length === null ? null : first.length + second.length
  }

  read(sink: BodySink): BodyFlow {
    const reader = new ConcatReader(this.#second, sink)
    reader.start(this.#first)
    return reader
  }
}

class ConcatReader implements BodyFlow, BodySink {
  readonly #second: Body
  readonly #sink: BodySink
  #flow: BodyFlow | null = null
  #onSecond = false
  #cancelled: Error | null = null

  constructor(second: Body, sink: BodySink) {
    this.#second = second
    this.#sink = sink
  }

  start(first: Body): void {
    const flow = first.read(this)
    if (!this.#onSecond) this.#flow = flow
  }

  chunk(bytes: Buffer): boolean {
    return this.#sink.chunk(bytes)
  }

  end(end: BodyEnd): void {
    if (this.#onSecond || end.type === 'reset') {
      this.#sink.end(end)
      return
    }
    this.#onSecond = true
    const flow = this.#second.read(this)
    this.#flow = flow
    if (this.#cancelled !== null) flow.cancel(this.#cancelled)
  }

  resume(): void {
    this.#flow?.resume()
  }

  cancel(cause: Error): void {
    this.#cancelled = cause
    this.#flow?.cancel(cause)
  }
}
