/** The exchange of a fragment: its request comes from a page, and its answer goes there. */
import type { Socket } from 'node:net'
import type { Body, BodyFlow, BodySink } from '../body/body.ts'
import type { FragmentAnswer, FragmentRequest } from '../esi/fragments.ts'
import type { Exchange, ExchangeEnd, ExchangeObserver, Peer, RequestHead, ResponseHead } from './exchange.ts'

export class FragmentExchange implements Exchange, FragmentRequest {
  readonly peer: Peer
  readonly head: RequestHead
  readonly body = null
  observer: ExchangeObserver | null = null
  readonly #answered: (answer: FragmentAnswer) => void
  #begun = false
  #over = false

  constructor(head: RequestHead, peer: Peer, answered: (answer: FragmentAnswer) => void) {
    this.head = head
    this.peer = peer
    this.#answered = answered
  }

  interim(): void {}

  respond(head: ResponseHead, body: Body | null): void {
    if (body === null || !succeeded(head.status)) {
      body?.read({ chunk: () => false, end: () => {} }).cancel(UNWANTED)
      this.respondWhole(head, null)
    } else if (this.#begin()) this.#answered({ type: 'body', body: { length: body.length, read: (sink) => this.#read(body, sink) } })
  }

  respondWhole(head: ResponseHead, body: Buffer | string | null): void {
    if (!this.#begin()) return
    if (!succeeded(head.status)) {
      this.#end('sent', 0)
      this.#answered({ type: 'failed', detail: `it was answered ${head.status}` })
      return
    }
    const bytes = body ?? ''
    this.#end('sent', bytes.length)
    this.#answered({ type: 'whole', bytes })
  }

  /** A fragment is never piped. */
  tunnel(): { socket: Socket; rest: Buffer } {
    throw new Error('a fragment has no connection that could become a tunnel')
  }

  abort(): void {
    if (!this.#begin()) return
    this.#end('aborted', 0)
    this.#answered({ type: 'failed', detail: 'it could not be answered' })
  }

  cancel(): void {
    if (this.#over) return
    this.#begun = true
    this.observer?.left()
    this.#end('left', 0)
  }

  #begin(): boolean {
    if (this.#begun) return false
    this.#begun = true
    return true
  }

  #read(body: Body, sink: BodySink): BodyFlow {
    let bytes = 0
    const flow = body.read({
      chunk: (chunk) => {
        bytes += chunk.length
        return sink.chunk(chunk)
      },
      end: (end) => {
        this.#end(end.type === 'complete' ? 'sent' : 'aborted', bytes)
        sink.end(end)
      },
    })
    return {
      resume: () => flow.resume(),
      cancel: (cause) => {
        flow.cancel(cause)
        if (!this.#over) this.observer?.left()
        this.#end('left', bytes)
      },
    }
  }

  #end(type: ExchangeEnd['type'], bytes: number): void {
    if (this.#over) return
    this.#over = true
    this.observer?.ended({ type, bytes, bodyBytes: bytes })
  }
}

const UNWANTED = new Error('a page includes no error pages')

/** What a page may include: no errors, no redirects, no parts. */
function succeeded(status: number): boolean {
  return status >= 200 && status < 300 && status !== 206
}
