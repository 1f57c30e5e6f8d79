import { afterEach, expect, test } from 'vitest'
import { COMPLETE } from '../../src/body/body.ts'
import type { Exchange, ExchangeEnd, ExchangeHandler } from '../../src/request/exchange.ts'
import { InvalidHead } from '../../src/wire/message-head.ts'
import { RawClient } from '../support/raw-client.ts'
import { observe, ok, type Rig, readAll, recorder, ScriptedBody, type Seen, start, turns, until } from './fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

const rigs: Rig[] = []
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await Promise.all(rigs.splice(0).map((rig) => rig.listener.close()))
})

async function serve(handler: ExchangeHandler): Promise<{ rig: Rig; client: RawClient }> {
  const rig = await start(handler)
  rigs.push(rig)
  return { rig, client: await open(rig) }
}

async function open(rig: Rig): Promise<RawClient> {
  const client = await RawClient.connect(rig.listener.address)
  clients.push(client)
  return client
}

test('answers a request and keeps the connection for the next one', async () => {
  const seen: Seen[] = []
  const { rig, client } = await serve(recorder(seen))
  const first = await client.request('GET /a HTTP/1.1\r\nHost: h\r\n\r\n')
  expect(first.status).toBe(200)
  expect(first.body.toString()).toBe('GET /a h 0\n')
  expect(first.get('connection')).toBe('keep-alive')
  expect(first.get('keep-alive')).toBe('timeout=60')
  const second = await client.request('POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc')
  expect(second.body.toString()).toBe('POST /b h 3\n')
  expect(rig.counters.get('sess_conn')).toBe(1)
  expect(rig.counters.get('client_req')).toBe(2)
})

test('adds Date only when the head has none', async () => {
  const lines = ['', 'Date: Tue, 01 Jan 2019 00:00:00 GMT\r\n', 'X: y\r\ndate: Tue, 01 Jan 2019 00:00:00 GMT\r\n', 'X-Date: x\r\n']
  const { client } = await serve((exchange) => exchange.respondWhole(ok(lines.shift()), null))
  const own = 'Thu, 01 Jan 2026 00:00:00 GMT'
  expect((await client.request(GET)).getAll('date')).toEqual([own])
  expect((await client.request(GET)).getAll('date')).toEqual(['Tue, 01 Jan 2019 00:00:00 GMT'])
  expect((await client.request(GET)).getAll('date')).toEqual(['Tue, 01 Jan 2019 00:00:00 GMT'])
  expect((await client.request(GET)).getAll('date')).toEqual([own])
})

test('tells the time of the wall clock', async () => {
  const { rig, client } = await serve((exchange) => exchange.respondWhole(ok(), null))
  await client.request(GET)
  rig.clock.stepWall(3_600_000)
  expect((await client.request(GET)).get('date')).toBe('Thu, 01 Jan 2026 01:00:00 GMT')
})

test.each([0, 1, 16 * 1024, 16 * 1024 + 1, 256 * 1024, 256 * 1024 + 1, 5 * 1024 * 1024])(
  'sends a whole body of %i bytes',
  async (length) => {
    const body = Buffer.alloc(length, '0123456789abcdefg\xff\x80\0', 'latin1')
    const ends: (ExchangeEnd | 'left')[] = []
    const { client } = await serve((exchange) => {
      observe(exchange, ends)
      exchange.respondWhole(ok(), body)
    })
    for (let round = 1; round <= 2; round++) {
      const answer = await client.request(GET)
      expect(answer.get('content-length')).toBe(String(length))
      expect(answer.body.equals(body)).toBe(true)
      await until(() => ends.length === round)
      expect(ends.at(-1)).toEqual({ type: 'sent', bytes: answer.head.length + 4 + length, bodyBytes: length })
    }
  },
)

test('announces the length to HEAD and sends no body', async () => {
  const { client } = await serve((exchange) => exchange.respondWhole({ ...ok(), contentLength: 1234 }, null))
  const answer = await client.request('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n', { head: true })
  expect(answer.get('content-length')).toBe('1234')
  expect((await client.request('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n', { head: true })).status).toBe(200)
})

