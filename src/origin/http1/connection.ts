/**
 * One socket to an origin and the exchange on it. It is handed out only when nothing can be owed on it in either direction: the request
 * was written in full, the answer read in full, and not a byte has come since (also not one that the loop has not seen: `unread.ts`).
 */
import { connect, type Socket } from 'node:net'
import { type Body, COMPLETE } from '../../body/body.ts'
import { ChunkedDecoder } from '../../body/chunked.ts'
import type { Limits } from '../../config/settings.ts'
import { Deadline } from '../deadline.ts'
import { OriginFailure, type OriginFailureCode, type OriginResponse } from '../exchange.ts'
import { AnswerBody, type AnswerSource } from './answer-body.ts'
import type { ConnectionCall, ConnectionOptions } from './contract.ts'
import { ReadBuffer } from './read-buffer.ts'
import { type AnswerHead, ResponseParser } from './response-parser.ts'
import { hasUnread } from './unread.ts'
import { Upload, type UploadOwner } from './upload.ts'

export interface ConnectionOwner {
  /** Usable for the first time. */
  connected(connection: Connection): void
  connectFailed(connection: Connection, failure: OriginFailure): void
  /** Idle again. */
  released(connection: Connection): void
  /** Its place is free. Last call. */
  closed(connection: Connection): void
}

/** Interim answers of one exchange, 100 included. */
const MAX_INTERIM = 10
const EMPTY: Buffer = Buffer.alloc(0)

type Phase =
  | 'connecting'
  | 'idle'
  | 'head' // an answer's head is awaited
  | 'body'
  | 'tunnel' // the socket is someone else's
  | 'closed'

/** Where a body stands after bytes were taken: `surplus` is whole with more behind it. */
type BodyState = 'more' | 'whole' | 'surplus' | 'fault'

export class Connection implements AnswerSource, UploadOwner {
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #deadline: Deadline
  /** Those that the parser was made for. */
  #limits: Limits
  #parser: ResponseParser
  #phase: Phase = 'connecting'
  #call: ConnectionCall | null = null
  #upload: Upload | null = null
  #body: AnswerBody | null = null
  #decoder: ChunkedDecoder | null = null
  /** Bytes of the body still to come; `Infinity` when that is not known. */
  #remaining = 0
  #begun = false
  #interims = 0
  #keepAlive = false
  #idleMs = 0
  readonly #reads = new ReadBuffer()
  #paused = false
  /** For whom it was opened; the owner's to read and change. */
  waiting: ConnectionCall | null

