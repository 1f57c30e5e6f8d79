/**
 * Answering on one connection: the head in its final form, the body behind it, whether the client keeps up, and when all of it has
 * gone to the operating system.
 */
import type { Socket } from 'node:net'
import { type Body, COMPLETE } from '../../body/body.ts'
import type { ExchangeEnd, RequestHead, ResponseHead } from '../../request/exchange.ts'
import { checkFieldLines } from '../../wire/message-head.ts'
import { AnswerBody, type AnswerHost } from './answer-body.ts'
import { type AnswerFraming, answerHead, headEnding, isBodiless, statusLine } from './answer-head.ts'
import type { ConnectionContext } from './context.ts'

/** A body up to this size goes out in one piece with its head. */
const WHOLE_LIMIT = 16 * 1024

/** Bytes that a client has to take within the time for sending, or it is taken for dead. */
const ALIVE = 64 * 1024

/** The connection as its answers see it. */
export interface AnswerOwner {
  /** Whether the connection will end after an answer that has this head and framing. */
  endsAfter(head: ResponseHead, framing: AnswerFraming): boolean
  /** The head is going out; `last` as `endsAfter` said. */
  answerBegan(last: boolean): void
  /** The answer was sent whole. */
  answerSent(): void
  /** The answer has to be broken off. */
  answerBroken(cause: Error): void
}

export class Answering implements AnswerHost {
  readonly #owner: AnswerOwner
  readonly #socket: Socket
  readonly #context: ConnectionContext
  #body: AnswerBody | null = null
  #begun = false
  #complete = false
  #flushing = false
  #bytes = 0
  #bodyBytes = 0
  /** Since when the client has taken nothing, `-1` when nothing waits for it; and how long it was behind in all. */
  #stallSince = -1
  #stalled = 0
  /** Bytes that waited in the socket when it was last known to have taken some. */
  #queued = 0

  constructor(owner: AnswerOwner, socket: Socket, context: ConnectionContext) {
    this.#owner = owner
    this.#socket = socket
    this.#context = context
  }

  /** Whether the final head has gone out. */
  get begun(): boolean {
    return this.#begun
  }

  /** The next request's turn. */
  reset(): void {
    this.#begun = false
    this.#complete = false
    this.#bytes = 0
    this.#bodyBytes = 0
    this.#stalled = 0
  }

