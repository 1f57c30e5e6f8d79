/**
 * The one strict parser of field sections (RFC 9112 §5), for requests, answers and trailers: CRLF only, no folding, no
 * white space before the colon, no control bytes. It validates byte by byte, keeps offsets, and makes strings when asked.
 */
import { HeaderMap, nameBit, placeOf } from '../../vcl-ts/headers.ts'
import { COLON, CR, HTAB, LF, SP, TOKEN_BYTE, VALUE_BYTE } from './bytes.ts'
import { BITS, commonAt, commonIn, LONGEST_COMMON, LOWERED, SHORTEST_WORD, SPELLINGS } from './common-names.ts'
import { findColon, skipValue } from './words.ts'

export interface FieldLimits {
  /** Bytes of one line without its CRLF. */
  readonly line: number
  /** Number of fields. */
  readonly count: number
}

export type FieldFault = 'bare_lf' | 'bare_cr' | 'folded_line' | 'field_name' | 'field_value' | 'field_too_long' | 'too_many_fields'

export { commonName, lowerName } from './common-names.ts'

/** `scan` needs more bytes; call it again with the same start when there are. */
export const MORE = -1

interface View {
  readonly of: Buffer | null
  readonly words: DataView
}

const NO_VIEW: View = { of: null, words: new DataView(new ArrayBuffer(0)) }
let last = NO_VIEW
let lastButOne = NO_VIEW

