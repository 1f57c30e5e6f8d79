/**
 * The strict, incremental parser of answer heads (RFC 9112 §4, §6.3): CRLF only, no folding, no control bytes, one framing. It never
 * repairs: what could be read in two ways is a failure.
 */
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import { CR, LF, REASON_BYTE, SP, VALUE_BYTE } from '../../wire/bytes.ts'
import { FieldScanner, MORE } from '../../wire/fields.ts'
import type { OriginResponse } from '../exchange.ts'

export interface ResponseLimits {
  /** Bytes of one head, status line included. */
  readonly head: number
  /** Bytes of one field line. */
  readonly line: number
  readonly fields: number
}

/** What becomes of the statuses 600–998, which RFC 9110 §15 does not know. 999 is relayed always. */
export type OddStatus = 'fail' | 'relay'

export type HeadFault = 'malformed_head' | 'head_too_large' | 'bad_framing' | 'bad_status'

export interface AnswerHead {
  readonly response: OriginResponse
  /** Whether the connection may carry another exchange (RFC 9112 §9.3). */
  readonly keepAlive: boolean
  /** Seconds that the origin says it keeps the connection idle (`Keep-Alive: timeout=N`), or `null`. */
  readonly idleSeconds: number | null
}

const PREFIX = Buffer.from('HTTP/1.')
const ZERO = 48
const NINE = 57
/** `HTTP/1.x 200 ` */
const REASON_AT = 13
const FIRST_PENDING = 4096
const TCHARS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Parses one head after another; keeps only what of a head has come so far. */
export class ResponseParser {
  readonly #limits: ResponseLimits
  readonly #relayOdd: boolean
  readonly #scanner: FieldScanner
  /** A head in pieces is collected here, from offset 0 on. */
  #pending: Buffer | null = null
  #length = 0
  /** Where the fields begin in the buffer scanned, or `MORE` while the status line is not whole. */
  #fieldsAt: number = MORE
  #endsAt = 0
  /** What has come ends within the reason or a value, where nothing is decided until that ends. */
  #within = false
  #status = 0
  /** Why the head was refused; set once `push` answered `MORE` for that reason. */
  fault: HeadFault | null = null
  detail = ''

  constructor(limits: ResponseLimits, oddStatus: OddStatus) {
    this.#limits = limits
    this.#relayOdd = oddStatus === 'relay'
    this.#scanner = new FieldScanner({ line: Math.min(limits.line, limits.head), count: limits.fields })
  }

  /** Whether part of a head has come. */
  get partial(): boolean {
    return this.#pending !== null
  }

  /**
   * Takes bytes of a head. Answers the position behind it in `bytes`, after which `head` reads it; or `MORE`, with `fault` set when it
   * was refused. The bytes are not kept.
   */
  push(bytes: Buffer, start: number, end: number): number {
    if (this.#pending === null) {
      this.#fieldsAt = MORE
      const at = this.#scan(bytes, start, end)
      if (at !== MORE || this.fault !== null) return at
      this.#keep(bytes, start, end)
      this.#fieldsAt = MORE
      return MORE
    }
    const before = this.#length
    // Without this a long line that comes byte by byte would be scanned as often.
    const within = this.#within && withinLine(bytes, start, end)
    this.#keep(bytes, start, end)
    if (within) return this.#unfinished(this.#length)
    const at = this.#scan(this.#pending, 0, this.#length)
    return at === MORE ? MORE : start + at - before
  }