  end(type: ExchangeEnd['type']): ExchangeEnd {
    return { type, bytes: this.#bytes, bodyBytes: this.#bodyBytes }
  }

  /** The source of the answer is left; what it still says is ignored. */
  cancel(cause: Error): void {
    this.#body?.cancel(cause)
    this.#body = null
  }

  interim(status: number, reason: string, fieldLines: string): void {
    this.#socket.write(`${statusLine(status, reason, 100)}${checkFieldLines(fieldLines)}\r\n`, 'latin1')
  }

  /** Sends a head with its fields as they are, behind which the connection is no longer ours. */
  last(status: number, reason: string, fieldLines: string): void {
    const text = `${statusLine(status, reason, 100)}${checkFieldLines(fieldLines)}\r\n`
    this.#begun = true
    this.#socket.write(text, 'latin1')
    this.answerWrote(text.length, 0)
  }

  respondWhole(request: RequestHead, head: ResponseHead, body: Buffer | string | null): void {
    const length = body === null ? 0 : body.length
    if (isBodiless(request.method, head.status)) {
      this.#sendHead(head, 'none')
      this.answerDone()
      return
    }
    if (body !== null && length > WHOLE_LIMIT) {
      this.#socket.cork()
      try {
        this.#sendHead(head, length)
        const sending = new AnswerBody(this, this.#socket, length, true)
        this.#body = sending
        sending.chunk(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
        sending.end(COMPLETE)
      } finally {
        this.#uncork()
      }
      return
    }
    const text = this.#headText(head, length)
    this.answerWrote(text.length + length, length)
    const bytes = body === null || length === 0 ? '' : typeof body === 'string' ? body : body.toString('latin1')
    this.#socket.write(bytes === '' ? text : text + bytes, 'latin1')
    this.answerDone()
  }

  respond(request: RequestHead, head: ResponseHead, body: Body | null): void {
    if (body === null) {
      this.respondWhole(request, head, null)
      return
    }
    if (isBodiless(request.method, head.status)) {
      leave(body, new Error('this answer has no body'))
      this.#sendHead(head, 'none')
      this.answerDone()
      return
    }
    const framing = head.contentLength ?? body.length ?? (request.version === '1.0' ? 'close' : 'chunked')
    this.#socket.cork()
    let headAlone = false
    try {
      this.#sendHead(head, framing)
      this.#body = new AnswerBody(this, this.#socket, framing, body.lasting === true)
      this.#body.start(body)
      headAlone = this.#body !== null && this.#bodyBytes === 0
    } finally {
      // What came from an origin with its head is told of once this has returned, and goes out with the head in one write.
      if (headAlone) process.nextTick(() => this.#uncork())
      else this.#uncork()
    }
  }

  answerWrote(bytes: number, bodyBytes: number): void {
    this.#bytes += bytes
    this.#bodyBytes += bodyBytes
  }

  answerWaits(): void {
    if (this.#flushing || this.#socket.writableCorked > 0) return
    this.#flushing = true
    this.#stallSince = this.#context.clock.now()
    this.#queued = waitingIn(this.#socket)
    this.#watchFlush()
  }

  answerDone(): void {
    this.#complete = true
    this.#body = null
    if (this.#socket.writableLength === 0) this.#owner.answerSent()
    else this.answerWaits()
  }

  answerBroken(cause: Error): void {
    this.#owner.answerBroken(cause)
  }

  /** For the socket's `drain`, and for the empty write that stands in for it. */
  flushed(): void {
    if (!this.#flushing || this.#socket.destroyed) return
    if (this.#socket.writableLength > 0) {
      this.#watchFlush()
      return
    }
    this.#flushing = false
    this.#stallSince = -1
    if (this.#complete) {
      this.#owner.answerSent()
      return
    }
    this.#socket.cork()
    try {
      this.#body?.flushed(true)
    } finally {
      this.#uncork()
    }
  }

  /** Whether the client has been behind for too long; `elapsed` milliseconds have passed since the last call. */
  isStuck(now: number, elapsed: number): boolean {
    if (this.#stallSince < 0) return false
    this.#stalled += elapsed
    const queued = waitingIn(this.#socket)
    if (this.#queued - queued >= ALIVE) this.#stallSince = now
    if (this.#queued - queued >= ALIVE || queued > this.#queued) this.#queued = queued
    return now - this.#stallSince >= this.#context.sendIdle || this.#stalled >= this.#context.sendTotal
  }

  #sendHead(head: ResponseHead, framing: AnswerFraming): void {
    const text = this.#headText(head, framing)
    this.#socket.write(text, 'latin1')
    this.answerWrote(text.length, 0)
  }

  /** Nothing has changed when it throws, so that the exchange can be answered otherwise. */
  #headText(head: ResponseHead, framing: AnswerFraming): string {
    if (this.#begun) throw new Error('this exchange has its answer already')
    const last = this.#owner.endsAfter(head, framing)
    const length = typeof framing === 'number' ? framing : framing === 'none' && head.status !== 204 ? head.contentLength : null
    const lines = last ? 'Connection: close\r\n\r\n' : this.#context.keepAliveLines
    const text = answerHead(head, this.#context, headEnding(length, framing === 'chunked', lines))
    this.#begun = true
    this.#owner.answerBegan(last)
    return text
  }

  /** What was held back to go out together goes out, and more as long as the client takes it at once, which can be seen only now. */
  #uncork(): void {
    const socket = this.#socket
    for (;;) {
      socket.uncork()
      if (!this.#begun || socket.destroyed) return
      if (this.#complete) {
        this.answerDone()
        return
      }
      const body = this.#body
      if (body === null || !body.waiting) return
      if (socket.writableLength > 0) {
        this.answerWaits()
        return
      }
      socket.cork()
      body.flushed(false)
    }
  }

  /** Without back-pressure there is no `drain`; an empty write tells when everything before it has gone. */
  #watchFlush(): void {
    if (!this.#socket.writableNeedDrain) this.#socket.write('', () => this.flushed())
  }
}

/**
 * Bytes that the operating system has not taken yet. The stream counts a write until all of it has gone; how far it is only its handle knows,
 * which Node does not document: where it is not told, a write is waited for whole.
 */
function waitingIn(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeQueueSize?: unknown } | null }
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : socket.writableLength
}

/** Takes a body only to say that nobody wants it, so that its source does not wait. */
export function leave(body: Body, cause: Error): void {
  body.read({ chunk: () => false, end: () => undefined }).cancel(cause)
}
