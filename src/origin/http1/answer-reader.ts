/** Reads the answers on one connection, one after the other: interim heads, the final head, and the body up to the end that it proves. */
import { type Body, COMPLETE } from '../../body/body.ts'
import { ChunkedDecoder } from '../../body/chunked.ts'
import { arrivedBody, bodyOf, EMPTY_BODY } from '../../object/stored-body.ts'
import type { OriginFailureCode, OriginResponse } from '../exchange.ts'
import { AnswerBody, type AnswerSource } from './answer-body.ts'
import type { ConnectionCall, ConnectionOptions } from './contract.ts'
import { ReadBuffer } from './read-buffer.ts'
import { type AnswerHead, ResponseParser } from './response-parser.ts'

/** The connection as its answers see it. */
export interface AnswerHost {
  /** The final head is here, and has not been told. */
  answerBegan(head: AnswerHead): void
  /** It has been told, and its body goes on. */
  answerGoesOn(head: AnswerHead): void
  /** The origin owes the answer's first byte. */
  firstByteDue(): void
  /** It owes the rest of a head, of which these were the `first` bytes or more. */
  restOfHeadDue(first: boolean): void
  /** It owes the next bytes of the body. */
  nextBytesDue(): void
  /** Who reads the body is behind: nothing is to be read, and nothing due, until `answerUnblocked`. */
  answerBlocked(): void
  answerUnblocked(): void
  /** Read in full. `surplus`: something that was not asked for lies behind it. The connection is free before this returns, or closed. */
  answerRead(surplus: boolean): void
  /** 101 came; `rest` is what lies behind it. */
  answerSwitched(response: OriginResponse, rest: Buffer): void
  answerFailed(code: OriginFailureCode, detail: string): void
  /** The reader of the body has left. */
  answerDropped(): void
}

/** Interim answers of one exchange, 100 included. */
const MAX_INTERIM = 10
const EMPTY: Buffer = Buffer.alloc(0)

/** Where a body stands after bytes were taken: `surplus` is whole with more behind it. */
type BodyState = 'more' | 'whole' | 'surplus' | 'fault'

export class AnswerReader implements AnswerSource {
  readonly #options: ConnectionOptions
  readonly #host: AnswerHost
  /** Those that the parser was made for. */
  #limits: ConnectionOptions['settings']['limits']
  #parser: ResponseParser
  readonly #reads = new ReadBuffer()
  #call: ConnectionCall | null = null
  #body: AnswerBody | null = null
  #decoder: ChunkedDecoder | null = null
  /** Bytes of the body still to come; `Infinity` when that is not known. */
  #remaining = 0
  #begun = false
  #interims = 0
  #paused = false

  constructor(options: ConnectionOptions, host: AnswerHost) {
    this.#options = options
    this.#host = host
    this.#limits = options.settings.limits
    this.#parser = newParser(options)
  }

  /** Whether any byte of an answer to the call has come. */
  get begun(): boolean {
    return this.#begun
  }

  /** What the next read of the socket goes into. */
  get buffer(): Buffer {
    return this.#reads.next
  }

  /** Waits for the answer to a call. */
  await(call: ConnectionCall): void {
    const { limits } = this.#options.settings
    if (limits !== this.#limits) {
      this.#limits = limits
      this.#parser = newParser(this.#options)
    }
    this.#call = call
    this.#begun = false
    this.#interims = 0
    this.#paused = false
  }

