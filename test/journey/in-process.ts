/** The request machine without sockets on the client's side: an engine as the server builds it, and exchanges that only remember. */
import { onTestFinished } from 'vitest'
import type { Body } from '../../src/body/body.ts'
import { systemClock } from '../../src/clock.ts'
import { resolveSettings } from '../../src/config/resolve.ts'
import { Counters } from '../../src/counters.ts'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import { Expiry } from '../../src/object/expiry.ts'
import { FillBudget } from '../../src/object/fill-budget.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import { createOrigins } from '../../src/origin/registry.ts'
import { activatePolicy } from '../../src/policy/active.ts'
import type { Engine } from '../../src/request/engine.ts'
import type { Exchange, ExchangeObserver, Peer, RequestHead, ResponseHead } from '../../src/request/exchange.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { backend } from '../../vcl-ts/backend.ts'
import { decisionsFor } from '../../vcl-ts/builtin/decisions.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

export function engineFor(originUrl: string): Engine {
  const clock = systemClock
  const settings = resolveSettings({ memory: 64 * 1024 * 1024 })
  const counters = new Counters()
  const expiry = new Expiry(clock, (entry) => table.expire(entry))
  const table: LocalTable = new LocalTable({
    store: new MemoryStore(settings.memory),
    invalidations: new InvalidationLog(),
    now: () => clock.now(),
    variants: settings.limits.variants,
    counters,
    expiry,
  })
  const origins = createOrigins({ settings, clock, counters, oddStatus: 'fail' })
  const policy = activatePolicy([], settings.preset, clock, settings.deadlines.hook)
  onTestFinished(() => {
    table.stop()
    expiry.stop()
    origins.stop()
  })
  return {
    settings,
    decisions: decisionsFor(settings.preset),
    clock,
    counters,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    table,
    fillBudget: new FillBudget(settings.memory),
    defaultBackend: backend(originUrl),
    originOf: (which) => origins.of(which),
    policy: () => policy,
    accessLog: null,
    isTrusted: () => false,
    idPrefix: 'test-',
    viaLine: 'Via: 1.1 Clearcoat\r\n',
  }
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
