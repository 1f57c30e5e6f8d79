/** A body that lies in slices: each is looked up when its turn comes, and the next one when half of it has been read. */
import { type Body, type BodyEnd, type BodyFlow, type BodySink, COMPLETE } from '../body/body.ts'
import { SliceBody } from '../body/slice.ts'
import type { ByteRange } from '../wire/range.ts'
import { sliceOf, withinSlice } from '../wire/slices.ts'
import { type SliceFailure, type SliceOutcome, SliceRequest, type SliceSource } from './slice-request.ts'

/** The slice that was asked for before anybody reads; whoever reads it takes it from here. */
interface Begun {
  slice: SliceRequest | null
}

export class SlicedBody implements Body {
  readonly length: number
  readonly #source: SliceSource
  readonly #range: ByteRange
  readonly #begun: Begun

  /** `begun` only for a part of another. */
  constructor(source: SliceSource, range: ByteRange, begun: Begun = { slice: null }) {
    this.length = range.last - range.first + 1
    this.#source = source
    this.#range = range
    this.#begun = begun
  }

  /** Positions of the whole representation. */
  part(range: ByteRange): SlicedBody {
    return new SlicedBody(this.#source, range, this.#begun)
  }

  /** Asks for the slice that holds a byte. Calls back once, maybe before it returns, unless somebody calls `leave` before. */
  begin(position: number, began: (outcome: SliceOutcome) => void): void {
    const slice = new SliceRequest(this.#source, sliceOf(position, this.#source.manifest.size), false)
    this.#begun.slice = slice
    slice.whenReady(began)
  }

  /** What was begun is not going to be read, unless somebody reads it by now. */
  leave(): void {
    this.#begun.slice?.leave()
    this.#begun.slice = null
  }

  read(sink: BodySink): BodyFlow {
    const { slice } = this.#begun
    this.#begun.slice = null
    return new SlicedReader(this.#source, this.#range, slice, sink)
  }
}

const LEFT = new Error('the body is not read any more')

class SlicedReader implements BodyFlow {
  readonly #source: SliceSource
  readonly #range: ByteRange
  readonly #sink: BodySink
  readonly #last: number
  #index: number
  /** The slice that is waited for or read. */
  #slice: SliceRequest | null = null
  #ahead: SliceRequest | null = null
  #flow: BodyFlow | null = null
  /** Bytes of the present slice that have been read, and that are wanted. */
  #read = 0
  #wanted = 0
  #paused = false
  #busy = false
  #over = false

  constructor(source: SliceSource, range: ByteRange, begun: SliceRequest | null, sink: BodySink) {
    const { size } = source.manifest
    this.#source = source
    this.#range = range
    this.#sink = sink
    this.#index = sliceOf(range.first, size)
    this.#last = sliceOf(range.last, size)
    if (begun?.index === this.#index) this.#ahead = begun
    else begun?.leave()
    this.#goOn()
  }

  resume(): void {
    if (this.#over) return
    this.#paused = false
    this.#flow?.resume()
    this.#goOn()
  }

  cancel(cause: Error): void {
    if (this.#over) return
    this.#over = true
    this.#flow?.cancel(cause)
    this.#leave()
  }

  get #goesOn(): boolean {
    return this.#index > sliceOf(this.#range.first, this.#source.manifest.size)
  }

  /** On to the next slice as long as nothing is to be waited for; a loop, since all of them may be at hand. */
  #goOn(): void {
    if (this.#busy) return
    this.#busy = true
    while (!this.#over && !this.#paused && this.#slice === null) {
      const slice = this.#ahead ?? new SliceRequest(this.#source, this.#index, this.#goesOn)
      this.#ahead = null
      this.#slice = slice
      slice.whenReady((outcome) => this.#ready(slice, outcome))
    }
    this.#busy = false
  }

  #ready(slice: SliceRequest, outcome: SliceOutcome): void {
    if (this.#over) return
    if (outcome.type === 'failed') {
      this.#fail(outcome.failure)
      return
    }
    const { first, last } = withinSlice(this.#index, this.#source.manifest.size, this.#range)
    this.#read = 0
    this.#wanted = last - first + 1
    const body = this.#wanted === outcome.body.length ? outcome.body : new SliceBody(outcome.body, first, last)
    const flow = body.read({ chunk: (bytes) => this.#chunk(bytes), end: (end) => this.#sliceEnded(slice, end) })
    if (this.#over) flow.cancel(LEFT)
    else if (this.#slice === slice) {
      this.#flow = flow
      slice.leave()
    }
    this.#goOn()
  }

  #chunk(bytes: Buffer): boolean {
    if (this.#over) return false
    this.#read += bytes.length
    if (!this.#sink.chunk(bytes)) this.#paused = true
    if (this.#ahead === null && !this.#over && this.#index < this.#last && this.#read * 2 >= this.#wanted)
      this.#ahead = new SliceRequest(this.#source, this.#index + 1, true)
    return !this.#paused
  }

  #sliceEnded(slice: SliceRequest, end: BodyEnd): void {
    if (this.#over) return
    if (end.type === 'reset') {
      this.#finish(end)
      return
    }
    slice.leave()
    this.#slice = null
    this.#flow = null
    this.#index++
    if (this.#index > this.#last) this.#finish(COMPLETE)
    else this.#goOn()
  }

  #fail(cause: SliceFailure): void {
    this.#finish({ type: 'reset', cause })
  }

  #finish(end: BodyEnd): void {
    this.#over = true
    this.#leave()
    this.#sink.end(end)
  }

  #leave(): void {
    this.#slice?.leave()
    this.#ahead?.leave()
    this.#slice = null
    this.#ahead = null
  }
}