test('leaves the length out for HEAD when it is not known, and leaves a body that is given', async () => {
  const body = new ScriptedBody()
  const { client } = await serve((exchange) => exchange.respond(ok(), body))
  const answer = await client.request('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n', { head: true })
  expect([answer.get('content-length'), answer.get('transfer-encoding')]).toEqual([undefined, undefined])
  expect(body.cancelled).not.toBeNull()
})

test.each([
  [204, null],
  [304, '99'],
  [205, '0'],
])('frames a %i answer without body', async (status, length) => {
  const { client } = await serve((exchange) =>
    exchange.respondWhole({ status, reason: '', fieldLines: '', contentLength: status === 205 ? 0 : 99, dated: false, close: false }, null),
  )
  for (let round = 0; round < 2; round++) {
    const answer = await client.request(GET)
    expect(answer.status).toBe(status)
    expect(answer.get('content-length') ?? null).toBe(length)
  }
})

test('sends a body of unknown length in chunks, to HTTP/1.0 until the connection ends', async () => {
  const { rig, client } = await serve((exchange) => {
    const body = new ScriptedBody()
    exchange.respond(ok(), body)
    body.sink?.chunk(Buffer.from('hello '))
    body.sink?.chunk(Buffer.alloc(0))
    body.sink?.chunk(Buffer.from('world'))
    body.sink?.end(COMPLETE)
  })
  for (let round = 0; round < 2; round++) {
    const answer = await client.request(GET)
    expect(answer.get('transfer-encoding')).toBe('chunked')
    expect(answer.body.toString()).toBe('hello world')
  }
  const old = await open(rig)
  const answer = await old.request('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  expect([answer.get('transfer-encoding'), answer.get('content-length'), answer.get('connection')]).toEqual([undefined, undefined, 'close'])
  expect(answer.body.toString()).toBe('hello world')
  expect(await old.closed()).toBe('end')
})

test('sends a streamed body of known length with that length', async () => {
  const { client } = await serve((exchange) => {
    const body = new ScriptedBody(10)
    exchange.respond(ok(), body)
    body.sink?.chunk(Buffer.from('01234'))
    setImmediate(() => {
      body.sink?.chunk(Buffer.from('56789'))
      body.sink?.end(COMPLETE)
    })
  })
  const answer = await client.request(GET)
  expect(answer.get('content-length')).toBe('10')
  expect(answer.body.toString()).toBe('0123456789')
  expect((await client.request(GET)).body.toString()).toBe('0123456789')
})

test.each([
  ['HTTP/1.1', null],
  ['HTTP/1.1', 10],
  ['HTTP/1.0', null],
])('breaks the connection visibly when a body resets (%s, length %s)', async (version, length) => {
  const ends: (ExchangeEnd | 'left')[] = []
  let body = new ScriptedBody()
  const { client } = await serve((exchange) => {
    observe(exchange, ends)
    body = new ScriptedBody(length)
    exchange.respond(ok(), body)
    body.sink?.chunk(Buffer.from('01234'))
  })
  client.send(`GET / ${version}\r\nHost: h\r\n\r\n`)
  await until(() => client.total.includes('01234'))
  body.sink?.end({ type: 'reset', cause: new Error('origin broke') })
  expect(await client.closed()).toBe('reset')
  expect(ends.at(-1)).toMatchObject({ type: 'aborted', bodyBytes: 5 })
})

test.each([
  ['longer', '0123456789x'],
  ['shorter', '012345678'],
])('never ends cleanly a body that is %s than announced', async (_name, bytes) => {
  const ends: (ExchangeEnd | 'left')[] = []
  const { client } = await serve((exchange) => {
    observe(exchange, ends)
    const body = new ScriptedBody(10)
    exchange.respond(ok(), body)
    body.sink?.chunk(Buffer.from(bytes))
    body.sink?.end(COMPLETE)
  })
  client.send(GET)
  expect(await client.closed()).toBe('reset')
  expect(ends).toEqual(['left', expect.objectContaining({ type: 'aborted' })])
})

test('refuses a status line that must not go out and lets the exchange be answered otherwise', async () => {
  const { client } = await serve((exchange) => {
    expect(() => exchange.respondWhole({ ...ok(), reason: 'a\r\nX: y' }, null)).toThrow(InvalidHead)
    expect(() => exchange.respondWhole({ ...ok(), status: 101 }, null)).toThrow(InvalidHead)
    expect(() => exchange.respond({ ...ok(), status: 1000 }, new ScriptedBody())).toThrow(InvalidHead)
    exchange.respondWhole({ ...ok(), status: 599, reason: 'J\xfcrgen' }, null)
    expect(() => exchange.respondWhole(ok(), null)).not.toThrow()
  })
  const answer = await client.request(GET)
  expect([answer.status, answer.reason]).toEqual([599, 'J\xfcrgen'])
})

test('relays interim answers to HTTP/1.1 clients only, never 101 and not once the answer began', async () => {
  const { rig, client } = await serve((exchange) => {
    exchange.interim(103, 'Early Hints', 'Link: </a.css>\r\n')
    exchange.interim(101, 'Switching Protocols', '')
    if (exchange.head.version === '1.1') expect(() => exchange.interim(103, 'x', 'bad line\r\n')).toThrow(InvalidHead)
    const body = new ScriptedBody(1)
    exchange.respond(ok(), body)
    exchange.interim(102, 'Processing', '')
    body.sink?.chunk(Buffer.from('x'))
    body.sink?.end(COMPLETE)
  })
  client.send(GET)
  const hint = await client.response({ interim: true })
  expect([hint.status, hint.get('link')]).toEqual([103, '</a.css>'])
  expect((await client.response({ interim: true })).status).toBe(200)
  const old = await open(rig)
  old.send('GET / HTTP/1.0\r\n\r\n')
  expect((await old.response({ interim: true })).status).toBe(200)
})

test('answers pipelined requests in order, the next only when the one before is answered', async () => {
  const waiting: Exchange[] = []
  const { client } = await serve((exchange) => waiting.push(exchange))
  client.send(`${GET}GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n`)
  for (const target of ['/', '/2', '/3']) {
    await until(() => waiting.length === 1)
    await turns()
    expect(waiting).toHaveLength(1)
    const exchange = waiting.shift()!
    expect(exchange.head.target).toBe(target)
    exchange.respondWhole(ok(`X-Target: ${target}\r\n`), null)
    expect((await client.response()).get('x-target')).toBe(target)
  }
})

test('answers a client that ended its side after the request, then closes', async () => {
  let waiting: Exchange | null = null
  const { client } = await serve((exchange) => {
    waiting = exchange
  })
  client.send(GET)
  client.end()
  await until(() => waiting !== null)
  await turns()
  waiting!.respondWhole(ok(), Buffer.from('late'))
  const answer = await client.response()
  expect(answer.body.toString()).toBe('late')
  expect(answer.get('connection')).toBe('close')
  expect(await client.closed()).toBe('end')
})

test('answers all pipelined requests of a client that ended its side', async () => {
  const seen: Seen[] = []
  const { client } = await serve(recorder(seen))
  client.send(GET + GET + GET)
  client.end()
  expect((await client.responses()).map((answer) => answer.status)).toEqual([200, 200, 200])
})

test('refuses a head that ends with the connection, and stays silent when there was none', async () => {
  const { rig, client } = await serve(recorder([]))
  client.send('GET / HTTP/1.1\r\nHost: h\r\n')
  client.end()
  expect((await client.response()).status).toBe(400)
  expect(rig.counters.reasonCount('reject', 'head_incomplete')).toBe(1)
  const silent = await open(rig)
  silent.end()
  expect(await silent.closed()).toBe('end')
  expect(silent.total).toHaveLength(0)
})

test.each(['reset', 'destroy'] as const)('tells the consumer that the client has gone while no answer has begun (%s)', async (way) => {
  const events: (ExchangeEnd | 'left')[] = []
  let waiting: Exchange | null = null
  const { client } = await serve((exchange) => {
    observe(exchange, events)
    waiting = exchange
  })
  client.send(way === 'reset' ? GET : 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab')
  await until(() => waiting !== null)
  client[way]()
  await until(() => events.length === 2)
  expect(events).toEqual(['left', { type: 'left', bytes: 0, bodyBytes: 0 }])
  const body = new ScriptedBody()
  waiting!.respond(ok(), body)
  expect(body.cancelled).not.toBeNull()
  expect(events).toHaveLength(2)
})

test('cancels the body of the answer when the client goes away', async () => {
  const events: (ExchangeEnd | 'left')[] = []
  const body = new ScriptedBody()
  const { client } = await serve((exchange) => {
    observe(exchange, events)
    exchange.respond(ok(), body)
  })
  client.send(GET)
  await until(() => client.total.length > 0)
  client.reset()
  await until(() => body.cancelled !== null)
  expect(events).toEqual(['left', expect.objectContaining({ type: 'left', bodyBytes: 0 })])
})

test('pauses the source of an answer that the client does not take, and sends every byte once it does', async () => {
  const body = new ScriptedBody()
  let pushed = 0
  const { client } = await serve((exchange) => exchange.respond(ok(), body))
  client.socket.pause()
  client.send(GET)
  await until(() => body.sink !== null)
  const piece = (): Buffer => Buffer.alloc(64 * 1024, String(pushed % 10))
  while (body.sink!.chunk(piece())) pushed++
  pushed++
  await turns()
  expect(body.resumed).toBe(0)
  const { writableLength } = client.socket
  expect(writableLength).toBe(0)
  client.socket.resume()
  await until(() => body.resumed === 1)
  body.sink!.end(COMPLETE)
  const answer = await client.response()
  expect(answer.body).toHaveLength(pushed * 64 * 1024)
  for (let i = 0; i < pushed; i++) expect(answer.body[i * 64 * 1024]).toBe(48 + (i % 10))
})

test('pauses a client whose body is not taken, within a bound', async () => {
  let body: Exchange['body'] = null
  let held: Exchange | null = null
  const { client } = await serve((exchange) => {
    held = exchange
    body = exchange.body
  })
  const size = 8 * 1024 * 1024
  client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`)
  client.send(Buffer.alloc(size, 'u'))
  await until(() => held !== null)
  await turns(200)
  expect(client.socket.writableLength).toBeGreaterThan(0)
  let received = 0
  const flow = body!.read({
    chunk(bytes) {
      received += bytes.length
      setImmediate(() => flow.resume())
      return false
    },
    end(end) {
      expect(end.type).toBe('complete')
      held!.respondWhole(ok(), null)
    },
  })
  expect((await client.response()).status).toBe(200)
  expect(received).toBe(size)
})

test('sends 100 Continue when the body is read, not before', async () => {
  let waiting: Exchange | null = null
  const { client } = await serve((exchange) => {
    waiting = exchange
  })
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  await until(() => waiting !== null)
  await turns()
  expect(client.total).toHaveLength(0)
  let body: string | null = null
  readAll(waiting!.body, (bytes) => {
    body = bytes?.toString() ?? null
    waiting!.respondWhole(ok(), null)
  })
  expect((await client.response({ interim: true })).status).toBe(100)
  client.send('ab')
  expect((await client.response()).get('connection')).toBe('keep-alive')
  expect(body).toBe('ab')
})

test('closes after an answer that comes before the body a client holds back', async () => {
  const { client } = await serve((exchange) => exchange.respondWhole(ok(), null))
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  const answer = await client.response({ interim: true })
  expect([answer.status, answer.get('connection')]).toEqual([200, 'close'])
  expect(await client.closed()).toBe('end')
})

test('breaks off visibly when told to', async () => {
  const events: (ExchangeEnd | 'left')[] = []
  const { client } = await serve((exchange) => {
    observe(exchange, events)
    exchange.abort()
    exchange.abort()
  })
  client.send(GET)
  expect(await client.closed()).toBe('reset')
  expect(events).toEqual(['left', { type: 'aborted', bytes: 0, bodyBytes: 0 }])
})

test('answers 500 and closes when the handler throws, and serves others', async () => {
  const { rig, client } = await serve((exchange) => {
    if (exchange.head.target === '/throw') throw new Error('defect')
    exchange.respondWhole(ok(), null)
  })
  const answer = await client.request('GET /throw HTTP/1.1\r\nHost: h\r\n\r\n')
  expect([answer.status, answer.get('connection')]).toEqual([500, 'close'])
  expect(rig.logged).toEqual([{ level: 'error', message: expect.any(String) }])
  const other = await open(rig)
  expect((await other.request(GET)).status).toBe(200)
})

test('gives the raw connection away as a tunnel with the bytes that came behind the head', async () => {
  const events: (ExchangeEnd | 'left')[] = []
  const { rig, client } = await serve((exchange) => {
    observe(exchange, events)
    const { socket, rest } = exchange.tunnel({
      status: 101,
      reason: 'Switching Protocols',
      fieldLines: 'Connection: upgrade\r\nUpgrade: echo\r\n',
    })
    expect(socket.isPaused()).toBe(true)
    socket.write(`<${rest.toString('latin1')}>`)
    socket.on('data', (bytes: Buffer) => socket.write(bytes))
    socket.on('end', () => socket.end('bye'))
    socket.resume()
  })
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nGET /frame')
  const head = await client.response()
  expect([head.status, head.get('upgrade'), head.get('date')]).toEqual([101, 'echo', undefined])
  expect(events).toEqual([expect.objectContaining({ type: 'sent' })])
  await until(() => client.pending.toString() === '<GET /frame>')
  client.send('\x00\xff')
  await until(() => client.pending.toString('latin1') === '<GET /frame>\x00\xff')
  expect(rig.listener.connections).toBe(1)
  client.end()
  expect(await client.closed()).toBe('end')
  expect(client.pending.toString('latin1')).toBe('<GET /frame>\x00\xffbye')
  await until(() => rig.listener.connections === 0)
})

test('refuses to become a tunnel while a request body is under way', async () => {
  const { client } = await serve((exchange) => {
    expect(() => exchange.tunnel({ status: 101, reason: '', fieldLines: '' })).toThrow(/body/)
    exchange.respondWhole(ok(), null)
  })
  expect((await client.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n')).status).toBe(200)
})

test('tells who the peer is', async () => {
  const { client } = await serve((exchange) => {
    const { address, port, scheme, trusted } = exchange.peer
    exchange.respondWhole(ok(`X-Peer: ${address} ${port} ${scheme} ${trusted}\r\n`), null)
  })
  expect((await client.request(GET)).get('x-peer')).toBe(`127.0.0.1 ${client.socket.localPort} http false`)
})

test('a body of many tiny chunks reaches its reader in few pieces: each costs a write to the origin', async () => {
  let pieces = 0
  let bytes = 0
  const { client } = await serve((exchange) => {
    exchange.body?.read({
      chunk(piece) {
        pieces++
        bytes += piece.length
        return true
      },
      end: () => exchange.respondWhole(ok(), null),
    })
  })
  await client.request(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(5000)}0\r\n\r\n`)
  expect(bytes).toBe(5000)
  expect(pieces).toBeLessThan(50)
})

test('draining closes a connection that becomes idle only when the rest of an answered request has come', async () => {
  const { rig, client } = await serve((exchange) => exchange.respondWhole(ok(), null))
  const answer = await client.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab')
  expect(answer.get('connection')).toBe('keep-alive')
  const drained = rig.listener.drain(30_000)
  client.send('cde')
  expect(await client.closed()).toBe('end')
  client.end()
  await drained
})

test('an empty line alone is no request: nothing is answered to it, neither when the client ends nor when it waits', async () => {
  const { rig, client } = await serve(recorder([]))
  const ending = await open(rig)
  for (const each of [client, ending]) {
    await each.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na')
    each.send('\r\n')
  }
  ending.end()
  await ending.closed()
  expect(ending.pending).toHaveLength(0)
  await turns()
  rig.clock.advance(10_500)
  expect(await client.closed()).toBe('end')
  expect(client.pending).toHaveLength(0)
  expect(rig.refused).toEqual([])
})
