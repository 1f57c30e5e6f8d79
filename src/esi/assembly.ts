/**
 * A page with what it includes: fragments are asked for as soon as the page is read, several at a time, and delivered in order, no faster than the
 * client takes them. What fails breaks the page off, or is left out where the page says so; what is never asked for is left out.
 */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../body/body.ts'
import { COMPLETE } from '../body/body.ts'
import type { Clock } from '../clock.ts'
import type { Fragments, PageAllowance } from './fragments.ts'
import { Inclusion, type InclusionOwner } from './inclusion.ts'
import { Opening } from './opening.ts'
import { Outlet } from './outlet.ts'
import { EsiParser, type Include, type PieceSink } from './parser.ts'
import { Patience } from './patience.ts'
import type { Plan } from './plan.ts'

export interface PageParts {
  /** What the page is made of, or the page itself while it arrives. */
  readonly template: Plan | Body
  readonly anyText: boolean
  readonly fragments: Fragments
  readonly allowance: PageAllowance
  /** It is as deep as pages may include each other: what it includes is left out. */
  readonly deepest: boolean
  /** It is what the client asked for, and not itself included. */
  readonly top: boolean
  readonly clock: Clock
  /** Told once a page that arrived has been read. */
  readonly parsed: (parser: Pick<EsiParser, 'errors' | 'warnings'>) => void
}

/** Fragments of a page that are asked for or read at a time. */
export const AT_A_TIME = 16
/** Bytes of an arriving page that may wait behind a fragment. */
const AHEAD = 256 * 1024

/** An include could not be had and the page does not go on without it. */
export class FragmentFailed extends Error {
  constructor(written: string, detail: string) {
    super(`the fragment ${written} failed: ${detail}`)
    this.name = 'FragmentFailed'
  }
}

/** The page has more bytes than an assembled page may have. */
export class PageTooLarge extends Error {
  constructor() {
    super('the assembled page is larger than it may be')
    this.name = 'PageTooLarge'
  }
}

export class AssembledBody implements Body {
  readonly length = null
  readonly parts: PageParts
  #opening: Opening | null = null

  constructor(parts: PageParts) {
    this.parts = parts
  }

  /** Assembles it as far as it goes without waiting. All of it, if that is so far; `null`: it has to be read, which goes on from there. */
  open(): Buffer | null {
    this.#opening ??= new Opening({ length: null, read: (sink) => this.#assemble(sink) })
    return this.#opening.whole
  }

  read(sink: BodySink): BodyFlow {
    return this.#opening === null ? this.#assemble(sink) : this.#opening.read(sink)
  }

  #assemble(sink: BodySink): BodyFlow {
    const assembly = new Assembly(sink, this.parts)
    assembly.start()
    return assembly
  }
}

class Assembly implements BodyFlow, PieceSink, InclusionOwner {
  readonly fragments: Fragments
  readonly #sink: BodySink
  readonly #parts: PageParts
  /** What is to come, from `#at` on. */
  #pieces: (Buffer | Inclusion)[] = []
  #at = 0
  /** Inclusions that nobody has been asked for yet. */
  #later: Inclusion[] = []
  #starting = false
  /** Asked for and not over. */
  #underWay = 0
  /** No further piece will come. */
  #ended: BodyEnd | null = null
  #template: BodyFlow | null = null
  #templatePaused = false
  /** Bytes of text that wait. */
  #ahead = 0
  readonly #outlet: Outlet
  /** `null`: the page that includes this one waits. */
  readonly #patience: Patience | null
  #busy = false
  #over = false

  constructor(sink: BodySink, parts: PageParts) {
    this.#sink = sink
    this.#parts = parts
    this.fragments = parts.fragments
    const { top, allowance, clock } = parts
    this.#outlet = new Outlet(sink, top ? allowance : null)
    this.#patience = top ? new Patience(allowance, clock, () => this.#giveUp()) : null
  }

  start(): void {
    const { template } = this.#parts
    this.#busy = true
    if ('pieces' in template) {
      for (const piece of template.pieces) {
        if (piece instanceof Uint8Array) this.text(piece)
        else this.include(piece)
      }
      this.#ended = COMPLETE
      this.#startNext()
    } else this.#readTemplate(template)
    this.#busy = false
    this.#pump()
  }

  text(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#ahead += bytes.length
  }

  include(include: Include): void {
    const inclusion = new Inclusion(include, this)
    this.#pieces.push(inclusion)
    const { allowance, deepest } = this.#parts
    if (deepest) inclusion.refuse('pages include each other too deeply')
    else if (allowance.includes <= 0) inclusion.refuse('the page includes too many')
    else {
      allowance.includes--
      this.#later.push(inclusion)
    }
  }

