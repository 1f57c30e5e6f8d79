/** One request and its answer on an HTTP/1.1 connection. It only names the exchange; the connection does the work. */
import type { Socket } from 'node:net'
import type { Body } from '../../body/body.ts'
import type { ClientSession, Exchange, ExchangeObserver, Peer, RequestHead, ResponseHead } from '../../request/exchange.ts'

/** The connection as its exchanges see it. An exchange that has ended gets no answer any more; its calls do nothing. */
export interface ExchangeHost extends ClientSession {
  interim(exchange: Http1Exchange, status: number, reason: string, fieldLines: string): void
  respond(exchange: Http1Exchange, head: ResponseHead, body: Body | null): void
  respondWhole(exchange: Http1Exchange, head: ResponseHead, body: Buffer | string | null): void
  tunnel(exchange: Http1Exchange, head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer }
  abort(exchange: Http1Exchange): void
}

export class Http1Exchange implements Exchange {
  readonly #host: ExchangeHost
  readonly peer: Peer
  readonly head: RequestHead
  readonly body: Body | null
  observer: ExchangeObserver | null = null

  constructor(host: ExchangeHost, peer: Peer, head: RequestHead, body: Body | null) {
    this.#host = host
    this.peer = peer
    this.head = head
    this.body = body
  }

  get session(): ClientSession {
    return this.#host
  }

  interim(status: number, reason: string, fieldLines: string): void {
    this.#host.interim(this, status, reason, fieldLines)
  }

  respond(head: ResponseHead, body: Body | null): void {
    this.#host.respond(this, head, body)
  }

  respondWhole(head: ResponseHead, body: Buffer | string | null): void {
    this.#host.respondWhole(this, head, body)
  }

  tunnel(head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer } {
    return this.#host.tunnel(this, head)
  }

  abort(): void {
    this.#host.abort(this)
  }
}
