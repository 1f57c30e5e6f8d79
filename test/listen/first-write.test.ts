/** The head of an answer and what of its body is there, or comes at once, leave in one write. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { COMPLETE } from '../../src/body/body.ts'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Http1Connection } from '../../src/listen/http1/connection.ts'
import { ConnectionContext } from '../../src/listen/http1/context.ts'
import { ConnectionRegister } from '../../src/listen/limits.ts'
import type { ExchangeHandler, Peer } from '../../src/request/exchange.ts'
import { eventLog, ok, ScriptedBody, settings } from './fixture.ts'

const PEER: Peer = { address: '192.0.2.1', port: 1, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false }

/** Keeps what goes to the operating system at a time. */
class CountingSocket extends Duplex {
  readonly writes: string[] = []
  readonly remoteAddress: string = PEER.address

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString('latin1'))
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'))
    done()
  }
}

/** What was written when the handler had returned and everything that waited for nothing had happened. */
async function asked(handler: ExchangeHandler): Promise<readonly string[]> {
  const clock = new ManualClock()
  const parts = settings()
  const context = new ConnectionContext({
    settings: parts,
    clock,
    counters: new Counters(),
    log: eventLog([]),
    handler,
    onRefused: null,
    register: new ConnectionRegister(clock, parts),
  })
  const socket = new CountingSocket()
  new Http1Connection(socket as unknown as Socket, PEER, context)
  await tick()
  socket.push('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await tick()
  await tick()
  socket.destroy()
  return socket.writes
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test.each([
  ['a length', 5],
  ['chunks', null],
])('with %s: what comes before the handler has returned goes out with the head, the rest behind it', async (_, length) => {
  const body = new ScriptedBody(length)
  const writes = await asked((exchange) => {
    exchange.respond(ok(), body)
    body.sink?.chunk(Buffer.from('abc'))
    setImmediate(() => {
      body.sink?.chunk(Buffer.from('de'))
      body.sink?.end(COMPLETE)
    })
  })
  expect(writes[0]).toMatch(length === null ? /\r\n\r\n3\r\nabc\r\n$/ : /\r\n\r\nabc$/)
  expect(writes.slice(1).join('')).toBe(length === null ? '2\r\nde\r\n0\r\n\r\n' : 'de')
})

test('a head behind which nothing comes does not wait for it', async () => {
  const writes = await asked((exchange) => exchange.respond(ok(), new ScriptedBody(5)))
  expect(writes).toHaveLength(1)
  expect(writes[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s)
})