  /** The head just completed, or `null` with `fault` set. `bytes` and `start` as passed to the `push` that completed it. */
  head(bytes: Buffer, start: number, toHead: boolean): AnswerHead | null {
    const from = this.#pending === null ? start : 0
    const text = (this.#pending ?? bytes).toString('latin1', from, this.#endsAt)
    this.#pending = null
    this.#length = 0
    const reason = text.slice(REASON_AT, this.#fieldsAt - from - 2)
    const headers = this.#scanner.headers(text, from)
    return this.#interpret(headers, text.charCodeAt(7) === ZERO ? '1.0' : '1.1', reason, toHead)
  }

  /** Forgets the head under way. */
  reset(): void {
    this.#pending = null
    this.#length = 0
    this.fault = null
    this.detail = ''
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start
    if (this.#pending === null || this.#pending.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, (this.#pending?.length ?? FIRST_PENDING / 2) * 2))
      this.#pending?.copy(grown, 0, 0, this.#length)
      this.#pending = grown
    }
    bytes.copy(this.#pending, this.#length, start, end)
    this.#length = needed
  }

  #scan(bytes: Buffer, from: number, upTo: number): number {
    this.#within = false
    // What lies beyond the limit is not looked at, so that the verdict does not depend on how much came at once.
    const end = Math.min(upTo, from + this.#limits.head)
    if (this.#fieldsAt === MORE) {
      this.#fieldsAt = this.#statusLine(bytes, from, end)
      if (this.#fieldsAt === MORE) return this.#unfinished(upTo - from)
      this.#scanner.begin(this.#fieldsAt)
    }
    const at = this.#scanner.scan(bytes, end)
    if (at !== MORE) {
      this.#endsAt = at
      return at
    }
    const fault = this.#scanner.fault
    this.#within = this.#scanner.inValue
    if (fault === null) return this.#unfinished(upTo - from)
    if (fault === 'too_many_fields') return this.#refuse('head_too_large', `more than ${this.#limits.fields} fields`)
    if (fault === 'field_too_long')
      return this.#refuse('head_too_large', `a line of more than ${Math.min(this.#limits.line, this.#limits.head)} bytes`)
    return this.#refuse('malformed_head', fault)
  }

  #unfinished(length: number): number {
    if (this.fault === null && length > this.#limits.head)
      return this.#refuse('head_too_large', `a head of more than ${this.#limits.head} bytes`)
    return MORE
  }

  /** Position behind the status line, or `MORE`. What has come is checked at once, so that garbage is not waited on. */
  #statusLine(bytes: Buffer, from: number, end: number): number {
    const have = end - from
    for (let i = 0; i < PREFIX.length && i < have; i++)
      if (bytes[from + i] !== PREFIX[i]) return this.#refuse('malformed_head', 'not an HTTP/1.1 status line')
    if (have < REASON_AT) return MORE
    const minor = bytes[from + 7]
    if ((minor !== ZERO && minor !== ZERO + 1) || bytes[from + 8] !== SP)
      return this.#refuse('malformed_head', 'a version other than HTTP/1.0 and HTTP/1.1')
    let status = 0
    for (let at = from + 9; at < from + 12; at++) {
      const digit = bytes[at] as number
      if (digit < ZERO || digit > NINE) return this.#refuse('bad_status', 'a status that is not three digits')
      status = status * 10 + digit - ZERO
    }
    const behind = bytes[from + 12] as number
    if (behind !== SP) {
      const digit = behind >= ZERO && behind <= NINE
      return this.#refuse(digit ? 'bad_status' : 'malformed_head', 'no space behind the status')
    }
    if (status < 100 || (status > 599 && status !== 999 && !this.#relayOdd)) return this.#refuse('bad_status', `status ${status}`)
    this.#status = status
    for (let at = from + REASON_AT; at < end; at++) {
      const byte = bytes[at] as number
      if (REASON_BYTE[byte] === 1) continue
      if (byte !== CR) return this.#refuse('malformed_head', byte === LF ? 'bare_lf' : 'a control byte in the reason')
      if (at + 1 >= end) return MORE
      return bytes[at + 1] === LF ? at + 2 : this.#refuse('malformed_head', 'bare_cr')
    }
    this.#within = true
    return MORE
  }

  #interpret(headers: HeaderMap, version: '1.0' | '1.1', reason: string, toHead: boolean): AnswerHead | null {
    const status = this.#status
    let length: number | null = null
    let chunked = false
    let close = false
    let stays = false
    let idleSeconds: number | null = null
    let plainLength: string | null = null
    let plainCoding = true
    for (let i = 0; i < headers.size; i++) {
      switch (headers.lowerAt(i)) {
        case 'content-length': {
          // Two lengths, equal or not, are refused: collapsing them (RFC 9110 §8.6) gains nothing.
          if (length !== null) return this.#unframed('two Content-Length lines')
          const value = headers.valueAt(i)
          length = digits(value)
          if (length < 0) return this.#unframed('a Content-Length that is not one')
          if (value.charCodeAt(0) === ZERO && value.length > 1) plainLength = String(length)
          break
        }
        case 'transfer-encoding': {
          if (chunked) return this.#unframed('two Transfer-Encoding lines')
          if (version === '1.0') return this.#unframed('Transfer-Encoding in HTTP/1.0')
          const value = headers.valueAt(i)
          if (value !== 'chunked') {
            if (value.toLowerCase() !== 'chunked') return this.#unframed('a transfer coding other than chunked')
            plainCoding = false
          }
          chunked = true
          break
        }
        case 'connection':
          for (const option of headers.valueAt(i).split(',')) {
            const token = option.trim().toLowerCase()
            if (token === 'close') close = true
            else if (token === 'keep-alive') stays = true
            else if (token !== '' && !TCHARS.test(token)) close = true
          }
          break
        case 'keep-alive': {
          const timeout = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(headers.valueAt(i))
          if (timeout !== null) idleSeconds = Number(timeout[1])
          break
        }
      }
    }
    if (chunked && length !== null) return this.#unframed('Content-Length and Transfer-Encoding')
    if (plainLength !== null) replace(headers, 'Content-Length', plainLength)
    if (!plainCoding) replace(headers, 'Transfer-Encoding', 'chunked')
    const bodiless = toHead || status < 200 || status === 204 || status === 304
    const framing = bodiless ? 'none' : chunked ? 'chunked' : length !== null ? 'length' : 'close'
    const keepAlive = framing !== 'close' && !close && (version === '1.1' || stays)
    const contentLength = status < 200 || status === 204 ? null : length
    return { response: { status, reason, version, headers, framing, contentLength }, keepAlive, idleSeconds }
  }

  #unframed(detail: string): null {
    this.#refuse('bad_framing', detail)
    return null
  }

  #refuse(fault: HeadFault, detail: string): number {
    this.fault = fault
    this.detail = detail
    return MORE
  }
}

function withinLine(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (VALUE_BYTE[bytes[at] as number] !== 1) return false
  return true
}

/** The number that a string of digits is, or -1. */
function digits(value: string): number {
  if (value === '') return -1
  let number = 0
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
    if (number > Number.MAX_SAFE_INTEGER) return -1
  }
  return number
}

function replace(headers: HeaderMap, name: string, value: string): void {
  const lower = name.toLowerCase()
  headers.removeRaw(lower)
  headers.appendRaw(name, lower, value)
}
