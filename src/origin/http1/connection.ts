/**
 * One socket to an origin and the exchange on it. It is handed out only when nothing can be owed on it in either direction: the request
 * was written in full, the answer read in full, and not a byte has come since (also not one that the loop has not seen: `unread.ts`).
 */
import type { Socket } from 'node:net'
import type { Body } from '../../body/body.ts'
import { Deadline } from '../deadline.ts'
import { OriginFailure, type OriginFailureCode, type OriginResponse, type OriginWire } from '../exchange.ts'
import type { Reader } from '../intake.ts'
import type { Place } from '../place.ts'
import type { AnswerBody } from './answer-body.ts'
import { type AnswerHost, AnswerReader } from './answer-reader.ts'
import type { ConnectionCall, ConnectionOptions, Line, TlsState } from './contract.ts'
import type { AnswerHead } from './response-parser.ts'
import { descriptorOf, type Unread, unreadOf } from './unread.ts'
import { Upload, type UploadOwner } from './upload.ts'

export interface ConnectionOwner {
  /** Idle again. */
  released(connection: Connection): void
  /** Its place is free. Last call. */
  closed(connection: Connection): void
}

type Phase =
  | 'idle'
  | 'busy' // an answer is awaited, or read
  | 'settling' // the answer was read, and what came with it over TLS is still being told
  | 'tunnel' // the socket is someone else's
  | 'closed'

export class Connection implements AnswerHost, UploadOwner, Reader {
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #deadline: Deadline
  readonly #answer: AnswerReader
  readonly #unread: Unread
  readonly #tls: TlsState | null
  /** Where it leads. */
  readonly place: Place
  #phase: Phase = 'idle'
  #call: ConnectionCall | null = null
  #upload: Upload | null = null
  #keepAlive = false
  #retired = false
  #idleMs = 0
  /** When the head under way has to be whole; monotonic milliseconds. */
  #headDue = 0