  constructor(options: ConnectionOptions, owner: ConnectionOwner, waiting: ConnectionCall) {
    this.#options = options
    this.#owner = owner
    this.waiting = waiting
    this.#limits = options.settings.limits
    this.#parser = newParser(options)
    this.#deadline = new Deadline(options.clock, () => this.#late())
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      // An end from the origin is ours to judge, and in a tunnel it travels on.
      allowHalfOpen: true,
      onread: { buffer: () => this.#reads.next, callback: (length, buffer) => this.#read(length, buffer as Buffer) },
    })
    this.#socket.on('connect', () => this.#connected())
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('drain', () => this.#upload?.drained())
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error))
    this.#socket.on('close', () => this.#gone())
    this.#deadline.set(waiting.request.deadlines.connect * 1000)
  }

  /** Whether it has been idle for too long, even if the timer is late. */
  get stale(): boolean {
    return this.#deadline.passed
  }

  /**
   * Sends a call's request. Only while idle. Answers `false`, and is destroyed, when the socket is not clean: then not a byte was sent.
   */
  start(call: ConnectionCall): boolean {
    if (this.#phase !== 'idle') return false
    if (hasUnread(this.#socket)) {
      this.destroy()
      return false
    }
    if (this.#options.settings.limits !== this.#limits) {
      this.#limits = this.#options.settings.limits
      this.#parser = newParser(this.#options)
    }
    this.#phase = 'head'
    this.#call = call
    this.#begun = false
    this.#interims = 0
    this.#paused = false
    this.#deadline.set(call.request.deadlines.firstByte * 1000)
    const body = call.request.body
    if (body === null) this.#socket.write(call.head, 'latin1')
    else this.#startUpload(call, body)
    return true
  }

  /** The call is given up, and the connection with it unless the answer was complete. A reader of its body is told. */
  abandon(call: ConnectionCall): void {
    if (this.#call !== call) return
    const failure = new OriginFailure('cancelled', 'the call was cancelled')
    const body = this.#body
    this.#close(failure)
    call.ended(failure)
    body?.finish({ type: 'reset', cause: failure })
  }

  /** Closes it, whatever it does. Calls under way must have been told before. */
  destroy(): void {
    this.#close(new OriginFailure('cancelled', 'the connection was closed'))
  }

  /** Closes it, whatever it does, and tells the call under way. */
  stop(): void {
    this.#fail('cancelled', 'the server stops')
  }

  // --- what the body's reader wants

  wanted(): void {
    if (!this.#paused || this.#phase !== 'body') return
    this.#paused = false
    this.#betweenBytes()
    this.#socket.resume()
  }

  dropped(): void {
    const call = this.#call
    const failure = new OriginFailure('cancelled', 'the reader left')
    this.#close(failure)
    call?.ended(failure)
  }

  // --- what the upload reports

  uploaded(): void {
    // The first byte is owed from the last progress of the request on.
    if (this.#phase === 'head' && !this.#begun && this.#call !== null) this.#deadline.set(this.#call.request.deadlines.firstByte * 1000)
  }

  uploadFailed(cause: Error): void {
    this.#fail('request_body_failed', cause.message)
  }

  // --- the request

  #startUpload(call: ConnectionCall, body: Body): void {
    const upload = new Upload(this.#socket, body.length, this)
    this.#upload = upload
    // What of the body is at hand goes out with the head in one write.
    this.#socket.cork()
    this.#socket.write(call.head, 'latin1')
    try {
      upload.start(body)
    } catch (error) {
      this.#fail('request_body_failed', error instanceof Error ? error.message : String(error))
    }
    this.#socket.uncork()
  }

  // --- the socket

  #connected(): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'idle'
    this.#deadline.set(this.#options.settings.deadlines.originIdle * 1000)
    this.#owner.connected(this)
  }

  #read(length: number, buffer: Buffer): boolean {
    switch (this.#phase) {
      case 'head':
        this.#readHead(buffer, 0, length)
        break
      case 'body':
        this.#readBody(this.#reads.own(buffer, length, this.#remaining > length))
        break
      case 'tunnel':
        return this.#socket.push(Buffer.from(buffer.subarray(0, length)))
      case 'connecting':
      case 'idle':
        // Nothing is owed: whatever this is, it must never become someone's answer.
        this.#close(null)
        break
      case 'closed':
        break
      default:
        this.#phase satisfies never
    }
    return true
  }

  #ended(): void {
    switch (this.#phase) {
      case 'connecting':
      case 'idle':
        this.#close(null)
        break
      case 'head':
        if (this.#begun) this.#fail('incomplete', 'the connection ended within the answer')
        else this.#fail('closed_before_answer', 'the connection ended before an answer')
        break
      case 'body':
        if (this.#decoder === null && this.#remaining === Number.POSITIVE_INFINITY) this.#complete(false)
        else this.#fail('incomplete', 'the connection ended before the body did')
        break
      case 'tunnel':
      case 'closed':
        break
      default:
        this.#phase satisfies never
    }
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.#phase === 'connecting') this.#refused(connectFailure(error))
    else if (this.#phase === 'idle') this.#close(null)
    else if (this.#phase !== 'tunnel') this.#fail('reset', error.code ?? error.message)
  }

  #gone(): void {
    if (this.#phase === 'tunnel') {
      this.#phase = 'closed'
      this.#owner.closed(this)
    } else if (this.#phase !== 'closed') this.#broken(new Error('the socket closed'))
  }

  #late(): void {
    switch (this.#phase) {
      case 'connecting':
        this.#refused(new OriginFailure('connect_timeout', 'no connection in time', true))
        break
      case 'idle':
        this.#close(null)
        break
      case 'head':
        if (this.#parser.partial) this.#fail('between_bytes_timeout', 'the head stopped')
        else this.#fail('first_byte_timeout', 'no answer in time')
        break
      case 'body':
        this.#fail('between_bytes_timeout', 'the body stopped')
        break
      case 'tunnel':
      case 'closed':
        break
      default:
        this.#phase satisfies never
    }
  }

  #refused(failure: OriginFailure): void {
    this.#phase = 'closed'
    this.#deadline.close()
    this.#socket.destroy()
    this.#owner.connectFailed(this, failure)
    this.#owner.closed(this)
  }

  // --- the answer

  #readHead(buffer: Buffer, from: number, end: number): void {
    this.#begun = true
    const call = this.#call as ConnectionCall
    let at = from
    for (;;) {
      const behind = this.#parser.push(buffer, at, end)
      const head = behind < 0 ? null : this.#parser.head(buffer, at, call.request.method === 'HEAD')
      if (head === null) {
        const fault = this.#parser.fault
        if (fault !== null) this.#fail(fault, this.#parser.detail)
        else this.#betweenBytes()
        return
      }
      at = behind
      if (head.response.status >= 200) {
        this.#final(call, head, buffer, at, end)
        return
      }
      if (head.response.status === 101) {
        this.#switched(call, head.response, buffer, at, end)
        return
      }
      if (++this.#interims > MAX_INTERIM) {
        this.#fail('too_many_interim', `more than ${MAX_INTERIM} interim answers`)
        return
      }
      if (head.response.status !== 100) call.interim(head.response.status, head.response.reason, head.response.headers)
      if (this.#call !== call) return
      this.#deadline.set(call.request.deadlines.firstByte * 1000)
      if (at >= end) return
    }
  }

  #switched(call: ConnectionCall, response: OriginResponse, buffer: Buffer, at: number, end: number): void {
    if (call.request.upgrade === null || this.#upload?.done === false) {
      this.#fail('unexpected_upgrade', 'a 101 that was not asked for')
      return
    }
    const rest = at < end ? Buffer.from(buffer.subarray(at, end)) : EMPTY
    this.#phase = 'tunnel'
    this.#call = null
    this.#upload = null
    this.#deadline.close()
    this.#socket.pause()
    call.upgraded(response, this.#socket, rest)
  }

  #final(call: ConnectionCall, head: AnswerHead, buffer: Buffer, at: number, end: number): void {
    const response = head.response
    this.#keepAlive = head.keepAlive && call.request.upgrade === null
    const idle = this.#options.settings.deadlines.originIdle
    this.#idleMs = 1000 * Math.min(idle, head.idleSeconds === null ? Number.POSITIVE_INFINITY : head.idleSeconds - 1)
    const empty = response.framing === 'length' && response.contentLength === 0
    if (response.framing === 'none' || empty) {
      const body = empty ? new AnswerBody(0, null) : null
      body?.finish(COMPLETE)
      // Freed first, so that a request that follows from this answer finds the connection.
      this.#release(at < end)
      call.response(response, body)
      call.ended(null)
      return
    }
    const length = response.framing === 'length' ? response.contentLength : null
    const body = new AnswerBody(length, this)
    this.#body = body
    this.#decoder = response.framing === 'chunked' ? new ChunkedDecoder() : null
    this.#remaining = length ?? Number.POSITIVE_INFINITY
    this.#phase = 'body'
    // What came with the head is taken first, so that a short answer is told of whole.
    const state = at < end ? this.#take(body, Buffer.from(buffer.subarray(at, end))) : 'more'
    if (state === 'whole' || state === 'surplus') {
      body.finish(COMPLETE)
      this.#release(state === 'surplus')
      call.response(response, body)
      call.ended(null)
      return
    }
    call.response(response, body)
    if (this.#body !== body) return
    // An origin that has judged the request and closes does not want the rest of it (RFC 9112 §9.6).
    if (!head.keepAlive && response.status >= 400) this.#upload?.stop(new Error('the origin has answered'))
    this.#goOn(body, state)
  }

  #readBody(bytes: Buffer): void {
    const body = this.#body as AnswerBody
    const state = this.#take(body, bytes)
    if (this.#body === body) this.#goOn(body, state)
  }

  #goOn(body: AnswerBody, state: BodyState): void {
    if (state === 'more') this.#flowOn(body)
    else if (state === 'fault') this.#fail('bad_chunk', this.#decoder?.fault ?? '')
    else this.#complete(state === 'surplus')
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

  #flowOn(body: AnswerBody): void {
    if (!body.blocked) {
      this.#betweenBytes()
      return
    }
    this.#paused = true
    this.#deadline.clear() // a slow reader is not the origin's fault
    this.#socket.pause()
  }

  #betweenBytes(): void {
    if (this.#call !== null) this.#deadline.set(this.#call.request.deadlines.betweenBytes * 1000)
  }

  // --- the end

  #complete(surplus: boolean): void {
    const call = this.#call
    const body = this.#body
    this.#release(surplus)
    call?.ended(null)
    body?.finish(COMPLETE)
  }

  /** The answer was read in full: idle again, or closed when anything may be owed. May start another call. */
  #release(surplus: boolean): void {
    const written = this.#upload === null || this.#upload.done
    this.#reads.release()
    if (surplus || !this.#keepAlive || !written || this.#idleMs <= 0 || this.#socket.writableLength > 0 || this.#socket.destroyed) {
      this.#close(null)
      return
    }
    this.#call = null
    this.#body = null
    this.#decoder = null
    this.#upload = null
    this.#phase = 'idle'
    this.#deadline.set(this.#idleMs)
    this.#owner.released(this)
  }

  #fail(code: OriginFailureCode, detail: string): void {
    if (this.#phase === 'closed') return
    const call = this.#call
    const body = this.#body
    const failure = new OriginFailure(code, detail)
    this.#shut(failure)
    // The call hears first: a retry takes the place that this connection leaves.
    if (body === null) call?.failed(failure, this.#begun)
    else {
      call?.ended(failure)
      body.finish({ type: 'reset', cause: failure })
    }
    this.#owner.closed(this)
  }

  #close(cause: OriginFailure | null): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'tunnel') {
      this.#socket.destroy()
      return
    }
    this.#shut(cause)
    this.#owner.closed(this)
  }

  #shut(cause: OriginFailure | null): void {
    const upload = this.#upload
    this.#phase = 'closed'
    this.#call = null
    this.#body = null
    this.#decoder = null
    this.#upload = null
    this.#parser.reset()
    this.#deadline.close()
    this.#socket.destroy()
    upload?.stop(cause ?? new OriginFailure('cancelled', 'the origin has answered'))
  }
}

function newParser({ settings: { limits }, oddStatus }: ConnectionOptions): ResponseParser {
  return new ResponseParser({ head: limits.originHead, line: limits.originLine, fields: limits.originFields }, oddStatus)
}

function connectFailure(error: NodeJS.ErrnoException): OriginFailure {
  const detail = error.code ?? error.message
  if (error.syscall === 'getaddrinfo') return new OriginFailure('dns', detail, true)
  if (error.code === 'ECONNREFUSED') return new OriginFailure('connect_refused', detail, true)
  if (error.code === 'ETIMEDOUT') return new OriginFailure('connect_timeout', detail, true)
  return new OriginFailure('connect_failed', detail, true)
}
