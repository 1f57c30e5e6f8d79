/** An exchange without a socket: the request is at hand, the answer is kept. */
import { Socket } from 'node:net'
import type { Body } from '../body/body.ts'
import type { Exchange, ExchangeEnd, ExchangeObserver, Peer, RequestHead, ResponseHead } from './exchange.ts'

export class MemoryExchange implements Exchange {
  readonly peer: Peer
  readonly head: RequestHead
  readonly body: Body | null
  observer: ExchangeObserver | null = null
  status = 0
  reason = ''
  fieldLines = ''
  contentLength: number | null = null
  /** The answer broke off where the client can see it. */
  broken = false
  /** Nothing more comes. */
  over = false
  /** Resolves when the exchange has ended. */
  readonly answered: Promise<void>
  readonly #chunks: Buffer[] = []
  #answered: () => void = () => {}

  constructor(head: RequestHead, peer: Peer, body: Body | null = null) {
    this.head = head
    this.peer = peer
    this.body = body
    this.answered = new Promise((resolve) => {
      this.#answered = resolve
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  interim(): void {}

  respond(head: ResponseHead, body: Body | null): void {
    this.#begin(head)
    if (body === null) {
      this.#end('sent')
      return
    }
    body.read({
      chunk: (bytes) => {
        this.#chunks.push(Buffer.from(bytes))
        return true
      },
      end: (end) => this.#end(end.type === 'complete' ? 'sent' : 'aborted'),
    })
  }

  respondWhole(head: ResponseHead, body: Buffer | string | null): void {
    this.#begin(head)
    if (body !== null) this.#chunks.push(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    this.#end('sent')
  }

  /** The socket that it gives away is connected to nothing. */
  tunnel(head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer } {
    this.#begin({ ...head, contentLength: null })
    this.#end('sent')
    return { socket: new Socket(), rest: Buffer.alloc(0) }
  }

  abort(): void {
    this.#end('aborted')
  }

  /** The client goes away, unless it has its answer. */
  leave(): void {
    if (this.over) return
    this.observer?.left()
    this.#end('left')
  }

  #begin(head: Pick<ResponseHead, 'status' | 'reason' | 'fieldLines' | 'contentLength'>): void {
    this.status = head.status
    this.reason = head.reason
    this.fieldLines = head.fieldLines
    this.contentLength = head.contentLength
  }

  #end(type: ExchangeEnd['type']): void {
    this.over = true
    this.broken = type === 'aborted'
    const bodyBytes = this.#chunks.reduce((sum, { length }) => sum + length, 0)
    this.observer?.ended({ type, bytes: this.fieldLines.length + bodyBytes, bodyBytes })
    this.#answered()
  }
}