/** Of the two buffers seen last it is at hand: the sockets of clients read into one again and again, those to origins into another. */
function wordsOf(bytes: Buffer): DataView {
  if (last.of === bytes) return last.words
  if (lastButOne.of === bytes) return lastButOne.words
  lastButOne = last
  last = { of: bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
  return last.words
}

/** Numbers that a scanner keeps of a field. */
const PER_FIELD = 5

/**
 * Scans one field section at a time. Reusable: `begin` before each. Offsets are relative to the buffer passed, so when a
 * section arrives in pieces the caller keeps its start at the same place of the growing buffer.
 */
export class FieldScanner {
  readonly #limits: FieldLimits
  /** Per field: which common name it has, or -1; name start, name end, value start, value end. */
  readonly #offsets: Int32Array
  #count = 0
  #resumeAt = 0
  fault: FieldFault | null = null
  /** After `MORE`: the bytes ended within a value, which any number of further value bytes go on. */
  inValue: boolean = false

  constructor(limits: FieldLimits) {
    this.#limits = limits
    this.#offsets = new Int32Array(limits.count * PER_FIELD)
  }

  get count(): number {
    return this.#count
  }

  /** Where the value of a field begins, and where it ends, in the buffer that was scanned. */
  valueStart(field: number): number {
    return this.#offsets[field * PER_FIELD + 3] as number
  }

  valueEnd(field: number): number {
    return this.#offsets[field * PER_FIELD + 4] as number
  }

  /** Starts a new section at `position`. */
  begin(position: number): void {
    this.#count = 0
    this.#resumeAt = position
    this.fault = null
  }

  /**
   * Scans up to the empty line. Answers the position behind it, `MORE`, or `MORE` with `fault` set.
   * A line that is not yet whole is scanned again from its start.
   */
  scan(bytes: Buffer, end: number): number {
    const offsets = this.#offsets
    let at = this.#resumeAt
    const words = wordsOf(bytes)
    for (;;) {
      const lineStart = at
      if (at >= end) return this.#more(lineStart, at)
      let byte = bytes[at] as number
      if (byte === CR) {
        if (at + 1 >= end) return this.#more(lineStart, at)
        return bytes[at + 1] === LF ? at + 2 : this.#refuse('bare_cr')
      }
      if (byte === LF) return this.#refuse('bare_lf')
      if (byte === SP || byte === HTAB) return this.#refuse('folded_line')
      if (this.#count >= this.#limits.count) return this.#refuse('too_many_fields')
      const colon = findColon(words, at, Math.min(end, at + LONGEST_COMMON + 4))
      const common = colon < 0 ? -1 : commonIn(words, at, colon)
      if (common >= 0) {
        at = colon
        byte = COLON
      }
      while (TOKEN_BYTE[byte] === 1) {
        if (++at >= end) return this.#more(lineStart, at)
        byte = bytes[at] as number
      }
      const nameEnd = at
      if (byte !== COLON || nameEnd === lineStart) return this.#refuseLine(byte === LF ? 'bare_lf' : 'field_name', lineStart, at)
      do {
        if (++at >= end) return this.#more(lineStart, at, true)
        byte = bytes[at] as number
      } while (byte === SP || byte === HTAB)
      const valueStart = at
      at = skipValue(words, at, end)
      if (at >= end) return this.#more(lineStart, at, true)
      byte = bytes[at] as number
      while (VALUE_BYTE[byte] === 1) {
        if (++at >= end) return this.#more(lineStart, at, true)
        byte = bytes[at] as number
      }
      if (byte !== CR) return this.#refuseLine(byte === LF ? 'bare_lf' : 'field_value', lineStart, at)
      if (at - lineStart > this.#limits.line) return this.#refuse('field_too_long')
      if (at + 1 >= end) return this.#more(lineStart, at)
      if (bytes[at + 1] !== LF) return this.#refuse('bare_cr')
      let valueEnd = at
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--
      const slot = this.#count++ * PER_FIELD
      offsets[slot] = nameEnd - lineStart < SHORTEST_WORD ? commonAt(bytes, lineStart, nameEnd) : common
      offsets[slot + 1] = lineStart
      offsets[slot + 2] = nameEnd
      offsets[slot + 3] = valueStart
      offsets[slot + 4] = valueEnd
      at += 2
      this.#resumeAt = at
    }
  }

  /** The fields as a map. `text` is the latin-1 text of the buffer from `base` on; strings are slices of it, most of them late ones. */
  headers(text: string, base: number): HeaderMap {
    const offsets = this.#offsets
    const last = (this.#count - 1) * PER_FIELD
    const names: (string | number)[] = []
    const lower: string[] = []
    const values: (string | number)[] = []
    let present = 0
    for (let slot = 0; slot <= last; slot += PER_FIELD) {
      const lineStart = (offsets[slot + 1] as number) - base
      const nameEnd = (offsets[slot + 2] as number) - base
      const start = (offsets[slot + 3] as number) - base
      const end = (offsets[slot + 4] as number) - base
      const lineEnd = (slot === last ? this.#resumeAt : (offsets[slot + PER_FIELD + 1] as number)) - base
      // As it would be written: it need not be made anew.
      const usual = start === nameEnd + 2 && end + 2 === lineEnd && text.charCodeAt(nameEnd + 1) === SP
      const line = usual ? placeOf(lineStart, lineEnd) : -1
      const common = offsets[slot] as number
      if (common >= 0) {
        names.push(line < 0 ? (SPELLINGS[common] as string) : line)
        lower.push(LOWERED[common] as string)
        present |= BITS[common] as number
      } else {
        const name = text.slice(lineStart, nameEnd)
        const lowered = name.toLowerCase()
        names.push(line < 0 ? name : line)
        lower.push(lowered)
        present |= nameBit(lowered)
      }
      const place = placeOf(start, end)
      values.push(place < 0 ? text.slice(start, end) : place)
    }
    return new HeaderMap(names, lower, values, text, present)
  }

  #more(lineStart: number, at: number, inValue: boolean = false): number {
    this.#resumeAt = lineStart
    this.inValue = inValue
    return at - lineStart > this.#limits.line ? this.#refuse('field_too_long') : MORE
  }

  /** A line is too long as soon as its bytes are, whatever stands behind the limit: so the verdict is the same however it is split. */
  #refuseLine(fault: FieldFault, lineStart: number, at: number): number {
    return this.#refuse(at - lineStart > this.#limits.line ? 'field_too_long' : fault)
  }

  #refuse(fault: FieldFault): number {
    this.fault = fault
    return MORE
  }
}
