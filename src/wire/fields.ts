/**
 * The one strict parser of field sections (RFC 9112 §5), for requests, answers and trailers: CRLF only, no folding, no
 * white space before the colon, no control bytes. It validates byte by byte, keeps offsets, and makes strings when asked.
 */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { COLON, CR, HTAB, LF, SP, TOKEN_BYTE, VALUE_BYTE } from './bytes.ts'

export interface FieldLimits {
  /** Bytes of one line without its CRLF. */
  readonly line: number
  /** Number of fields. */
  readonly count: number
}

export type FieldFault = 'bare_lf' | 'bare_cr' | 'folded_line' | 'field_name' | 'field_value' | 'field_too_long' | 'too_many_fields'

/** `scan` needs more bytes; call it again with the same start when there are. */
export const MORE = -1

/**
 * Scans one field section at a time. Reusable: `begin` before each. Offsets are relative to the buffer passed, so when a
 * section arrives in pieces the caller keeps its start at the same place of the growing buffer.
 */
export class FieldScanner {
  readonly #limits: FieldLimits
  /** Per field: name start, name end, value start, value end. */
  readonly #offsets: Int32Array
  #count = 0
  #resumeAt = 0
  fault: FieldFault | null = null
  /** After `MORE`: the bytes ended within a value, which any number of further value bytes go on. */
  inValue: boolean = false

  constructor(limits: FieldLimits) {
    this.#limits = limits
    this.#offsets = new Int32Array(limits.count * 4)
  }

  get count(): number {
    return this.#count
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
      const slot = this.#count++ * 4
      offsets[slot] = lineStart
      offsets[slot + 1] = nameEnd
      offsets[slot + 2] = valueStart
      offsets[slot + 3] = valueEnd
      at += 2
      this.#resumeAt = at
    }
  }

  /**
   * The fields as a map. `text` is the latin-1 text of the buffer from `base` on; strings are slices of it.
   */
  headers(text: string, base: number): HeaderMap {
    const offsets = this.#offsets
    const names: string[] = []
    const lower: string[] = []
    const values: string[] = []
    for (let slot = 0; slot < this.#count * 4; slot += 4) {
      const from = (offsets[slot] as number) - base
      const to = (offsets[slot + 1] as number) - base
      const known = knownName(text, from, to)
      const name = known === null ? text.slice(from, to) : known.name
      names.push(name)
      lower.push(known === null ? name.toLowerCase() : known.lower)
      values.push(text.slice((offsets[slot + 2] as number) - base, (offsets[slot + 3] as number) - base))
    }
    return new HeaderMap(names, lower, values)
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

const COMMON_NAMES = `Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges Access-Control-Allow-Origin Age Allow Alt-Svc
Authorization Cache-Control Cache-Status CDN-Cache-Control CDN-Loop Clearcoat-Cache-Control Connection Content-Disposition Content-Encoding
Content-Language Content-Length Content-Location Content-Range Content-Security-Policy Content-Type Cookie Date DNT ETag Expect Expires
Forwarded Host If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Modified Link Location Origin Pragma
Priority Proxy-Connection Range Referer Retry-After Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode
Sec-Fetch-Site Sec-Fetch-User Server Set-Cookie Strict-Transport-Security Surrogate-Control Surrogate-Key TE Trailer Transfer-Encoding
Upgrade Upgrade-Insecure-Requests User-Agent Vary Via Warning X-Cache X-Content-Type-Options X-Forwarded-For X-Forwarded-Host
X-Forwarded-Proto X-Frame-Options X-Powered-By X-Request-Id`.split(/\s+/)

const LOWER: ReadonlyMap<string, string> = new Map(
  COMMON_NAMES.flatMap((name) => [name, name.toLowerCase()].map((key) => [key, name.toLowerCase()])),
)

/** A field name in the spelling that is looked for, its bytes, and its lower case. */
interface KnownName {
  readonly name: string
  readonly lower: string
  readonly bytes: Uint8Array
}

const BUCKETS = 1024
const KNOWN: readonly (readonly KnownName[])[] = knownNames()

function knownNames(): readonly (readonly KnownName[])[] {
  const buckets: KnownName[][] = Array.from({ length: BUCKETS }, () => [])
  for (const [name, lower] of LOWER)
    buckets[bucketOf(name, 0, name.length)]?.push({ name, lower, bytes: Uint8Array.from(name, (character) => character.charCodeAt(0)) })
  return buckets
}

function bucketOf(text: string, from: number, to: number): number {
  const length = to - from
  return (
    (length * 37 + text.charCodeAt(from) * 5 + text.charCodeAt(to - 1) * 11 + text.charCodeAt(from + (length >> 1)) * 3) & (BUCKETS - 1)
  )
}

/** A common name within a text, found without making a string of it. */
function knownName(text: string, from: number, to: number): KnownName | null {
  for (const known of KNOWN[bucketOf(text, from, to)] as readonly KnownName[]) {
    const { bytes } = known
    if (bytes.length !== to - from) continue
    let at = 0
    while (at < bytes.length && bytes[at] === text.charCodeAt(from + at)) at++
    if (at === bytes.length) return known
  }
  return null
}

const COMMON: ReadonlyMap<string, string> = new Map(COMMON_NAMES.flatMap((name) => [name, name.toLowerCase()].map((key) => [key, key])))

/** The one string of a common field name, in its usual or in lower case; `undefined` for any other. */
export function commonName(name: string): string | undefined {
  return COMMON.get(name)
}

/** Lower case of a field name; common names without making a string. */
export function lowerName(name: string): string {
  return LOWER.get(name) ?? name.toLowerCase()
}