  inclusionMoved(inclusion: Inclusion): void {
    if (this.#pieces[this.#at] === inclusion) this.#pump()
  }

  inclusionOver(): void {
    this.#underWay--
    if (!this.#over) this.#startNext()
  }

  resume(): void {
    if (!this.#outlet.paused) return
    this.#outlet.paused = false
    this.#pump()
  }

  cancel(cause: Error): void {
    if (!this.#over) this.#stop(cause)
  }

  #readTemplate(body: Body): void {
    const parser = new EsiParser(this, this.#parts.anyText)
    const flow = body.read({
      chunk: (bytes) => {
        if (this.#over) return false
        parser.feed(bytes)
        this.#startNext()
        this.#pump()
        this.#templatePaused = this.#ahead > AHEAD
        return !this.#templatePaused && !this.#over
      },
      end: (end) => {
        if (this.#over) return
        this.#template = null
        if (end.type === 'complete') {
          parser.end()
          this.#parts.parsed(parser)
        }
        this.#ended = end
        this.#startNext()
        this.#pump()
      },
    })
    if (this.#over) flow.cancel(GONE)
    else if (this.#ended === null) this.#template = flow
  }

  #startNext(): void {
    // One that is answered at once ends before its start returns.
    if (this.#starting) return
    this.#starting = true
    while (this.#underWay < AT_A_TIME && !this.#over) {
      const inclusion = this.#later.shift()
      if (inclusion === undefined) break
      this.#underWay++
      inclusion.start()
    }
    this.#starting = false
  }

  /** Passes on what is there, in order, until something has to be waited for. */
  #pump(): void {
    if (this.#busy || this.#over) return
    this.#busy = true
    this.#patience?.end()
    while (!this.#outlet.paused && !this.#over) {
      const piece = this.#pieces[this.#at]
      if (piece === undefined) {
        if (!this.#goOn()) break
      } else if (piece instanceof Uint8Array) {
        if (!this.#outlet.hasRoom(piece)) break
        this.#ahead -= piece.length
        this.#next()
        this.#outlet.give(piece)
      } else if (!this.#passOn(piece)) break
    }
    if (!this.#over) this.#outlet.flush()
    this.#busy = false
    if (this.#outlet.exceeded) this.#break(new PageTooLarge())
    else if (!this.#over && !this.#outlet.paused && this.#pieces[this.#at] instanceof Inclusion) this.#patience?.begin()
  }

  /** Nothing is there. Answers whether something came. */
  #goOn(): boolean {
    if (this.#ended !== null) {
      this.#outlet.flush()
      if (!this.#over && !this.#outlet.paused) this.#finish(this.#ended)
      return false
    }
    if (!this.#templatePaused) return false
    this.#templatePaused = false
    this.#template?.resume()
    return this.#pieces.length > this.#at || this.#ended !== null
  }

  /** Answers whether to go on: more of it went, or it is over. */
  #passOn(inclusion: Inclusion): boolean {
    const bytes = inclusion.waiting
    if (bytes !== null) {
      if (!this.#outlet.hasRoom(bytes)) return false
      inclusion.take()
      this.#outlet.give(bytes)
      return true
    }
    if (!inclusion.over) {
      // What is there goes out before anything is waited for.
      this.#outlet.flush()
      if (this.#outlet.paused || this.#over) return false
      inclusion.resume()
      return inclusion.over || inclusion.waiting !== null
    }
    this.#next()
    const { failure, include, asked } = inclusion
    if (failure === null) return true
    this.fragments.failed(include.written, failure)
    if (!asked || include.optional) return true
    this.#outlet.flush()
    this.#break(new FragmentFailed(include.written, failure))
    return false
  }

  #next(): void {
    this.#at++
    if (this.#at < 64) return
    this.#pieces.splice(0, this.#at)
    this.#at = 0
  }

  #giveUp(): void {
    const waitedFor = this.#pieces[this.#at]
    if (waitedFor instanceof Inclusion) waitedFor.expire()
  }

  #break(cause: Error): void {
    if (this.#over) return
    this.#stop(cause)
    this.#sink.end({ type: 'reset', cause })
  }

  #finish(end: BodyEnd): void {
    if (end.type === 'reset') this.#stop(end.cause)
    this.#over = true
    this.#sink.end(end)
  }

  #stop(cause: Error): void {
    this.#over = true
    this.#patience?.end()
    this.#outlet.drop()
    this.#template?.cancel(cause)
    this.#template = null
    this.#later = []
    for (let at = this.#at; at < this.#pieces.length; at++) {
      const piece = this.#pieces[at]
      if (piece instanceof Inclusion) piece.cancel()
    }
    this.#pieces = []
  }
}

const GONE = new Error('the page is not needed any more')
