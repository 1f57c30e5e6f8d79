/** The request machine without sockets on the client's side: an engine as the server builds it, and exchanges that only remember. */
import { onTestFinished } from 'vitest'
import { assemble } from '../../src/assembly.ts'
import type { Body } from '../../src/body/body.ts'
import type { Engine } from '../../src/request/engine.ts'
import type { Exchange, ExchangeObserver, Peer, RequestHead, ResponseHead } from '../../src/request/exchange.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

export function engineFor(originUrl: string): Engine {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const { engine, table, expiry, origins } = assemble({ origin: originUrl, memory: 64 * 1024 * 1024, eventLog: log })
  onTestFinished(() => {
    table.stop()
    expiry.stop()
    origins.stop()
  })
  return engine
}

const PEER: Peer = { address: '192.0.2.1', port: 1024, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false }

/** A GET whose answer is kept. */
export class MemoryExchange implements Exchange {
  readonly peer: Peer = PEER
  readonly head: RequestHead
  readonly body: Body | null = null
  observer: ExchangeObserver | null = null
  status = 0
  text = ''
  readonly answered: Promise<void>
  #answered: () => void = () => {}

  constructor(target: string) {
    this.head = { method: 'GET', target, host: 'www.example', version: '1.1', headers: HeaderMap.of([['Host', 'www.example']]) }
    this.answered = new Promise((resolve) => {
      this.#answered = resolve
    })
  }

  interim(): void {}

  respond(head: ResponseHead, body: Body | null): void {
    this.status = head.status
    if (body === null) {
      this.#end('sent')
      return
    }
    body.read({
      chunk: (bytes) => {
        this.text += bytes.toString('latin1')
        return true
      },
      end: (end) => this.#end(end.type === 'complete' ? 'sent' : 'aborted'),
    })
  }

  respondWhole(head: ResponseHead, body: Buffer | null): void {
    this.status = head.status
    this.text = body?.toString('latin1') ?? ''
    this.#end('sent')
  }

  tunnel(): never {
    throw new Error('a GET opens no tunnel')
  }

  abort(): void {
    this.#end('aborted')
  }

  #end(type: 'sent' | 'aborted'): void {
    this.observer?.ended({ type, bytes: this.text.length, bodyBytes: this.text.length })
    this.#answered()
  }
}
