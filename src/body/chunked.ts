/**
 * The chunked coding (RFC 9112 §7.1), strict: digits only, CRLF only, extensions checked and dropped, trailers checked and
 * dropped, everything bounded. It never guesses where a message ends.
 */
import { COLON, CR, HEX_DIGIT, HTAB, LF, SP, TOKEN_BYTE, VALUE_BYTE } from '../wire/bytes.ts'

export type ChunkFault = 'chunk_size' | 'chunk_extension' | 'chunk_extension_too_long' | 'chunk_end' | 'trailer'

const MAX_SIZE_DIGITS = 16
const MAX_EXTENSION_BYTES = 4096
const MAX_TRAILER_FIELDS = 32
const MAX_TRAILER_LINE = 8192

type State =
  | 'size' // hexadecimal digits
  | 'extensionName' // token behind ';'
  | 'extensionValue' // behind '='
  | 'extensionToken'
  | 'extensionQuoted'
  | 'extensionEscape'
  | 'extensionEnd' // behind a quoted string: ';' or CR
  | 'sizeLf'
  | 'data'
  | 'dataCr'
  | 'dataLf'
  | 'trailerStart' // CR ends the message, a token begins a field
  | 'trailerName'
  | 'trailerValue'
  | 'trailerLf'
  | 'endLf'
  | 'done'

const DQUOTE = 34
const SEMICOLON = 59
const EQUALS = 61
const BACKSLASH = 92

/** Decodes one message body. Feed it what arrives until `done` or `fault`. */
export class ChunkedDecoder {
  #state: State = 'size'
  #digits = 0
  #remaining = 0
  #extensionBytes = 0
  /** Bytes of the token, quoted string or trailer line under way. */
  #length = 0
  #trailers = 0
  fault: ChunkFault | null = null

  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Consumes `bytes` from `start`, passing data on as views. Answers the position behind the last byte consumed: the end of
   * `bytes`, or behind the message when `done`, or anywhere when `fault` is set. Stops early, between chunks of data,
   * when `data` answers `false`.
   */
  push(bytes: Buffer, start: number, data: (view: Buffer) => boolean): number {
    let at = start
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const take = Math.min(this.#remaining, bytes.length - at)
        const view = bytes.subarray(at, at + take)
        at += take
        this.#remaining -= take
        if (this.#remaining === 0) this.#state = 'dataCr'
        if (!data(view)) return at
        continue
      }
      this.#step(bytes[at] as number)
      if (this.fault !== null) return at
      at++
      if (this.#state === 'done') return at
    }
    return at
  }

  /** As `push`, with all data in `bytes` as one buffer, or `null`: tiny chunks would else cost their reader a write each. */
  take(bytes: Buffer, start: number): { readonly at: number; readonly data: Buffer | null } {
    const views: Buffer[] = []
    const at = this.push(bytes, start, (view) => views.push(view) > 0)
    return { at, data: views.length > 1 ? Buffer.concat(views) : (views[0] ?? null) }
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#size(byte)
        return
      case 'extensionName':
      case 'extensionValue':
      case 'extensionToken':
      case 'extensionQuoted':
      case 'extensionEscape':
      case 'extensionEnd':
        if (++this.#extensionBytes > MAX_EXTENSION_BYTES) this.fault = 'chunk_extension_too_long'
        else this.#extension(byte)
        return
      case 'sizeLf':
        if (byte !== LF) this.fault = 'chunk_size'
        else if (this.#remaining === 0) this.#state = 'trailerStart'
        else this.#state = 'data'
        return
      case 'dataCr':
        if (byte !== CR) this.fault = 'chunk_end'
        else this.#state = 'dataLf'
        return
      case 'dataLf':
        if (byte !== LF) this.fault = 'chunk_end'
        else {
          this.#state = 'size'
          this.#digits = 0
        }
        return
      case 'trailerStart':
      case 'trailerName':
      case 'trailerValue':
      case 'trailerLf':
        this.#trailer(byte)
        return
      case 'endLf':
        if (byte !== LF) this.fault = 'trailer'
        else this.#state = 'done'
        return
      case 'data':
      case 'done':
        return
      default:
        this.#state satisfies never
    }
  }

  #size(byte: number): void {
    const digit = HEX_DIGIT[byte] as number
    if (digit !== 255) {
      this.#remaining = this.#remaining * 16 + digit
      if (++this.#digits > MAX_SIZE_DIGITS || this.#remaining > Number.MAX_SAFE_INTEGER) this.fault = 'chunk_size'
      return
    }
    if (this.#digits === 0) this.fault = 'chunk_size'
    else if (byte === CR) this.#state = 'sizeLf'
    else if (byte === SEMICOLON) this.#beginExtension()
    else this.fault = 'chunk_size'
  }

  #beginExtension(): void {
    this.#state = 'extensionName'
    this.#length = 0
  }

  #extension(byte: number): void {
    switch (this.#state) {
      case 'extensionName':
        if (TOKEN_BYTE[byte] === 1) this.#length++
        else if (this.#length === 0) this.fault = 'chunk_extension'
        else if (byte === EQUALS) this.#state = 'extensionValue'
        else this.#endExtension(byte)
        return
      case 'extensionValue':
        if (byte === DQUOTE) this.#state = 'extensionQuoted'
        else if (TOKEN_BYTE[byte] === 1) this.#state = 'extensionToken'
        else this.fault = 'chunk_extension'
        return
      case 'extensionToken':
        if (TOKEN_BYTE[byte] !== 1) this.#endExtension(byte)
        return
      case 'extensionQuoted':
        if (byte === DQUOTE) this.#state = 'extensionEnd'
        else if (byte === BACKSLASH) this.#state = 'extensionEscape'
        else if (VALUE_BYTE[byte] !== 1) this.fault = 'chunk_extension'
        return
      case 'extensionEscape':
        if (VALUE_BYTE[byte] !== 1) this.fault = 'chunk_extension'
        else this.#state = 'extensionQuoted'
        return
      default:
        this.#endExtension(byte)
    }
  }

  #endExtension(byte: number): void {
    if (byte === CR) this.#state = 'sizeLf'
    else if (byte === SEMICOLON) this.#beginExtension()
    else this.fault = 'chunk_extension'
  }

  #trailer(byte: number): void {
    switch (this.#state) {
      case 'trailerStart':
        if (byte === CR) this.#state = 'endLf'
        else if (TOKEN_BYTE[byte] !== 1 || ++this.#trailers > MAX_TRAILER_FIELDS) this.fault = 'trailer'
        else {
          this.#state = 'trailerName'
          this.#length = 1
        }
        return
      case 'trailerName':
        if (++this.#length > MAX_TRAILER_LINE) this.fault = 'trailer'
        else if (byte === COLON) this.#state = 'trailerValue'
        else if (TOKEN_BYTE[byte] !== 1) this.fault = 'trailer'
        return
      case 'trailerValue':
        if (byte === CR) this.#state = 'trailerLf'
        else if (++this.#length > MAX_TRAILER_LINE || (byte !== SP && byte !== HTAB && VALUE_BYTE[byte] !== 1)) this.fault = 'trailer'
        return
      default:
        if (byte !== LF) this.fault = 'trailer'
        else this.#state = 'trailerStart'
    }
  }
}

/** Head of a chunk of that many bytes. */
export function chunkHead(length: number): string {
  return `${length.toString(16)}\r\n`
}

export const CHUNK_END = '\r\n'
export const LAST_CHUNK = '0\r\n\r\n'
