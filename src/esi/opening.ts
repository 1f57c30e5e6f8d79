/** The reader of a page before it has one: takes what is at hand, which often is all of it. */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../body/body.ts'

/** A page of which so much is at hand goes on its way piece by piece. */
const AT_ONCE = 64 * 1024

export class Opening implements BodySink, BodyFlow {
  readonly #flow: BodyFlow
  /** Whoever reads the page. */
  #sink: BodySink | null = null
  #held: Buffer[] = []
  #bytes = 0
  /** The reader wants no more for now. */
  #full = false
  /** The page waits until more is wanted. */
  #paused = false
  /** How the page ended; `null` again once that was told. */
  #end: BodyEnd | null = null

  /** Reads until something has to be waited for. */
  constructor(body: Body) {
    this.#flow = body.read(this)
  }

  /** All of it, if it is here; `null`: it has to be read. */
  get whole(): Buffer | null {
    if (this.#end === null || this.#end.type !== 'complete') return null
    const [first] = this.#held
    return first !== undefined && this.#held.length === 1 ? first : Buffer.concat(this.#held, this.#bytes)
  }

  /** Passes on what is held, and from then on what comes. */
  read(sink: BodySink): BodyFlow {
    this.#sink = sink
    this.#pass()
    return this
  }

  chunk(bytes: Buffer): boolean {
    if (this.#sink !== null && !this.#full) this.#full = !this.#sink.chunk(bytes)
    else {
      this.#held.push(bytes)
      this.#bytes += bytes.length
    }
    this.#paused = this.#full || (this.#sink === null && this.#bytes >= AT_ONCE)
    return !this.#paused
  }

  end(end: BodyEnd): void {
    this.#end = end
    if (!this.#full) this.#finish()
  }

  resume(): void {
    this.#full = false
    this.#pass()
  }

  cancel(cause: Error): void {
    this.#sink = null
    this.#held = []
    this.#flow.cancel(cause)
  }

  #pass(): void {
    while (this.#sink !== null && !this.#full) {
      const [next] = this.#held.splice(0, 1)
      if (next === undefined) break
      this.#full = !this.#sink.chunk(next)
    }
    if (this.#full) return
    this.#finish()
    if (!this.#paused) return
    this.#paused = false
    this.#flow.resume()
  }

  #finish(): void {
    if (this.#end === null || this.#sink === null) return
    const end = this.#end
    this.#end = null
    this.#sink.end(end)
  }
}
