/** What leaves in one write: the head of an answer and what of its body is there or comes at once, and of a large body as much as the client takes. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { type Body, COMPLETE } from '../../src/body/body.ts'
import { SliceBody } from '../../src/body/slice.ts'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Http1Connection } from '../../src/listen/http1/connection.ts'
import { ConnectionContext } from '../../src/listen/http1/context.ts'
import { ConnectionRegister } from '../../src/listen/limits.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import type { ExchangeHandler, Peer } from '../../src/request/exchange.ts'
import { eventLog, ok, ScriptedBody, settings } from './fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
const KIB = 1024
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

/** Takes a write when it is told to. */
class SlowSocket extends CountingSocket {
  taken: (() => void) | null = null
  wasReset = false
  /** Of the write under way. */
  readonly _handle = { writeQueueSize: 0 }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this._writev([{ chunk }], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._handle.writeQueueSize = chunks.reduce((bytes, { chunk }) => bytes + chunk.length, 0)
    super._writev(chunks, () => {
      this.taken = done
    })
  }

  resetAndDestroy(): void {
    this.wasReset = true
    this.destroy()
  }
}

/** A connection of a socket, and the clock that it goes by. */
function connect(socket: Duplex, handler: ExchangeHandler): ManualClock {
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
  new Http1Connection(socket as unknown as Socket, PEER, context)
  return clock
}

/** What was written when the handler had returned and everything that waited for nothing had happened. */
async function asked(handler: ExchangeHandler): Promise<readonly string[]> {
  const socket = new CountingSocket()
  connect(socket, handler)
  await tick()
  socket.push(GET)
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

/** Of pieces of 256 KiB. */
function large(pieces: number): StoredBody {
  return new StoredBody(Array.from({ length: pieces }, () => Buffer.alloc(256 * KIB)))
}

function kibibytes(writes: readonly string[]): number[] {
  return writes.map(({ length }) => Math.floor(length / KIB))
}

/** The same, not known to stay in memory. */
function passing(pieces: number): Body {
  const body = large(pieces)
  return { length: body.length, read: (sink) => body.read(sink) }
}

test.each([
  ['a stored body in pieces goes out by the mebibyte', large(9), [1024, 1024, 256]],
  ['so does a range of it', new SliceBody(large(9), 0, 2304 * KIB - 2), [1024, 1024, 255]],
  ['a body that passes goes out by 256 KiB', passing(3), [256, 256, 256]],
])('%s', async (_, body, expected) => {
  const socket = new CountingSocket()
  connect(socket, (exchange) => exchange.respond(ok(), body))
  await tick()
  socket.push(GET)
  await tick()
  expect(kibibytes(socket.writes)).toEqual(expected)
  socket.destroy()
})

test.each([
  ['a stored body as before', large(9), [1024, 1024, 256]],
  ['of a body that passes 64 KiB at a time', passing(2), [256, 64, 64, 64, 64]],
])('a client that has to be waited for gets %s', async (_, body, expected) => {
  const socket = new SlowSocket()
  connect(socket, (exchange) => exchange.respond(ok(), body))
  await tick()
  socket.push(GET)
  await tick()
  for (let written = 1; written <= expected.length; written++) {
    expect(kibibytes(socket.writes)).toEqual(expected.slice(0, written))
    socket.taken?.()
    await tick()
  }
  socket.destroy()
})

test('a client that takes 64 KiB of a large write within 60 s is not given up; one that takes less is', async () => {
  const socket = new SlowSocket()
  const clock = connect(socket, (exchange) => exchange.respond(ok(), large(1)))
  await tick()
  socket.push(GET)
  await tick()
  for (let left = 3; left > 0; left--) {
    clock.advance(50_000)
    socket._handle.writeQueueSize -= 64 * KIB
    clock.advance(1000)
  }
  expect(socket.wasReset).toBe(false)
  socket._handle.writeQueueSize -= 63 * KIB
  clock.advance(60_000)
  expect(socket.wasReset).toBe(true)
})