  /** Takes what was read into `buffer`. */
  read(buffer: Buffer, length: number): void {
    if (this.#body === null) this.#readHead(buffer, length)
    else
      this.#readBody(this.#body, this.#body.copies ? buffer.subarray(0, length) : this.#reads.own(buffer, length, this.#remaining > length))
  }

  /** The connection ended: that ends a body of unknown length if it is `proven`, and breaks anything else. */
  ended(proven: boolean): void {
    const host = this.#host
    if (this.#body === null) {
      if (this.#begun) host.answerFailed('incomplete', 'the connection ended within the answer')
      else host.answerFailed('closed_before_answer', 'the connection ended before an answer')
    } else if (this.#decoder === null && this.#remaining === Number.POSITIVE_INFINITY) {
      if (proven) this.#complete(this.#body, false)
      // RFC 9112 §9.8: whoever can cut the connection could cut the answer.
      else host.answerFailed('incomplete', 'the TLS connection ended without close_notify')
    } else host.answerFailed('incomplete', 'the connection ended before the body did')
  }

  /** Nothing came in time. */
  late(): void {
    const host = this.#host
    if (this.#body !== null) host.answerFailed('between_bytes_timeout', 'the body stopped')
    else if (this.#parser.partial) host.answerFailed('between_bytes_timeout', 'the head was not whole in time')
    else host.answerFailed('first_byte_timeout', 'no answer in time')
  }

  /** The answer is read no further. Answers its body, which has not been told. */
  stop(): AnswerBody | null {
    const body = this.#body
    this.#forget()
    this.#parser.reset()
    return body
  }

  // --- what the body's reader wants

  wanted(): void {
    if (!this.#paused || this.#body === null) return
    this.#paused = false
    this.#host.answerUnblocked()
  }

  dropped(): void {
    this.#host.answerDropped()
  }

  // --- the head

  #readHead(buffer: Buffer, end: number): void {
    this.#begun = true
    const call = this.#call as ConnectionCall
    let at = 0
    for (;;) {
      const first = !this.#parser.partial
      const behind = this.#parser.push(buffer, at, end)
      const head = behind < 0 ? null : this.#parser.head(buffer, at, call.request.method === 'HEAD')
      if (head === null) {
        const fault = this.#parser.fault
        if (fault !== null) this.#host.answerFailed(fault, this.#parser.detail)
        else this.#host.restOfHeadDue(first)
        return
      }
      at = behind
      const { response } = head
      if (response.status >= 200) {
        this.#final(call, head, buffer, at, end)
        return
      }
      if (response.status === 101) {
        this.#host.answerSwitched(response, at < end ? Buffer.from(buffer.subarray(at, end)) : EMPTY)
        return
      }
      if (++this.#interims > MAX_INTERIM) {
        this.#host.answerFailed('too_many_interim', `more than ${MAX_INTERIM} interim answers`)
        return
      }
      if (response.status !== 100) call.interim(response.status, response.reason, response.headers)
      if (this.#call !== call) return
      this.#host.firstByteDue()
      if (at >= end) return
    }
  }

  #final(call: ConnectionCall, head: AnswerHead, buffer: Buffer, at: number, end: number): void {
    const { response } = head
    this.#host.answerBegan(head)
    if (response.framing === 'none') {
      this.#whole(call, response, null, at < end)
      return
    }
    const length = response.framing === 'length' ? response.contentLength : null
    if (length !== null && length <= end - at) {
      this.#whole(call, response, length === 0 ? EMPTY_BODY : arrivedBody(buffer, at, at + length), at + length < end)
      return
    }
    const body = new AnswerBody(length, this)
    this.#body = body
    this.#decoder = response.framing === 'chunked' ? new ChunkedDecoder() : null
    this.#remaining = length ?? Number.POSITIVE_INFINITY
    // What came with the head is taken first, so that a short answer is told of whole.
    const state = at < end ? this.#take(body, Buffer.from(buffer.subarray(at, end))) : 'more'
    if (state === 'whole' || state === 'surplus') {
      this.#whole(call, response, bodyOf(body.taken), state === 'surplus')
      return
    }
    call.response(response, body)
    if (this.#body !== body) return
    this.#host.answerGoesOn(head)
    this.#goOn(body, state)
  }

  /** All of it is here. Its connection is free before it is told of, so that a request that follows from it finds that. */
  #whole(call: ConnectionCall, response: OriginResponse, body: Body | null, surplus: boolean): void {
    this.#forget()
    this.#host.answerRead(surplus)
    call.response(response, body)
    call.ended(null)
  }

  // --- the body

  #readBody(body: AnswerBody, bytes: Buffer): void {
    const state = this.#take(body, bytes)
    if (this.#body === body) this.#goOn(body, state)
  }

  #goOn(body: AnswerBody, state: BodyState): void {
    if (state === 'fault') this.#host.answerFailed('bad_chunk', this.#decoder?.fault ?? '')
    else if (state !== 'more') this.#complete(body, state === 'surplus')
    else if (!body.blocked) this.#host.nextBytesDue()
    else {
      this.#paused = true
      this.#host.answerBlocked()
    }
  }

  /** Passes bytes on to the body; the reader may leave meanwhile. */
  #take(body: AnswerBody, bytes: Buffer): BodyState {
    const decoder = this.#decoder
    if (decoder !== null) {
      const { at, data } = decoder.take(bytes, 0)
      if (data !== null) body.push(data)
      if (decoder.fault !== null) return 'fault'
      return !decoder.done ? 'more' : at < bytes.length ? 'surplus' : 'whole'
    }
    const taken = Math.min(this.#remaining, bytes.length)
    this.#remaining -= taken
    body.push(taken === bytes.length ? bytes : bytes.subarray(0, taken))
    return this.#remaining > 0 ? 'more' : taken < bytes.length ? 'surplus' : 'whole'
  }

  #complete(body: AnswerBody, surplus: boolean): void {
    const call = this.#call
    this.#forget()
    this.#host.answerRead(surplus)
    call?.ended(null)
    body.finish(COMPLETE)
  }

  #forget(): void {
    this.#call = null
    this.#body = null
    this.#decoder = null
    this.#reads.release()
  }
}

function newParser({ settings: { limits }, oddStatus }: ConnectionOptions): ResponseParser {
  return new ResponseParser({ head: limits.originHead, line: limits.originLine, fields: limits.originFields }, oddStatus)
}
