/**
 * One client connection of HTTP/1.1: reads requests one after the other, gives each to the handler when the one before has its
 * whole answer, and closes as soon as it is not certain where the next request begins (RFC 9112 §9).
 */
import type { Socket } from 'node:net'
import { type Body, COMPLETE } from '../../body/body.ts'
import { C } from '../../counters.ts'
import type { ExchangeEnd, Peer, ResponseHead } from '../../request/exchange.ts'
import { checkFieldLines } from '../../wire/message-head.ts'
import { LINGER, type Registered } from '../limits.ts'
import { AnswerBody, type AnswerHost } from './answer-body.ts'
import { type AnswerFraming, answerHead, isBodiless, statusLine } from './answer-head.ts'
import type { ConnectionContext } from './context.ts'
import { type ExchangeHost, Http1Exchange } from './exchange.ts'
import { Input } from './input.ts'
import { MORE, RequestParser } from './parser.ts'
import { plainAnswer, REFUSALS, type RefusalReason, refusalAnswer } from './refusal.ts'
import { type BodyHost, RequestBody } from './request-body.ts'

/** Bytes of a request body that are read for nobody so that the connection survives. */
const DRAIN_LIMIT = 64 * 1024
/** Bytes held for later while nobody takes them; beyond it the socket is not read. */
const READ_AHEAD = 32 * 1024
/** A body up to this size goes out in one piece with its head. */
const WHOLE_LIMIT = 16 * 1024
const MODE = process.env['MODE']
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

type Phase =
  | 'open'
  | 'closing' // our last byte is sent; what still comes is discarded
  | 'gone' // destroyed, or given away as a tunnel

export class Http1Connection implements Registered, BodyHost, ExchangeHost, AnswerHost {
  previous: Registered | null = null
  next: Registered | null = null
  place: Registered['place'] = 'none'
  idleSince: number = 0

  readonly #socket: Socket
  readonly #peer: Peer
  readonly #context: ConnectionContext
  readonly #input = new Input()
  #phase: Phase = 'open'
  /** Parses a head that comes in pieces. */
  #parser: RequestParser | null = null
  #inputEnded = false
  #paused = false
  #pumping = false
  #flushing = false

  #exchange: Http1Exchange | null = null
  /** The body of the request under way, or of the one before while it is drained. */
  #body: RequestBody | null = null
  #answer: AnswerBody | null = null
  #begun = false
  #complete = false
  #keepAlive = true
  #expectPending = false
  #closeAfter = false
  #bytes = 0
  #bodyBytes = 0

  /** Moments on the clock; `-1` when it does not run. */
  #headSince = -1
  #rateSince = -1
  #rateFrom = 0
  #drainSince = -1
  #closingSince = -1
  #stallSince = -1
  #stalled = 0

  constructor(socket: Socket, peer: Peer, context: ConnectionContext) {
    this.#socket = socket
    this.#peer = peer
    this.#context = context
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('drain', this.#onFlushed)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    context.counters.add(C.sess_conn)
    context.register.add(this)
  }

  // Reading

  readonly #onData = (chunk: Buffer): void => {
    if (this.#phase !== 'open') return
    this.#input.append(chunk)
    this.#pump()
  }

  readonly #onEnd = (): void => {
    this.#inputEnded = true
    if (this.#phase === 'open') this.#pump()
  }

  readonly #onError = (): void => {
    this.#context.counters.add(C.sess_closed_err)
  }

