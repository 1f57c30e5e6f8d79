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
    return this.#cancelled === null && this.#sink.chunk(bytes)
  }

  end(end: BodyEnd): void {
    if (this.#cancelled !== null) return
    if (!this.#onSecond && end.type === 'complete') {
      this.#onSecond = true
      const flow = this.#second.read(this)
      this.#flow = flow
      if (this.#cancelled !== null) flow.cancel(this.#cancelled)
      return
    }
    if (!this.#onSecond && end.type === 'reset') this.#refuseSecond(end.cause)
    this.#sink.end(end)
  }

  resume(): void {
    this.#flow?.resume()
  }

  cancel(cause: Error): void {
    if (this.#cancelled !== null) return
    this.#cancelled = cause
    this.#flow?.cancel(cause)
    if (!this.#onSecond) this.#refuseSecond(cause)
  }

  /** It may hold a connection: who will not be read is told so. */
  #refuseSecond(cause: Error): void {
    this.#onSecond = true
    this.#second.read({ chunk: () => false, end: () => {} }).cancel(cause)
  }
}
