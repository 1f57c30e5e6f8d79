/** The request machine without sockets on the client's side: an engine as the server builds it, and exchanges in memory. */
import { onTestFinished } from 'vitest'
import { assemble } from '../../src/assembly.ts'
import type { ServerOptions } from '../../src/index.ts'
import type { Engine } from '../../src/request/engine.ts'
import type { Peer } from '../../src/request/exchange.ts'
import { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

export function engineFor(originUrl: string, options: Omit<ServerOptions, 'policy' | 'origin'> = {}): Engine {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const { engine, stores, origins } = assemble({ memory: 64 * 1024 * 1024, eventLog: log, ...options, origin: originUrl })
  onTestFinished(() => {
    stores.stop()
    origins.stop()
  })
  return engine
}

const PEER: Peer = { address: '192.0.2.1', port: 1024, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false }

/** A GET whose answer is kept. */
export function getExchange(target: string): MemoryExchange {
  const headers = HeaderMap.of([['Host', 'www.example']])
  return new MemoryExchange({ method: 'GET', target, host: 'www.example', version: '1.1', headers }, PEER)
}
