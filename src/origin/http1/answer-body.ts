/** The body of an answer as its reader sees it: keeps what has come while nobody reads, so that the connection need not wait for that. */
import { type Body, type BodyEnd, type BodyFlow, type BodySink, COMPLETE } from '../../body/body.ts'

/** Where the bytes come from, until all have. */
export interface AnswerSource {
  /** The reader wants more. */
  wanted(): void
  /** The reader left before the end. */
  dropped(): void
}

const EMPTY: Buffer = Buffer.alloc(0)

/** What lies here unread is at most one read of the socket, because a blocked body pauses it. */
export class AnswerBody implements Body, BodyFlow {
  readonly length: number | null
  #source: AnswerSource | null
  #sink: BodySink | null = null
  #waiting: Buffer[] | null = null
  #paused = false
  #outcome: BodyEnd | null = null
  #closed = false

  constructor(length: number | null, source: AnswerSource | null) {
    this.length = length
    this.#source = source
  }

  /** Whether bytes pushed now would be kept instead of read. */
  get blocked(): boolean {
    return this.#sink === null || this.#paused
  }

  /** Whether bytes pushed now are copied, so that they may be lent. */
  get copies(): boolean {
    return !this.blocked && this.#sink?.copies === true
  }

  /** What has come while nobody read. */
  get taken(): Buffer {
    const [only = EMPTY, ...more] = this.#waiting ?? []
    return more.length === 0 ? only : Buffer.concat([only, ...more])
  }

  push(bytes: Buffer): void {
    if (this.#closed) return
    if (this.#sink === null || this.#paused) (this.#waiting ??= []).push(bytes)
    else if (!this.#sink.chunk(bytes)) this.#paused = true
  }

  /** No more comes. A reset overtakes what is unread. */
  finish(end: BodyEnd): void {
    if (this.#outcome !== null) return
    this.#outcome = end
    this.#source = null
    if (end !== COMPLETE) this.#waiting = null
    if (this.#sink !== null && this.#waiting === null && (end !== COMPLETE || !this.#paused)) this.#end()
  }

  read(sink: BodySink): BodyFlow {
    if (this.#sink !== null) throw new Error('the body of an answer can be read once')
    this.#sink = sink
    this.#drain(sink)
    return this
  }

  resume(): void {
    if (!this.#paused || this.#closed || this.#sink === null) return
    this.#paused = false
    this.#drain(this.#sink)
  }

  cancel(_cause: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = null
    const source = this.#source
    this.#source = null
    source?.dropped()
  }

  #drain(sink: BodySink): void {
    while (this.#waiting !== null && !this.#paused) {
      const next = this.#waiting.shift()
      if (next === undefined) this.#waiting = null
      else if (!sink.chunk(next)) {
        this.#paused = true
        if (this.#waiting !== null && this.#waiting.length === 0) this.#waiting = null
      }
    }
    if (this.#paused || this.#closed) return
    if (this.#outcome === null) this.#source?.wanted()
    else this.#end()
  }

  #end(): void {
    if (this.#closed || this.#outcome === null) return
    this.#closed = true
    this.#sink?.end(this.#outcome)
  }
}
