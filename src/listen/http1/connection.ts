/**
 * One client connection of HTTP/1.1: reads requests one after the other, gives each to the handler when the one before has its
 * whole answer, and closes as soon as it is not certain where the next request begins (RFC 9112 §9).
 */
import type { Socket } from 'node:net'
import type { Body } from '../../body/body.ts'
import { C } from '../../counters.ts'
import type { Peer, ResponseHead } from '../../request/exchange.ts'
import { LINGER, type Registered } from '../limits.ts'
import type { AnswerFraming } from './answer-head.ts'
import { Answering, type AnswerOwner, leave } from './answering.ts'
import type { ConnectionContext } from './context.ts'
import { type ExchangeHost, Http1Exchange } from './exchange.ts'
import { Input } from './input.ts'
import { MORE, RequestParser } from './parser.ts'
import { plainAnswer, REFUSALS, type RefusalReason, refusalAnswer } from './refusal.ts'
import { type BodyHost, RequestBody } from './request-body.ts'
import { openSessionLog, type SessionLog } from './session-log.ts'
import { leaveInput, listenTo, type SocketOwner } from './socket-events.ts'

/** Bytes of a request body that are read for nobody so that the connection survives. */
const DRAIN_LIMIT = 64 * 1024
/** Bytes held for later while nobody takes them; beyond it the socket is not read. */
const READ_AHEAD = 32 * 1024
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

type Phase =
  | 'open'
  | 'closing' // our last byte is sent; what still comes is discarded
  | 'gone' // destroyed, or given away as a tunnel

export class Http1Connection implements Registered, BodyHost, ExchangeHost, AnswerOwner, SocketOwner {
  previous: Registered | null = null
  next: Registered | null = null
  place: Registered['place'] = 'none'
  idleSince: number = 0
  /** Varnish's XID of the session. */
  readonly xid: number
  log: SessionLog | null = null

  readonly #socket: Socket
  readonly #peer: Peer
  readonly #context: ConnectionContext
  readonly #answering: Answering
  readonly #input = new Input()
  #phase: Phase = 'open'
  /** Parses a head that comes in pieces. */
  #parser: RequestParser | null = null
  #inputEnded = false
  #paused = false
  #pumping = false

  #exchange: Http1Exchange | null = null
  /** The body of the request under way, or of the one before while it is drained. */
  #body: RequestBody | null = null
  #keepAlive = true
  #expectPending = false
  #closeAfter = false

  /** Moments on the clock; `-1` when it does not run. */
  #headSince = -1
  #drainSince = -1
  #closingSince = -1

  constructor(socket: Socket, peer: Peer, context: ConnectionContext) {
    this.#socket = socket
    this.#peer = peer
    this.#context = context
    this.#answering = new Answering(this, socket, context)
    this.xid = context.xids.next()
    if (context.journal.recording) this.log = openSessionLog(context.journal, this.xid, peer, socket)
    listenTo(socket, this)
    context.counters.add(C.sess_conn)
    context.register.add(this)
  }

  // Reading

