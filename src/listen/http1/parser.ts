/**
 * The strict parser of request heads (RFC 9112 §2–§3, §6): one pass over the bytes, resumable at any offset with the same
 * verdict, one string per head. It refuses what two servers could understand differently and repairs nothing.
 */
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import type { RequestHead } from '../../request/exchange.ts'
import { CR, LF, SP, TARGET_BYTE, TOKEN_BYTE } from '../../wire/bytes.ts'
import { FieldScanner, MORE } from '../../wire/fields.ts'
import { nominated } from '../../wire/hop-by-hop.ts'
import { isNormalHost, isValidHost } from '../../wire/host.ts'
import { RecentHosts } from '../../wire/recent-hosts.ts'
import { type Framing, requestFraming } from './framing.ts'
import type { RefusalReason } from './refusal.ts'
import { destination } from './target.ts'

export { MORE }

/** In bytes, and a number of fields. */
export interface HeadLimits {
  /** The whole head, empty line included. */
  readonly head: number
  /** The target, and each field line. */
  readonly line: number
  readonly fields: number
}

const MAX_METHOD = 64
const VERSION = 'HTTP/1.1\r\n'
const DOT_AT = 6

type State = 'start' | 'startLf' | 'method' | 'target' | 'version' | 'fields'

/** Methods whose other spellings are refused: a server that ignores case would take them for what this cache did not see. */
const CASED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PRI'])
const LOWER_CASE = /[a-z]/
/** One for all parsers: a connection whose head comes in pieces has a parser of its own. */
const HOSTS = new RecentHosts()

/**
 * Parses one head at a time. `begin`, then `parse` with ever more bytes of the same buffer; the results stand in the fields
 * until the next `begin`.
 */
export class RequestParser {
  readonly #limits: HeadLimits
  readonly #scanner: FieldScanner
  #state: State = 'start'
  #start = 0
  #at = 0
  #methodEnd = 0
  #targetStart = 0
  #targetEnd = 0
  #minor = 1
  refusal: RefusalReason | null = null
  head: RequestHead | null = null
  framing: Framing = 'none'
  /** The client waits for `100 Continue` before it sends the body. */
  expectContinue: boolean = false
  keepAlive: boolean = true

  constructor(limits: HeadLimits) {
    this.#limits = limits
    this.#scanner = new FieldScanner({ line: limits.line, count: limits.fields })
  }

  begin(position: number): void {
    this.#state = 'start'
    this.#start = position
    this.#at = position
    this.refusal = null
    this.head = null
  }

  /** Whether nothing has come but the empty line that is tolerated. */
  get blank(): boolean {
    return this.#state === 'method' && this.#at === this.#start
  }