  readonly #onClose = (): void => {
    const left = this.#phase === 'open'
    this.#phase = 'gone'
    this.#context.register.remove(this)
    this.#context.counters.add(C.sess_closed)
    if (left) this.#abandon('left', new Error('the client closed the connection'))
  }

  /** Works off what has arrived, until something has to be waited for. Never runs inside itself, however deep the calls. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#phase === 'open' && this.#advance());
    } catch (error) {
      this.#failed(error)
    }
    this.#pumping = false
    if (this.#phase !== 'gone') this.#settle()
  }

  /** One step; whether there may be another. */
  #advance(): boolean {
    const input = this.#input
    const body = this.#body
    if (body !== null && !body.done) {
      const before = input.start
      // Bounded exactly, so that what arrives at once is judged as what arrives in pieces.
      const end = body.discarding ? Math.min(input.end, before + DRAIN_LIMIT - body.discarded) : input.end
      const after = before < end ? body.consume(input.bytes, before, end) : before
      if (this.#phase !== 'open') return false
      input.start = after
      if (body.fault !== null) return this.#badBody(body.fault)
      if (!body.done) {
        if (body.discarded >= DRAIN_LIMIT) return this.#tooMuchToDrain()
        if (this.#inputEnded && (input.empty || body.remaining > input.length)) return this.#truncated()
        return after !== before
      }
    }
    if (body?.done === true && this.#body === body) {
      this.#context.counters.add(C.s_req_bodybytes, body.consumed)
      this.#body = null
      this.#drainSince = -1
    }
    if (this.#exchange !== null) return false
    return this.#readHead()
  }

  #readHead(): boolean {
    const input = this.#input
    if (input.empty) {
      input.release()
      if (this.#inputEnded) this.#close()
      return false
    }
    if (this.#parser === null) this.#context.parser.begin(input.start)
    const parser = this.#parser ?? this.#context.parser
    const after = parser.parse(input.bytes, input.end)
    if (after === MORE) {
      if (parser.refusal !== null) this.#refuse(parser.refusal)
      else if (this.#inputEnded) this.#refuse('head_incomplete')
      else if (this.#parser === null) {
        input.own()
        this.#parser = new RequestParser(this.#context.headLimits)
        this.#parser.begin(input.start)
        this.#headSince = this.#context.clock.now()
      }
      return false
    }
    const counters = this.#context.counters
    counters.add(C.client_req)
    counters.add(C.s_req_hdrbytes, after - input.start)
    input.start = after
    this.#parser = null
    this.#headSince = -1
    this.#begin(parser)
    return true
  }

  #begin(parser: RequestParser): void {
    const { head, framing } = parser
    if (head === null) return
    const body = framing === 'none' || framing === 0 ? null : new RequestBody(framing, this)
    const exchange = new Http1Exchange(this, this.#peer, head, body)
    this.#exchange = exchange
    this.#body = body
    this.#keepAlive = parser.keepAlive
    this.#expectPending = parser.expectContinue
    this.#begun = false
    this.#complete = false
    this.#closeAfter = false
    this.#bytes = 0
    this.#bodyBytes = 0
    this.#stalled = 0
    this.#rateSince = -1
    this.#context.handler(exchange)
  }

  /** Reads as fast as the bytes are taken, and keeps the register informed. */
  #settle(): void {
    const waiting = this.#exchange !== null || this.#body !== null
    const pause = this.#phase === 'open' && waiting && this.#input.length >= READ_AHEAD
    if (pause !== this.#paused) {
      this.#paused = pause
      if (pause) this.#socket.pause()
      else this.#socket.resume()
    }
    if (this.#phase === 'open' && !waiting && this.#input.empty && this.#parser === null) this.#context.register.idle(this)
    else this.#context.register.busy(this)
  }

  #badBody(reason: RefusalReason): false {
    this.#refuse(reason)
    return false
  }

  #tooMuchToDrain(): false {
    this.#closeAfter = true
    this.#body?.abort(new Error('the request body is too long to be read for nobody'))
    this.#body = null
    if (this.#exchange === null) this.#close()
    return false
  }

  /** The client ended its side in the middle of a body. */
  #truncated(): false {
    this.#breakOff('left', new Error('the client ended the connection within the request body'))
    return false
  }

  /** The handler, or whoever takes a body, threw: a defect of ours that must cost this connection only. */
  #failed(error: unknown): void {
    this.#context.log.error({ err: error, client: this.#peer.address }, 'a request ended in an exception')
    if (this.#exchange === null || this.#begun || this.#phase !== 'open') {
      this.#breakOff('aborted', new Error('a request ended in an exception'))
      return
    }
    this.#phase = 'closing'
    this.#abandon('aborted', new Error('a request ended in an exception'))
    this.#socket.write(plainAnswer(500, 'the request could not be handled', this.#context.dateLine()), 'latin1')
    this.#end()
  }

  // The request body

  bodyRead(): void {
    if (this.#expectPending && !this.#begun && this.#phase === 'open') {
      this.#expectPending = false
      if (this.#input.empty) this.#socket.write(CONTINUE, 'latin1')
    }
    this.#pump()
  }

  bodyMoved(): void {
    if (this.#begun) this.#discardUnread()
    this.#pump()
  }

  #discardUnread(): void {
    if (this.#body !== null && !this.#body.attached) this.#body.discard(new Error('nobody reads the request body'))
  }

  // Answering

  interim(exchange: Http1Exchange, status: number, reason: string, fieldLines: string): void {
    if (exchange !== this.#exchange || this.#begun || exchange.head.version === '1.0' || status === 101 || status > 199) return
    if (status === 100) this.#expectPending = false
    this.#socket.write(`${statusLine(status, reason, 100)}${checkFieldLines(fieldLines)}\r\n`, 'latin1')
  }

  respondWhole(exchange: Http1Exchange, head: ResponseHead, body: Buffer | null): void {
    if (exchange !== this.#exchange) return
    const length = body === null ? 0 : body.length
    if (isBodiless(exchange.head.method, head.status)) {
      this.#sendHead(head, 'none')
      return
    }
    if (body !== null && length > WHOLE_LIMIT) {
      this.#socket.cork()
      this.#sendHead(head, length)
      this.#answer = new AnswerBody(this, this.#socket, length)
      this.#answer.chunk(body)
      this.#answer.end(COMPLETE)
      this.#uncork(exchange)
      return
    }
    const text = this.#headText(head, length)
    this.answerWrote(text.length + length, length)
    if (body === null || length === 0) this.#socket.write(text, 'latin1')
    else if (MODE === 'buf') {
      const all = Buffer.allocUnsafe(text.length + length)
      all.write(text, 'latin1')
      body.copy(all, text.length)
      this.#socket.write(all)
    } else if (MODE === 'cork') {
      this.#socket.cork()
      this.#socket.write(text, 'latin1')
      this.#socket.write(body)
      this.#socket.uncork()
    } else this.#socket.write(text + body.toString('latin1'), 'latin1')
    this.answerDone()
  }

  respond(exchange: Http1Exchange, head: ResponseHead, body: Body | null): void {
    if (exchange !== this.#exchange) {
      if (body !== null) leave(body, new Error('the exchange has ended'))
      return
    }
    if (body === null) {
      this.respondWhole(exchange, head, null)
      return
    }
    if (isBodiless(exchange.head.method, head.status)) {
      leave(body, new Error('this answer has no body'))
      this.#sendHead(head, 'none')
      return
    }
    const length = head.contentLength ?? body.length
    const framing = length ?? (exchange.head.version === '1.0' ? 'close' : 'chunked')
    this.#socket.cork()
    try {
      this.#sendHead(head, framing)
      this.#answer = new AnswerBody(this, this.#socket, framing)
      this.#answer.start(body)
    } finally {
      this.#uncork(exchange)
    }
  }

  /** What was held back to go out together goes out; only now can be seen whether the client takes it at once. */
  #uncork(exchange: Http1Exchange): void {
    this.#socket.uncork()
    if (exchange !== this.#exchange || !this.#begun) return
    if (this.#complete) this.answerDone()
    else if (this.#answer?.waiting === true) {
      if (this.#socket.writableLength === 0) this.#answer.flushed(false)
      else this.answerWaits()
    }
  }

  /** Sends the head alone; with framing `none` that is the whole answer. */
  #sendHead(head: ResponseHead, framing: AnswerFraming): void {
    const text = this.#headText(head, framing)
    this.#socket.write(text, 'latin1')
    this.answerWrote(text.length, 0)
    if (framing === 'none') this.answerDone()
  }

  #headText(head: ResponseHead, framing: AnswerFraming): string {
    if (this.#begun) throw new Error('this exchange has its answer already')
    const body = this.#body
    const drainable = body === null || body.attached || body.remaining <= DRAIN_LIMIT
    const close =
      head.close ||
      !this.#keepAlive ||
      framing === 'close' ||
      this.#context.draining ||
      // Whether the client will send the body it announced cannot be known any more (RFC 9110 §10.1.1).
      this.#expectPending ||
      !drainable ||
      (this.#inputEnded && this.#input.empty)
    const length = typeof framing === 'number' ? framing : framing === 'none' && head.status !== 204 ? head.contentLength : null
    const lines = close ? 'Connection: close\r\n\r\n' : this.#context.keepAliveLines
    const text = answerHead(head, length, framing === 'chunked', this.#context, lines)
    this.#closeAfter = this.#closeAfter || close
    this.#begun = true
    if (body !== null && !body.attached) this.#discardUnread()
    return text
  }

  answerWrote(bytes: number, bodyBytes: number): void {
    this.#bytes += bytes
    this.#bodyBytes += bodyBytes
  }

  answerWaits(): void {
    if (this.#flushing || this.#socket.writableCorked > 0) return
    this.#flushing = true
    this.#stallSince = this.#context.clock.now()
    this.#watchFlush()
  }

  /** Without back-pressure there is no `drain`; an empty write tells when everything before it has gone. */
  #watchFlush(): void {
    if (!this.#socket.writableNeedDrain) this.#socket.write('', this.#onFlushed)
  }

  readonly #onFlushed = (): void => {
    if (!this.#flushing || this.#phase !== 'open') return
    if (this.#socket.writableLength > 0) {
      this.#watchFlush()
      return
    }
    this.#flushing = false
    this.#stallSince = -1
    if (this.#complete) this.#finish()
    else this.#answer?.flushed(true)
  }

  answerDone(): void {
    this.#complete = true
    this.#answer = null
    if (this.#socket.writableLength === 0) this.#finish()
    else this.answerWaits()
  }

  answerBroken(cause: Error): void {
    this.#breakOff('aborted', cause)
  }

  /** The answer was sent whole. */
  #finish(): void {
    const exchange = this.#exchange
    if (exchange === null) return
    this.#exchange = null
    const body = this.#body
    // The cause is made only for a body that is told it: an error costs as much as the rest of a hit.
    if (this.#closeAfter || this.#context.draining) {
      this.#body = null
      this.#close()
      body?.abort(new Error('the exchange has ended'))
    } else if (body !== null && !body.done) {
      this.#drainSince = this.#context.clock.now()
      body.discard(new Error('the exchange has ended'))
    }
    if (!this.#input.empty) this.#context.counters.add(C.sess_readahead)
    exchange.observer?.ended(this.#endOf('sent'))
    this.#pump()
  }

  tunnel(exchange: Http1Exchange, head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer } {
    if (exchange !== this.#exchange) throw new Error('the exchange has ended')
    if (this.#begun) throw new Error('this exchange has its answer already')
    if (this.#body !== null && !this.#body.done) throw new Error('the request body has to be read before the connection becomes a tunnel')
    const text = `${statusLine(head.status, head.reason, 100)}${checkFieldLines(head.fieldLines)}\r\n`
    const socket = this.#socket
    this.#phase = 'gone'
    this.#exchange = null
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('drain', this.#onFlushed)
    socket.pause()
    socket.write(text, 'latin1')
    this.answerWrote(text.length, 0)
    const rest = this.#input.take()
    this.#context.register.busy(this)
    exchange.observer?.ended(this.#endOf('sent'))
    return { socket, rest }
  }

  abort(exchange: Http1Exchange): void {
    if (exchange === this.#exchange) this.#breakOff('aborted', new Error('the answer was broken off'))
  }

  // Ending

  /** Refuses what is read; nothing behind it is looked at. */
  #refuse(reason: RefusalReason): void {
    const { counters, onRefused } = this.#context
    const status = REFUSALS[reason]
    counters.reason('reject', reason)
    if (status === 400) counters.add(C.client_req_400)
    else if (status === 417) counters.add(C.client_req_417)
    onRefused?.(this.#peer, status, reason)
    const midAnswer = this.#begun && this.#exchange !== null
    const answered = this.#exchange === null && this.#body !== null
    if (midAnswer) {
      this.#breakOff('aborted', new Error(`the request is refused: ${reason}`))
      return
    }
    this.#phase = 'closing'
    this.#abandon('aborted', new Error(`the request is refused: ${reason}`))
    if (!answered) this.#socket.write(refusalAnswer(reason, this.#context.dateLine()), 'latin1')
    this.#end()
  }

  #close(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#end()
  }

  /**
   * Our side ends; the client's is read a little longer, since closing a socket with unread bytes would take back the answer
   * (RFC 9112 §9.6).
   */
  #end(): void {
    this.#closingSince = this.#context.clock.now()
    this.#input.release()
    this.#parser = null
    this.#socket.end()
    if (!this.#pumping) this.#settle()
  }

  /** Breaks the connection off so that the client sees it, also where an answer ends with the connection. */
  #breakOff(type: 'left' | 'aborted', cause: Error): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    if (this.#socket.remoteAddress === undefined) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    this.#abandon(type, cause)
  }

  /** Ends what is under way without an answer. The phase is left before, so that nothing said in reply reaches the socket. */
  #abandon(type: 'left' | 'aborted', cause: Error): void {
    const exchange = this.#exchange
    const body = this.#body
    const answer = this.#answer
    this.#exchange = null
    this.#body = null
    this.#answer = null
    answer?.cancel(cause)
    body?.abort(cause)
    if (exchange === null) return
    exchange.observer?.left()
    exchange.observer?.ended(this.#endOf(type))
  }

  #endOf(type: ExchangeEnd['type']): ExchangeEnd {
    return { type, bytes: this.#bytes, bodyBytes: this.#bodyBytes }
  }

  // Deadlines

  tick(now: number, elapsed: number): void {
    if (this.#closingSince >= 0) {
      if (now - this.#closingSince >= LINGER) this.#socket.destroy()
      return
    }
    if (this.#phase !== 'open') return
    const context = this.#context
    if (this.#stallSince >= 0) {
      this.#stalled += elapsed
      if (now - this.#stallSince >= context.sendIdle || this.#stalled >= context.sendTotal) {
        this.#breakOff('aborted', new Error('the client does not take the answer'))
        return
      }
    }
    if (this.#headSince >= 0 && now - this.#headSince >= context.headDeadline) this.#refuse('head_timeout')
    else if (this.#exchange === null && this.#body !== null) {
      if (this.#drainSince >= 0 && now - this.#drainSince >= LINGER) this.#close()
    } else if (this.#body !== null) this.#checkRate(this.#body, now)
  }

  #checkRate(body: RequestBody, now: number): void {
    if (this.#rateSince < 0 || !body.wanting) {
      this.#rateSince = now
      this.#rateFrom = body.consumed
    } else if (now - this.#rateSince >= this.#context.bodyWindow) {
      if (body.consumed - this.#rateFrom < this.#context.bodyMinimum) this.#refuse('body_timeout')
      this.#rateSince = now
      this.#rateFrom = body.consumed
    }
  }

  closeIdle(): void {
    this.#close()
  }

  destroy(): void {
    if (this.#phase === 'gone') this.#socket.destroy()
    else this.#breakOff('aborted', new Error('the server closes'))
  }
}

/** Takes a body only to say that nobody wants it, so that its source does not wait. */
function leave(body: Body, cause: Error): void {
  body.read({ chunk: () => false, end: () => undefined }).cancel(cause)
}
