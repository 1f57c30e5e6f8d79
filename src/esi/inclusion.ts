/** One include of a page that is being delivered: asked for before its turn, read when it comes. */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../body/body.ts'
import type { Reference } from './address.ts'
import type { Bytes, FragmentAnswer, FragmentRequest, Fragments } from './fragments.ts'
import type { Include } from './parser.ts'

export interface InclusionOwner {
  readonly fragments: Fragments
  /** It has bytes, or is over. Answers whether they have been taken. */
  inclusionMoved(inclusion: Inclusion): void
  /** Nothing of it is under way any more. */
  inclusionOver(): void
}

const LEFT = new Error('the page does not need this fragment any more')

export class Inclusion implements BodySink {
  readonly include: Include
  /** Why it cannot be had; `null` while it can. */
  failure: string | null = null
  /** No bytes will come beyond those that wait. */
  over = false
  /** Somebody was asked for it. */
  asked = false
  readonly #owner: InclusionOwner
  /** While it is not answered. */
  #request: FragmentRequest | null = null
  /** While its answer is read. */
  #flow: BodyFlow | null = null
  #waiting: Bytes[] = []
  #paused = false
  /** Bytes of it are on their way to the client. */
  #taken = false
  #triedAlt = false
  /** Attempts begun: what an earlier one still says is ignored. */
  #attempt = 0

  constructor(include: Include, owner: InclusionOwner) {
    this.include = include
    this.#owner = owner
  }

  start(): void {
    this.#ask(this.include.src)
  }

  /** Nobody is asked for it. */
  refuse(detail: string): void {
    this.over = true
    this.failure = detail
  }

  /** The next bytes, or `null` while there are none. */
  get waiting(): Bytes | null {
    return this.#waiting[0] ?? null
  }

  /** The next bytes go to the client. */
  take(): void {
    this.#waiting.shift()
    this.#taken = true
  }

  /** Lets what it reads go on; bytes may come before this returns. */
  resume(): void {
    if (!this.#paused || this.over) return
    this.#paused = false
    this.#flow?.resume()
  }

  /** Its time is up. */
  expire(): void {
    if (this.over) return
    this.#leave()
    this.#fail('the page has waited for its fragments as long as it may')
  }

  cancel(): void {
    if (this.over) return
    this.over = true
    this.#waiting = []
    this.#leave()
  }

  chunk(bytes: Buffer): boolean {
    if (this.over) return false
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#owner.inclusionMoved(this)
    this.#paused = !this.over && this.#waiting.length > 0
    return !this.over && !this.#paused
  }

  end(end: BodyEnd): void {
    if (this.over) return
    this.#flow = null
    if (end.type === 'reset') this.#broken(end.cause.message)
    else this.#finish()
  }

  #ask(reference: Reference): void {
    const attempt = ++this.#attempt
    let answered = false
    const request = this.#owner.fragments.request(reference, (answer) => {
      answered = true
      if (attempt !== this.#attempt || this.over) return
      this.asked = true
      this.#request = null
      this.#answered(answer)
    })
    if (request === null) this.#broken('its address leads where no request may go')
    else if (!answered) {
      this.asked = true
      this.#request = request
    }
  }

  #answered(answer: FragmentAnswer): void {
    switch (answer.type) {
      case 'whole':
        if (answer.bytes.length > 0) this.#waiting.push(answer.bytes)
        this.#finish()
        return
      case 'body':
        this.#read(answer.body)
        return
      case 'failed':
        this.#broken(answer.detail)
        return
      default:
        answer satisfies never
    }
  }

  #read(body: Body): void {
    const attempt = this.#attempt
    const flow = body.read(this)
    if (attempt !== this.#attempt) flow.cancel(LEFT)
    else if (!this.over) this.#flow = flow
  }

  /** `alt` takes its place as long as nothing of it has been passed on. */
  #broken(detail: string): void {
    const { alt } = this.include
    if (alt === null || this.#triedAlt || this.#taken) {
      this.#fail(detail)
      return
    }
    this.#triedAlt = true
    this.#waiting = []
    this.#paused = false
    this.#ask(alt)
  }

  #fail(detail: string): void {
    this.failure = detail
    this.#finish()
  }

  #finish(): void {
    this.over = true
    this.#owner.inclusionOver()
    this.#owner.inclusionMoved(this)
  }

  #leave(): void {
    this.#attempt++
    this.#flow?.cancel(LEFT)
    this.#request?.cancel()
    this.#flow = null
    this.#request = null
  }
}