  /** Answers the position behind the head; or `MORE`, when `refusal` is set for good, else to be called with more bytes. */
  parse(bytes: Buffer, end: number): number {
    if (this.#state === 'start' || this.#state === 'startLf') {
      if (!this.#skipEmptyLine(bytes, end)) return MORE
    }
    // Never shown what lies behind the limit, so that the verdict cannot depend on how much arrived at once.
    const stop = Math.min(end, this.#start + this.#limits.head)
    const after = this.#parse(bytes, stop)
    if (after === MORE && this.refusal === null && stop === this.#start + this.#limits.head) return this.#refuse('head_too_large')
    return after
  }

  /** One empty line before the request line is tolerated (RFC 9112 §2.2). */
  #skipEmptyLine(bytes: Buffer, end: number): boolean {
    if (this.#state === 'start') {
      if (this.#at >= end) return false
      if (bytes[this.#at] === CR) {
        this.#state = 'startLf'
        this.#at++
      } else this.#state = 'method'
    }
    if (this.#state === 'startLf') {
      if (this.#at >= end) return false
      if (bytes[this.#at] !== LF) return this.#stop('leading_bytes')
      this.#at++
      this.#state = 'method'
    }
    this.#start = this.#at
    return true
  }

  #parse(bytes: Buffer, end: number): number {
    if (this.#state === 'method' && !this.#method(bytes, end)) return MORE
    if (this.#state === 'target' && !this.#target(bytes, end)) return MORE
    if (this.#state === 'version' && !this.#version(bytes, end)) return MORE
    const after = this.#scanner.scan(bytes, end)
    if (after !== MORE) return this.#complete(bytes, after)
    if (this.#scanner.fault !== null) this.refusal = this.#scanner.fault
    return MORE
  }

  #method(bytes: Buffer, end: number): boolean {
    let at = this.#at
    while (at < end && TOKEN_BYTE[bytes[at] as number] === 1) at++
    this.#at = at
    if (at - this.#start > MAX_METHOD) return this.#stop('method')
    if (at >= end) return false
    if (at === this.#start) return this.#stop(bytes[at] === CR || bytes[at] === LF ? 'leading_bytes' : 'method')
    if (bytes[at] !== SP) return this.#stop('method')
    if (isPri(bytes, this.#start, at)) return this.#stop('http2_preface')
    this.#methodEnd = at
    this.#at = at + 1
    this.#targetStart = at + 1
    this.#state = 'target'
    return true
  }

  #target(bytes: Buffer, end: number): boolean {
    let at = this.#at
    while (at < end && TARGET_BYTE[bytes[at] as number] === 1) at++
    this.#at = at
    if (at - this.#targetStart > this.#limits.line) return this.#stop('target_too_long')
    if (at >= end) return false
    const byte = bytes[at]
    if (byte === CR || byte === LF) return this.#stop('request_line')
    if (byte !== SP) return this.#stop('target')
    if (at === this.#targetStart) return this.#stop('request_line')
    this.#targetEnd = at
    this.#at = at + 1
    this.#state = 'version'
    return true
  }

  #version(bytes: Buffer, end: number): boolean {
    const start = this.#targetEnd + 1
    if (isHttp11(bytes, start, end)) {
      this.#minor = 1
      return this.#fieldsFrom(start)
    }
    for (let at = this.#at; at - start < VERSION.length; at++) {
      if (at >= end) {
        this.#at = at
        return false
      }
      const index = at - start
      const byte = bytes[at] as number
      if (byte === VERSION.charCodeAt(index)) continue
      if (index < VERSION.length - 2) {
        if ((index === DOT_AT - 1 || index === DOT_AT + 1) && byte >= 48 && byte <= 57) continue
        return this.#stop('version')
      }
      if (byte === LF) return this.#stop('bare_lf')
      return this.#stop(index === VERSION.length - 1 ? 'bare_cr' : 'request_line')
    }
    const major = bytes[start + DOT_AT - 1] as number
    this.#minor = (bytes[start + DOT_AT + 1] as number) - 48
    if (major !== 49 || this.#minor > 1) return this.#stop('version_unsupported')
    return this.#fieldsFrom(start)
  }

  /** The version that stands at `start` is one of ours. */
  #fieldsFrom(start: number): true {
    this.#scanner.begin(start + VERSION.length)
    this.#state = 'fields'
    return true
  }

  #complete(bytes: Buffer, after: number): number {
    const start = this.#start
    const text = bytes.toString('latin1', start, after)
    const method = methodName(text, this.#methodEnd - start)
    if (!isCommon(method) && LOWER_CASE.test(method) && CASED.has(method.toUpperCase())) return this.#refuse('method_case')
    if (method === 'CONNECT') return this.#refuse('connect')
    const whole = text.slice(this.#targetStart - start, this.#targetEnd - start)
    const to = destination(method, whole)
    if (to === null) return this.#refuse('target')
    return this.#judge(bytes, method, to.target, to.authority, this.#scanner.headers(text, start)) ? after : MORE
  }

  /** What the field lines say about host, framing and connection. */
  #judge(bytes: Buffer, method: string, target: string, authority: string | null, headers: HeaderMap): boolean {
    const version = this.#minor === 1 ? '1.1' : '1.0'
    let hosts = 0
    let lengths = 0
    let codings = 0
    let expects = 0
    let hostAt = -1
    let lengthAt = -1
    let codingAt = -1
    let expectAt = -1
    let hasUpgrade = false
    for (let i = 0; i < headers.size; i++) {
      const name = headers.lowerAt(i)
      switch (name.length) {
        case 4:
          if (name === 'host' && hosts++ === 0) hostAt = i
          break
        case 6:
          if (name === 'expect' && expects++ === 0) expectAt = i
          break
        case 7:
          if (name === 'upgrade') hasUpgrade = true
          break
        case 14:
          if (name === 'content-length' && lengths++ === 0) lengthAt = i
          else if (name === 'content_length') return this.#stop('field_name')
          break
        case 17:
          if (name === 'transfer-encoding' && codings++ === 0) codingAt = i
          // Servers that make variables of field names read an underscore as a hyphen.
          else if (name === 'transfer_encoding') return this.#stop('field_name')
          break
      }
    }

    if (hosts > 1) return this.#stop('host_repeated')
    if (hosts === 0 && version === '1.1') return this.#stop('host_missing')
    let host = hostAt < 0 ? null : this.#host(bytes, headers, hostAt)
    if (hosts > 0 && host === null) return this.#stop('host')
    if (authority !== null) {
      if (!isValidHost(authority)) return this.#stop('host')
      if (host !== authority) headers.set('Host', authority)
      host = authority
    }

    this.framing = 'none'
    if (lengths > 0 || codings > 0 || version === '1.0') {
      const length = lengthAt < 0 ? '' : headers.valueAt(lengthAt)
      const coding = codingAt < 0 ? '' : headers.valueAt(codingAt)
      const verdict = requestFraming({ version, method, lengths, length, codings, coding })
      if ('refusal' in verdict) return this.#stop(verdict.refusal)
      this.framing = verdict.framing
      if (verdict.framing === 'chunked' && coding !== 'chunked') replace(headers, 'Transfer-Encoding', 'transfer-encoding', 'chunked')
      else if (typeof verdict.framing === 'number' && String(verdict.framing) !== length)
        replace(headers, 'Content-Length', 'content-length', String(verdict.framing))
    }

    this.expectContinue = expects > 0
    if (expects > 0) {
      const hasBody = this.framing !== 'none' && this.framing !== 0
      if (expects > 1 || headers.valueAt(expectAt).toLowerCase() !== '100-continue' || version === '1.0' || !hasBody)
        return this.#stop('expect')
      // Answered by this connection; to forward it would leave an origin waiting on a shared connection.
      headers.removeRaw('expect')
    }

    const upgrade = this.#connection(headers, version)
    if (this.refusal !== null) return false
    // RFC 9110 §7.8: without the connection option, or in HTTP/1.0, the field means nothing.
    if (hasUpgrade && (!upgrade || version === '1.0')) headers.removeRaw('upgrade')
    this.head = { method, target, host, version, headers }
    return true
  }

  /** The value of the Host line, or `null` where it is none: the same string for the same host as long as it is remembered. */
  #host(bytes: Buffer, headers: HeaderMap, line: number): string | null {
    const from = this.#scanner.valueStart(line)
    const to = this.#scanner.valueEnd(line)
    let host = HOSTS.find(bytes, from, to)
    if (host === null) {
      const sent = headers.valueAt(line)
      if (!isValidHost(sent)) return null
      if (!isNormalHost(sent, 'http')) return sent
      host = HOSTS.remember(bytes, from, to)
    }
    headers.putValue(line, host)
    return host
  }

  /** Reads the `Connection` options; answers whether `upgrade` is one. */
  #connection(headers: HeaderMap, version: '1.0' | '1.1'): boolean {
    const options = nominated(headers)
    let close = false
    let keep = false
    let upgrade = false
    for (let i = 0; i < options.length; i++) {
      const option = options[i]
      if (option === 'close') close = true
      else if (option === 'keep-alive') keep = true
      else if (option === 'upgrade') upgrade = true
      else if (option === 'host' || option === 'content-length' || option === 'transfer-encoding') this.refusal = 'nomination'
    }
    this.keepAlive = !close && (version === '1.1' || keep)
    return upgrade
  }

  #stop(reason: RefusalReason): false {
    this.refusal = reason
    return false
  }

  #refuse(reason: RefusalReason): number {
    this.refusal = reason
    return MORE
  }
}

/** The method of HTTP/2's preface (RFC 9113 §3.4), told without making a string. */
function isPri(bytes: Buffer, from: number, to: number): boolean {
  return to - from === 3 && bytes[from] === 80 && bytes[from + 1] === 82 && bytes[from + 2] === 73
}

/** Whether `VERSION` stands there whole, as in nearly every request: told without a look at each byte for what it could be instead. */
function isHttp11(bytes: Buffer, at: number, end: number): boolean {
  return (
    at + VERSION.length <= end &&
    bytes[at] === 72 &&
    bytes[at + 1] === 84 &&
    bytes[at + 2] === 84 &&
    bytes[at + 3] === 80 &&
    bytes[at + 4] === 47 &&
    bytes[at + 5] === 49 &&
    bytes[at + 6] === 46 &&
    bytes[at + 7] === 49 &&
    bytes[at + 8] === CR &&
    bytes[at + 9] === LF
  )
}

/** Those that `methodName` knows by heart. */
function isCommon(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'POST'
}

/** The method as one of the engine's own strings where it is common, which makes later comparisons pointer comparisons. */
function methodName(text: string, length: number): string {
  if (length === 3 && text.startsWith('GET')) return 'GET'
  if (length === 4 && text.startsWith('HEAD')) return 'HEAD'
  if (length === 4 && text.startsWith('POST')) return 'POST'
  return text.slice(0, length)
}

function replace(headers: HeaderMap, name: string, lower: string, value: string): void {
  headers.removeRaw(lower)
  headers.appendRaw(name, lower, value)
}
