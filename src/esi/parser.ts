/**
 * Reads a page byte by byte as it arrives and tells its text from its includes. What is no ESI, is not known or cannot be read is text: nothing
 * of a page is lost but what `<esi:remove>` holds. Each byte is looked at once, whatever the pieces in which it comes; of a tag that is cut by
 * their ends up to `LONGEST_TAG` bytes are held.
 */
import { type Reference, readReference } from './address.ts'
import { HeldBytes } from './held-bytes.ts'
import { isBlank, readTag, type Tag } from './tag.ts'

export interface Include {
  readonly src: Reference
  /** Asked for when `src` fails. */
  readonly alt: Reference | null
  /** `onerror="continue"`: the page goes on without it when it fails. */
  readonly optional: boolean
  /** `src` as it is written, entities decoded. */
  readonly written: string
}

/** Takes what a page is made of, in order. */
export interface PieceSink {
  /** A view of what was fed, or bytes of its own. */
  text(bytes: Buffer): void
  include(include: Include): void
}

/** Bytes of the longest tag, its `<` and `>` included; what is longer is text. */
export const LONGEST_TAG: number = 16 * 1024

const LT = 0x3c
const GT = 0x3e
const DASH = 0x2d
const BRACKET = 0x5d
const QUOTE = 0x22
const APOSTROPHE = 0x27
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

/** What counts, behind `<`. */
const OPENINGS = ['!--esi', '![CDATA[', 'esi:', '/esi:'] as const
const COMMENT = '!--'

type State =
  | 'begin' // blanks before the first byte
  | 'plain' // a page that does not begin with '<': nothing in it counts
  | 'text'
  | 'opening' // behind '<', as long as it may be one of OPENINGS
  | 'tag' // of an esi element
  | 'comment' // an ordinary one
  | 'cdata'

const DASHES = Buffer.from('--')

export class EsiParser {
  /** Markup that could not be read, or is never ended. */
  errors = 0
  /** `esi:` elements that are not known. */
  warnings = 0
  readonly #sink: PieceSink
  #state: State
  /** Bytes fed before. */
  #fed = 0
  /** Within `<!--esi`. */
  #open = false
  /** `<esi:remove>` that are not ended. */
  #removing = 0
  /** What of `OPENINGS` has come. */
  #opening = ''
  /** Of a tag: the quote that is open, else 0. */
  #quote = 0
  /** Dashes, or brackets, that came one after the other and may end what is open. */
  #run = 0
  /** The beginning of a tag or opening that came in earlier pieces. */
  readonly #held = new HeldBytes()
  /** Where it begins in this piece; -1: in an earlier one. */
  #start = -1
  /** From where on this piece has not been passed on. */
  #from = 0

  /** `anyText`: also in a page whose first byte beyond blanks is not `<`. */
  constructor(sink: PieceSink, anyText: boolean = false) {
    this.#sink = sink
    this.#state = anyText ? 'text' : 'begin'
  }

