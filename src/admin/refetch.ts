/** Fetches a page anew through the engine: an anonymous GET without a socket, whose answer is read and thrown away. */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import type { Engine } from '../request/engine.ts'
import type { Exchange, ExchangeObserver, Peer, RequestHead, ResponseHead } from '../request/exchange.ts'
import { serve } from '../request/serve.ts'
import type { RefetchTarget } from './parts.ts'

/** Nobody has this address (RFC 5737), so that nothing is allowed to the request that an address allows. */
const PEER: Omit<Peer, 'scheme' | 'localPort'> = { address: '192.0.2.1', port: 0, localAddress: '192.0.2.2', trusted: false }

/** Resolves with whether a whole answer other than an error came. */
export function refetch(engine: Engine, { url, host, scheme }: RefetchTarget): Promise<boolean> {
  const headers = HeaderMap.of([
    ['Host', host],
    ['User-Agent', 'Clearcoat refresh'],
  ])
  return new Promise((resolve) => {
    serve(
      engine,
      new Drain(
        { method: 'GET', target: url, host, version: '1.1', headers },
        { ...PEER, scheme, localPort: scheme === 'https' ? 443 : 80 },
        resolve,
      ),
    )
  })
}

class Drain implements Exchange {
  readonly peer: Peer
  readonly head: RequestHead
  readonly body = null
  observer: ExchangeObserver | null = null
  readonly #done: (whole: boolean) => void

  constructor(head: RequestHead, peer: Peer, done: (whole: boolean) => void) {
    this.head = head
    this.peer = peer
    this.#done = done
  }

  interim(): void {}

  respond(head: ResponseHead, body: Body | null): void {
    if (body === null) this.#end(head, 'sent', 0)
    else {
      let bytes = 0
      body.read({
        chunk: (chunk) => {
          bytes += chunk.length
          return true
        },
        end: (end) => this.#end(head, end.type === 'complete' ? 'sent' : 'aborted', bytes),
      })
    }
  }

  respondWhole(head: ResponseHead, body: Buffer | string | null): void {
    this.#end(head, 'sent', body?.length ?? 0)
  }

  /** No GET without Upgrade becomes a tunnel. */
  tunnel(): never {
    throw new Error('a refresh cannot become a tunnel')
  }

  abort(): void {
    this.observer?.ended({ type: 'aborted', bytes: 0, bodyBytes: 0 })
    this.#done(false)
  }

  #end(head: ResponseHead, type: 'sent' | 'aborted', bodyBytes: number): void {
    this.observer?.ended({ type, bytes: bodyBytes, bodyBytes })
    this.#done(type === 'sent' && head.status < 500)
  }
}