  received(buffer: Buffer, length: number): void {
    if (this.#phase !== 'open') return
    this.#input.lend(buffer, length)
    this.#pump()
    if (!this.#input.empty) this.#input.own()
  }

  inputEnded(): void {
    this.#inputEnded = true
    if (this.#phase === 'open') this.#pump()
  }

  drained(): void {
    this.#answering.flushed()
  }

  socketFailed(error: Error): void {
    if (this.log !== null) this.log.failed(error)
    this.#context.counters.add(C.sess_closed_err)
  }

  closed(): void {
    const left = this.#phase === 'open'
    this.#phase = 'gone'
    this.#context.register.remove(this)
    this.#context.counters.add(C.sess_closed)
    if (left) this.#abandon('left', new Error('the client closed the connection'))
    if (this.log !== null) this.log.closed(left ? 'REM_CLOSE' : 'TX_ERROR')
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
      // Whoever reads it may keep views of it.
      if (!input.empty) input.own()
      const before = input.start
      // Bounded exactly, so that what arrives at once is judged as what arrives in pieces.
      const end = body.discarding ? Math.min(input.end, before + DRAIN_LIMIT - body.discarded) : input.end
      const after = before < end ? body.consume(input.bytes, before, end) : before
      if (this.#phase !== 'open') return false
      input.start = after
      if (body.fault !== null) {
        this.#refuse(body.fault)
        return false
      }
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
      if (this.#inputEnded || this.#context.draining) this.#close()
      return false
    }
    if (this.#parser === null) this.#context.parser.begin(input.start)
    const parser = this.#parser ?? this.#context.parser
    const after = parser.parse(input.bytes, input.end)
    if (after === MORE) {
      if (parser.refusal !== null) this.#refuse(parser.refusal)
      else if (this.#inputEnded) this.#incomplete(parser, 'head_incomplete')
      else if (this.#parser === null) {
        input.own()
        this.#parser = new RequestParser(this.#context.headLimits)
        this.#parser.begin(input.start)
        this.#parser.parse(input.bytes, input.end)
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

  /** An answer to an empty line, which is no request, would be taken for that of the client's next one. */
  #incomplete(parser: RequestParser | null, reason: 'head_incomplete' | 'head_timeout'): void {
    if (parser?.blank === true) this.#close()
    else this.#refuse(reason)
  }

  #begin(parser: RequestParser): void {
    const { head, framing } = parser
    if (head === null) return
    const { journal } = this.#context
    if (journal.recording && this.log === null) this.log = openSessionLog(journal, this.xid, this.#peer, this.#socket)
    const body = framing === 'none' || framing === 0 ? null : new RequestBody(framing, this)
    const exchange = new Http1Exchange(this, this.#peer, head, body)
    this.#exchange = exchange
    this.#body = body
    this.#keepAlive = parser.keepAlive
    this.#expectPending = parser.expectContinue
    this.#closeAfter = false
    this.#answering.reset()
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
    if (this.#exchange === null || this.#answering.begun || this.#phase !== 'open') {
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
    if (this.#expectPending && !this.#answering.begun && this.#phase === 'open') {
      this.#expectPending = false
      if (this.#input.empty) this.#socket.write(CONTINUE, 'latin1')
    }
    this.#pump()
  }

  bodyMoved(): void {
    if (this.#answering.begun) this.#discardUnread()
    this.#pump()
  }

  #discardUnread(): void {
    if (this.#body !== null && !this.#body.attached) this.#body.discard(new Error('nobody reads the request body'))
  }

  // Answering

  interim(exchange: Http1Exchange, status: number, reason: string, fieldLines: string): void {
    if (exchange !== this.#exchange || this.#answering.begun || exchange.head.version === '1.0') return
    if (status === 101 || status > 199) return
    if (status === 100) this.#expectPending = false
    this.#answering.interim(status, reason, fieldLines)
  }

  respondWhole(exchange: Http1Exchange, head: ResponseHead, body: Buffer | string | null): void {
    if (exchange === this.#exchange) this.#answering.respondWhole(exchange.head, head, body)
  }

  respond(exchange: Http1Exchange, head: ResponseHead, body: Body | null): void {
    if (exchange === this.#exchange) this.#answering.respond(exchange.head, head, body)
    else if (body !== null) leave(body, new Error('the exchange has ended'))
  }

  endsAfter(head: ResponseHead, framing: AnswerFraming): boolean {
    const body = this.#body
    return (
      head.close ||
      !this.#keepAlive ||
      framing === 'close' ||
      this.#context.draining ||
      // Whether the client will send the body it announced cannot be known any more (RFC 9110 §10.1.1).
      this.#expectPending ||
      (body !== null && !body.attached && body.remaining > DRAIN_LIMIT) ||
      (this.#inputEnded && this.#input.empty)
    )
  }

  answerBegan(last: boolean): void {
    this.#closeAfter = this.#closeAfter || last
    this.#discardUnread()
  }

  answerBroken(cause: Error): void {
    this.#breakOff('aborted', cause)
  }

  answerSent(): void {
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
    exchange.observer?.ended(this.#answering.end('sent'))
    this.#pump()
  }

  tunnel(exchange: Http1Exchange, head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer } {
    if (exchange !== this.#exchange) throw new Error('the exchange has ended')
    if (this.#answering.begun) throw new Error('this exchange has its answer already')
    if (this.#body !== null && !this.#body.done) throw new Error('the request body has to be read before the connection becomes a tunnel')
    const socket = this.#socket
    this.#answering.last(head.status, head.reason, head.fieldLines)
    this.#phase = 'gone'
    this.#exchange = null
    if (this.log !== null) this.log.closed('TX_PIPE')
    leaveInput(socket)
    socket.pause()
    const rest = this.#input.take()
    this.#context.register.busy(this)
    exchange.observer?.ended(this.#answering.end('sent'))
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
    if (this.log !== null) this.log.refused(status, reason)
    const midAnswer = this.#answering.begun && this.#exchange !== null
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
    if (this.log !== null) this.log.closing(this.#inputEnded ? 'REM_CLOSE' : this.#keepAlive ? 'RESP_CLOSE' : 'REQ_CLOSE')
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
    // A reset while a shutdown is under way is refused by the system, and the socket would stay for ever.
    if (this.#socket.remoteAddress === undefined || this.#socket.writableEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    this.#abandon(type, cause)
  }

  /** Ends what is under way without an answer. The phase is left before, so that nothing said in reply reaches the socket. */
  #abandon(type: 'left' | 'aborted', cause: Error): void {
    const exchange = this.#exchange
    const body = this.#body
    this.#exchange = null
    this.#body = null
    this.#answering.cancel(cause)
    body?.abort(cause)
    if (exchange === null) return
    exchange.observer?.left()
    exchange.observer?.ended(this.#answering.end(type))
  }

  // Deadlines

  tick(now: number, elapsed: number): void {
    if (this.#closingSince >= 0) {
      if (now - this.#closingSince >= LINGER) this.#socket.destroy()
      return
    }
    if (this.#phase !== 'open') return
    if (this.#answering.isStuck(now, elapsed)) this.#breakOff('aborted', new Error('the client does not take the answer'))
    else if (this.#headSince >= 0 && now - this.#headSince >= this.#context.headDeadline) this.#incomplete(this.#parser, 'head_timeout')
    else if (this.#exchange === null && this.#body !== null) {
      if (this.#drainSince >= 0 && now - this.#drainSince >= LINGER) this.#close()
    } else if (this.#body?.isSlow(now, this.#context.bodyWindow, this.#context.bodyMinimum) === true) this.#refuse('body_timeout')
  }

  closeIdle(): void {
    if (this.log !== null) this.log.closing('RX_CLOSE_IDLE')
    this.#close()
  }

  destroy(): void {
    if (this.#phase === 'gone') this.#socket.destroy()
    else this.#breakOff('aborted', new Error('the server closes'))
  }
}