  feed(bytes: Buffer): void {
    this.#from = 0
    this.#start = -1
    let at = 0
    while (at < bytes.length) at = this.#step(bytes, at)
    this.#fed += bytes.length
    if (this.#state === 'opening' || this.#state === 'tag') this.#hold(bytes)
    // Dashes that may end `<!--esi` are not passed on before the next byte tells.
    else this.#pass(bytes, this.#from, bytes.length - (this.#state === 'text' ? this.#run : 0))
  }

  /** The page has ended whole. */
  end(): void {
    if (this.#state === 'tag') this.errors++
    if (this.#state === 'text' && this.#run > 0) this.#pass(DASHES, 0, this.#run)
    this.#release()
    if (this.#removing > 0 || this.#open) this.errors++
  }

  /** Looks at the bytes from `at` on, as long as the state is the same. Answers where to go on. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'begin':
        return this.#begin(bytes, at)
      case 'plain':
        return bytes.length
      case 'text':
        return this.#text(bytes, at)
      case 'opening':
        return this.#openingByte(bytes, at)
      case 'tag':
        return this.#tag(bytes, at)
      case 'comment':
        return this.#until(bytes, at, DASH)
      case 'cdata':
        return this.#until(bytes, at, BRACKET)
      default:
        return this.#state satisfies never
    }
  }

  #begin(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (isBlank(byte) || byte === BYTE_ORDER_MARK[this.#fed + at]) continue
      this.#state = byte === LT ? 'text' : 'plain'
      return at
    }
    return bytes.length
  }

  #text(bytes: Buffer, start: number): number {
    if (this.#open) return this.#textInComment(bytes, start)
    let at = start
    while (at < bytes.length && bytes[at] !== LT) at++
    return at === bytes.length ? at : this.#openAt(at)
  }

  /** As `#text` within `<!--esi`, which `-->` ends. */
  #textInComment(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === DASH) {
        // Of three dashes the first is text.
        if (this.#run === 2 && at < 2) this.#pass(DASHES, 0, 1)
        this.#run = Math.min(this.#run + 1, 2)
      } else if (byte === GT && this.#run === 2) {
        this.#pass(bytes, this.#from, at - 2)
        this.#from = at + 1
        this.#run = 0
        this.#open = false
        return at + 1
      } else if (this.#run > 0 || byte === LT) {
        // Dashes of an earlier piece that end nothing.
        if (this.#run > at) this.#pass(DASHES, 0, this.#run - at)
        this.#run = 0
        if (byte === LT) return this.#openAt(at)
      }
    }
    return bytes.length
  }

  #openAt(at: number): number {
    this.#start = at
    this.#state = 'opening'
    this.#opening = ''
    return at + 1
  }

  #openingByte(bytes: Buffer, at: number): number {
    const opening = this.#opening + String.fromCharCode(bytes[at] as number)
    let possible = false
    for (const each of OPENINGS) if (each.startsWith(opening)) possible = true
    if (!possible) {
      const comment = this.#opening.startsWith(COMMENT)
      // `<!-->` is a comment that ends at once, as it is in HTML.
      this.#run = this.#opening === COMMENT ? 2 : 0
      this.#leave(comment ? 'comment' : 'text')
      return at
    }
    this.#opening = opening
    if (opening === '!--esi') {
      if (this.#open) this.errors++
      this.#open = true
      this.#consume(bytes, at + 1)
    } else if (opening === '![CDATA[') {
      this.#leave('cdata')
    } else if (opening === 'esi:' || opening === '/esi:') {
      this.#state = 'tag'
      this.#quote = 0
    }
    return at + 1
  }

  #tag(bytes: Buffer, start: number): number {
    const most = this.#start < 0 ? LONGEST_TAG - this.#held.length : this.#start + LONGEST_TAG
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]
      // A tag that is never closed ends at the next: no attribute may have a `<`.
      if (byte === LT || at >= most) {
        this.errors++
        this.#leave('text')
        return at
      }
      if (this.#quote !== 0) {
        if (byte === this.#quote) this.#quote = 0
      } else if (byte === QUOTE || byte === APOSTROPHE) this.#quote = byte
      else if (byte === GT) {
        this.#element(bytes, at + 1)
        return at + 1
      }
    }
    return bytes.length
  }

  /** Within a comment or CDATA section, which two of `mark` and a `>` end. */
  #until(bytes: Buffer, start: number, mark: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === mark) this.#run++
      else if (byte === GT && this.#run >= 2) {
        this.#run = 0
        this.#state = 'text'
        return at + 1
      } else this.#run = 0
    }
    return bytes.length
  }

  /** The tag that ends before `end` is whole. */
  #element(bytes: Buffer, end: number): void {
    const tag = readTag(this.#held.text + bytes.toString('latin1', Math.max(this.#start, 0), end))
    switch (tag.name) {
      case 'include':
        this.#include(tag, bytes, end)
        return
      case 'comment':
        this.#consume(bytes, end)
        return
      case 'remove':
        this.#consume(bytes, end)
        if (!tag.closing) this.#removing += tag.empty ? 0 : 1
        else if (this.#removing > 0) this.#removing--
        else this.errors++
        return
      default:
        this.warnings++
        this.#leave('text')
    }
  }

  #include(tag: Tag, bytes: Buffer, end: number): void {
    const src = tag.attributes?.get('src')
    if (tag.closing) this.#consume(bytes, end)
    else if (src === undefined) {
      this.errors++
      this.#leave('text')
    } else {
      this.#consume(bytes, end)
      if (this.#removing > 0) return
      const alt = tag.attributes?.get('alt')
      this.#sink.include({
        src: readReference(src),
        alt: alt === undefined ? null : readReference(alt),
        optional: tag.attributes?.get('onerror') === 'continue',
        written: src,
      })
    }
  }

  /** What was begun is not part of the page; it goes on at `end`. */
  #consume(bytes: Buffer, end: number): void {
    if (this.#start >= 0) this.#pass(bytes, this.#from, this.#start)
    this.#held.drop()
    this.#from = end
    this.#state = 'text'
    this.#run = 0
  }

  /** What was begun is text. */
  #leave(state: State): void {
    this.#release()
    this.#state = state
    if (state !== 'comment') this.#run = 0
  }

  #hold(bytes: Buffer): void {
    if (this.#start >= 0) this.#pass(bytes, this.#from, this.#start)
    this.#held.add(this.#start < 0 ? bytes : bytes.subarray(this.#start))
  }

  /** What was held is text. */
  #release(): void {
    if (this.#held.length === 0) return
    const bytes = this.#held.take()
    this.#pass(bytes, 0, bytes.length)
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from && this.#removing === 0) this.#sink.text(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
  }
}