  constructor(options: ConnectionOptions, owner: ConnectionOwner, { socket, intake, place, tls }: Line) {
    this.#options = options
    this.#owner = owner
    this.#socket = socket
    this.#tls = tls
    this.place = place
    this.#unread = unreadOf(socket)
    this.#answer = new AnswerReader(options, this)
    this.#deadline = new Deadline(options.clock, () => this.#late())
    intake.reader = this
    socket.on('end', () => this.#ended())
    socket.on('drain', () => this.#upload?.drained())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error))
    socket.on('close', () => this.#gone())
    this.#deadline.set(options.settings.deadlines.originIdle * 1000)
  }

  /** What it is, as the transaction log tells it. */
  wire(reused: boolean): OriginWire {
    const socket = this.#socket
    const { host, path, port } = this.place
    return {
      descriptor: descriptorOf(socket),
      address: path ?? host,
      port,
      localAddress: socket.localAddress ?? '-',
      localPort: socket.localPort ?? 0,
      reused,
    }
  }

  /** What it is asked for at this moment; `null`: nothing, or it is a tunnel. */
  get target(): string | null {
    return this.#call === null ? null : this.#call.request.target
  }

  /**
   * Sends a call's request. Only while idle. Answers `false`, and is destroyed, when the socket is not clean, or has been idle for too long
   * though the timer is late: then not a byte was sent. `reused`: others had it before.
   */
  start(call: ConnectionCall, reused: boolean): boolean {
    if (this.#phase !== 'idle') return false
    const now = this.#options.clock.now()
    // A TLS server says something unasked behind the handshake: session tickets. See `dial.ts`.
    if (this.#deadline.passed(now) || ((reused || this.#tls === null) && this.#unread())) {
      this.destroy()
      return false
    }
    this.#phase = 'busy'
    this.#call = call
    this.#answer.await(call)
    this.#deadline.set(call.request.deadlines.firstByte * 1000, now)
    const body = call.request.body
    if (body === null) this.#socket.write(call.head, 'latin1')
    else this.#startUpload(call, body)
    return true
  }

  /** The call is given up, and the connection with it unless the answer was complete. A reader of its body is told. */
  abandon(call: ConnectionCall): void {
    if (this.#call !== call) return
    const failure = new OriginFailure('cancelled', 'the call was cancelled')
    const body = this.#shut(failure)
    this.#owner.closed(this)
    call.ended(failure)
    body?.finish({ type: 'reset', cause: failure })
  }

  /** It serves nobody else: closed now, or when what is under way is over. */
  retire(): void {
    this.#retired = true
    if (this.#phase === 'idle') this.destroy()
  }

  /** Closes it, whatever it does. Calls under way must have been told before. */
  destroy(): void {
    this.#close(new OriginFailure('cancelled', 'the connection was closed'))
  }

  /** Closes it, whatever it does, and tells the call under way. */
  stop(): void {
    this.answerFailed('cancelled', 'the server stops')
  }

  // --- what the answer reports

  answerBegan({ keepAlive, idleSeconds }: AnswerHead): void {
    const request = this.#call?.request
    this.#keepAlive = keepAlive && !this.#options.single && request?.closes !== true && request?.upgrade === null
    const idle = this.#options.settings.deadlines.originIdle
    this.#idleMs = 1000 * Math.min(idle, idleSeconds === null ? Number.POSITIVE_INFINITY : idleSeconds - 1)
  }

  answerGoesOn({ keepAlive, response }: AnswerHead): void {
    // An origin that has judged the request and closes does not want the rest of it (RFC 9112 §9.6).
    if (!keepAlive && response.status >= 400) this.#upload?.stop(new Error('the origin has answered'))
  }

  firstByteDue(): void {
    if (this.#call !== null) this.#deadline.set(this.#call.request.deadlines.firstByte * 1000)
  }

  restOfHeadDue(first: boolean): void {
    if (this.#call === null) return
    const { firstByte, betweenBytes } = this.#call.request.deadlines
    const now = this.#options.clock.now()
    // An origin that sends a byte now and then could keep its connection, and who waits for the answer, for days.
    if (first) this.#headDue = now + firstByte * 1000
    this.#deadline.set(Math.min(betweenBytes * 1000, this.#headDue - now), now)
  }

  nextBytesDue(): void {
    if (this.#call !== null) this.#deadline.set(this.#call.request.deadlines.betweenBytes * 1000)
  }

  answerBlocked(): void {
    this.#deadline.clear() // a slow reader is not the origin's fault
    this.#socket.pause()
  }

  answerUnblocked(): void {
    this.nextBytesDue()
    this.#socket.resume()
  }

  answerRead(surplus: boolean): void {
    const written = this.#upload === null || this.#upload.done
    if (surplus || !this.#keepAlive || !written || this.#idleMs <= 0) {
      this.#close(null, !this.#keepAlive)
      return
    }
    this.#call = null
    this.#upload = null
    if (this.#tls === null) {
      this.#release()
      return
    }
    // Records that arrived together are told one after the other: what follows the answer is seen before anybody else is served.
    this.#phase = 'settling'
    this.#deadline.clear()
    setImmediate(() => {
      if (this.#phase === 'settling') this.#release()
    })
  }

  #release(): void {
    const socket = this.#socket
    if (this.#retired || socket.writableLength > 0 || (this.#tls !== null && socket.readableLength > 0) || socket.destroyed) {
      this.#close(null)
      return
    }
    this.#phase = 'idle'
    this.#deadline.set(this.#idleMs)
    this.#owner.released(this)
  }

  answerSwitched(response: OriginResponse, rest: Buffer): void {
    const call = this.#call
    if (call === null || call.request.upgrade === null || this.#upload?.done === false) {
      this.answerFailed('unexpected_upgrade', 'a 101 that was not asked for')
      return
    }
    this.#phase = 'tunnel'
    this.#call = null
    this.#upload = null
    this.#answer.stop()
    this.#deadline.close()
    this.#socket.pause()
    // Over TLS bytes are told by events, which are the tunnel's now.
    if (this.#tls !== null) this.#socket.removeAllListeners('data')
    call.upgraded(response, this.#socket, rest)
  }

  answerDropped(): void {
    const call = this.#call
    const failure = new OriginFailure('cancelled', 'the reader left')
    this.#close(failure)
    call?.ended(failure)
  }

  answerFailed(code: OriginFailureCode, detail: string): void {
    if (this.#phase === 'closed') return
    const call = this.#call
    const { begun } = this.#answer
    const failure = new OriginFailure(code, detail)
    const body = this.#shut(failure)
    // The call hears first: a retry takes the place that this connection leaves.
    if (body === null) call?.failed(failure, begun)
    else {
      call?.ended(failure)
      body.finish({ type: 'reset', cause: failure })
    }
    this.#owner.closed(this)
  }

  // --- what the upload reports

  uploaded(): void {
    // The first byte is owed from the last progress of the request on.
    if (this.#phase === 'busy' && !this.#answer.begun) this.firstByteDue()
  }

  uploadFailed(cause: Error): void {
    this.answerFailed('request_body_failed', cause.message)
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
      this.uploadFailed(error instanceof Error ? error : new Error(String(error)))
    }
    this.#socket.uncork()
  }

  // --- the socket

  get buffer(): Buffer {
    return this.#answer.buffer
  }

  read(buffer: Buffer, length: number): boolean {
    switch (this.#phase) {
      case 'busy':
        this.#answer.read(buffer, length)
        break
      case 'tunnel':
        return this.#socket.push(Buffer.from(buffer.subarray(0, length)))
      case 'idle':
      case 'settling':
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
    if (this.#phase === 'busy') this.#answer.ended(this.#tls === null || this.#tls.endProven)
    else if (this.#phase !== 'tunnel') this.#close(null)
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.#phase === 'idle' || this.#phase === 'settling') this.#close(null)
    else if (this.#phase !== 'tunnel') this.answerFailed(this.#breakage(error), error.code ?? error.message)
  }

  #gone(): void {
    if (this.#phase === 'tunnel') {
      this.#phase = 'closed'
      this.#owner.closed(this)
    } else if (this.#phase !== 'closed') this.#broken(new Error('the socket closed'))
  }

  #late(): void {
    switch (this.#phase) {
      case 'idle':
        this.#close(null)
        break
      case 'busy':
        this.#answer.late()
        break
      case 'settling':
      case 'tunnel':
      case 'closed':
        break
      default:
        this.#phase satisfies never
    }
  }

  /** An origin may refuse a certificate, or its lack, after the handshake (RFC 8446 §4.4.2.4). */
  #breakage({ code }: NodeJS.ErrnoException): OriginFailureCode {
    return this.#tls !== null && !this.#answer.begun && code?.startsWith('ERR_SSL_') === true ? 'tls_handshake' : 'reset'
  }

  // --- the end

  /** `told`: the origin, or our request, has said that it ends here. */
  #close(cause: OriginFailure | null, told: boolean = false): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'tunnel') {
      this.#socket.destroy()
      return
    }
    this.#shut(cause, told)
    this.#owner.closed(this)
  }

  /** Answers the body under way, which has not been told. */
  #shut(cause: OriginFailure | null, told: boolean = false): AnswerBody | null {
    const upload = this.#upload
    this.#phase = 'closed'
    this.#call = null
    this.#upload = null
    const body = this.#answer.stop()
    this.#deadline.close()
    if (cause === null) this.#part(told)
    else this.#socket.destroy()
    upload?.stop(cause ?? new OriginFailure('cancelled', 'the origin has answered'))
    return body
  }

  /** Closes the socket in peace. */
  #part(told: boolean): void {
    const socket = this.#socket
    // Over TLS that is said (RFC 8446 §6.1), or servers forget the session.
    if (this.#tls !== null && socket.writableLength === 0) socket.destroySoon()
    // All was said: a reset leaves nothing behind, where a close would take the port for a minute (TIME_WAIT).
    else if (told && this.#tls === null && this.place.path === null) socket.resetAndDestroy()
    else socket.destroy()
  }
}
