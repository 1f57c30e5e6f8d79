/** The connection on an in-memory stream: bytes go in synchronously in any pieces, so that every split can be tried in process. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Http1Connection } from '../../src/listen/http1/connection.ts'
import { ConnectionContext } from '../../src/listen/http1/context.ts'
import { ConnectionRegister } from '../../src/listen/limits.ts'
import type { ExchangeHandler, Peer } from '../../src/request/exchange.ts'
import { eventLog, recorder, type Seen, settings } from './fixture.ts'

const PEER: Peer = { address: '192.0.2.1', port: 1, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false }

class MemorySocket extends Duplex {
  readonly written: Buffer[] = []
  readonly remoteAddress: string = PEER.address

  constructor() {
    super({ allowHalfOpen: true, autoDestroy: true })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.written.push(Buffer.from(chunk))
    done()
  }

  resetAndDestroy(): this {
    return this.destroy()
  }
}

/** Everything that can be observed of a connection from outside. */
export interface Verdict {
  readonly output: string
  readonly seen: readonly Seen[]
  /** Whether our side ended, or all was broken off, before the client ended its own. */
  readonly closed: boolean
  readonly rejected: readonly string[]
}

/** Feeds the pieces to new connections, one after the other, and answers what came of each. */
export class MemoryListener {
  readonly #clock = new ManualClock()
  readonly #context: ConnectionContext
  #seen: Seen[] = []
  #rejected: string[] = []

  constructor(handler: ((seen: Seen[]) => ExchangeHandler) | null = null) {
    const parts = settings()
    this.#context = new ConnectionContext({
      settings: parts,
      clock: this.#clock,
      counters: new Counters(),
      log: eventLog([]),
      handler: (exchange) => (handler ?? recorder)(this.#seen)(exchange),
      onRefused: (_peer, _status, reason) => this.#rejected.push(reason),
      register: new ConnectionRegister(this.#clock, parts),
    })
  }

  async feed(pieces: readonly Buffer[]): Promise<Verdict> {
    const socket = new MemorySocket()
    this.#seen = []
    this.#rejected = []
    new Http1Connection(socket as unknown as Socket, PEER, this.#context)
    // The stream starts to flow in the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    for (const piece of pieces) {
      // As a buffer that is read into again.
      const lent = Buffer.from(piece)
      if (!socket.destroyed) socket.push(lent)
      lent.fill('~')
    }
    const closed = socket.destroyed || socket.writableEnded
    // Whether an interim answer is due depends on what has arrived, and rightly so.
    const output = Buffer.concat(socket.written).toString('latin1').replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '')
    const verdict = { output, seen: this.#seen, closed, rejected: this.#rejected }
    socket.destroy()
    return verdict
  }
}

/** Longer bytes are not also tried one by one, only in small pieces. */
const SINGLE_BYTES = 4096

/** The bytes in two pieces, at every offset; and, last, in single bytes. */
export function splits(bytes: Buffer): Buffer[][] {
  const all: Buffer[][] = []
  for (let at = 1; at < bytes.length; at++) all.push([bytes.subarray(0, at), bytes.subarray(at)])
  const size = bytes.length > SINGLE_BYTES ? 61 : 1
  all.push(Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)))
  return all
}
