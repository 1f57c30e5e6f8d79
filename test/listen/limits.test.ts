import { afterEach, expect, test } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import type { Exchange, ExchangeEnd, ExchangeHandler } from '../../src/request/exchange.ts'
import { RawClient } from '../support/raw-client.ts'
import { observe, ok, type Rig, readAll, recorder, ScriptedBody, type Seen, settings, start, turns, until } from './fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

const rigs: Rig[] = []
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await Promise.all(rigs.splice(0).map((rig) => rig.listener.close()))
})

async function serve(handler: ExchangeHandler, own: Settings = settings()): Promise<Rig> {
  const rig = await start(handler, { settings: own })
  rigs.push(rig)
  return rig
}

async function open(rig: Rig): Promise<RawClient> {
  const client = await RawClient.connect(rig.listener.address)
  clients.push(client)
  return client
}

test('answers 408 and closes when a head is not whole 10 s after its first byte', async () => {
  const seen: Seen[] = []
  const rig = await serve(recorder(seen))
  const client = await open(rig)
  await until(() => rig.listener.connections === 1)
  rig.clock.advance(30_000)
  client.send('G')
  await turns()
  for (const byte of 'ET / HTTP') {
    rig.clock.advance(1000)
    client.send(byte)
    await turns()
  }
  expect(client.ended).toBeNull()
  rig.clock.advance(1250)
  const answer = await client.response()
  expect([answer.status, answer.get('connection')]).toEqual([408, 'close'])
  expect(await client.closed()).toBe('end')
  expect(rig.counters.reasonCount('reject', 'head_timeout')).toBe(1)
  expect(seen).toHaveLength(0)
})

test('counts the head deadline from the head, not from the connection or the request before', async () => {
  const rig = await serve(recorder([]))
  const client = await open(rig)
  for (let round = 0; round < 3; round++) {
    expect((await client.request(GET)).status).toBe(200)
    rig.clock.advance(9000)
    client.send(GET.slice(0, 5))
    await turns()
    rig.clock.advance(9000)
    expect((await client.request(GET.slice(5))).status).toBe(200)
  }
})

test('closes an idle connection silently after the announced time, not before', async () => {
  const rig = await serve(recorder([]))
  const fresh = await open(rig)
  const used = await open(rig)
  expect((await used.request(GET)).get('keep-alive')).toBe('timeout=60')
  rig.clock.advance(59_999)
  await turns()
  expect([fresh.ended, used.ended]).toEqual([null, null])
  rig.clock.advance(501)
  expect(await fresh.closed()).toBe('end')
  expect(await used.closed()).toBe('end')
  expect(fresh.total).toHaveLength(0)
  expect(used.pending).toHaveLength(0)
})

test('announces the idle deadline that is set', async () => {
  const rig = await serve(recorder([]), settings({}, { idle: 5.5 }))
  const client = await open(rig)
  expect((await client.request(GET)).get('keep-alive')).toBe('timeout=5')
  rig.clock.advance(6000)
  expect(await client.closed()).toBe('end')
})

test('answers 408 to a body slower than 500 bytes a second over 30 s, and what follows never runs', async () => {
  const seen: Seen[] = []
  const rig = await serve(recorder(seen))
  const client = await open(rig)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n')
  await until(() => seen.length === 1)
  for (let second = 0; second < 29; second++) {
    client.send('x'.repeat(400))
    await turns()
    rig.clock.advance(1000)
  }
  expect(client.ended).toBeNull()
  rig.clock.advance(1500)
  client.send(GET)
  expect((await client.response()).status).toBe(408)
  expect(await client.closed()).toBe('end')
  expect(seen).toHaveLength(1)
  expect(seen[0]!.body).toBeNull()
  expect(rig.counters.reasonCount('reject', 'body_timeout')).toBe(1)
})

test('takes a body of 500 bytes a second however long it is', async () => {
  const seen: Seen[] = []
  const rig = await serve(recorder(seen))
  const client = await open(rig)
  client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${600 * 120}\r\n\r\n`)
  await until(() => seen.length === 1)
  for (let second = 0; second < 120; second++) {
    client.send('x'.repeat(600))
    await turns(5)
    rig.clock.advance(1000)
  }
  expect((await client.response()).status).toBe(200)
})

test('answers 408 when the body behind an expectation never comes', async () => {
  const rig = await serve(recorder([]))
  const client = await open(rig)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
  expect((await client.response({ interim: true })).status).toBe(100)
  rig.clock.advance(31_000)
  expect((await client.response()).status).toBe(408)
})

test('does not blame the client for a body that nobody takes', async () => {
  let waiting: Exchange | null = null
  const rig = await serve((exchange) => {
    waiting = exchange
  })
  const client = await open(rig)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n')
  await until(() => waiting !== null)
  rig.clock.advance(300_000)
  waiting!.respondWhole(ok(), null)
  expect((await client.response()).status).toBe(200)
})

test('gives up a client that takes nothing of its answer for 60 s', async () => {
  const events: (ExchangeEnd | 'left')[] = []
  const rig = await serve((exchange) => {
    observe(exchange, events)
    exchange.respondWhole(ok(), Buffer.alloc(32 * 1024 * 1024))
  })
  const client = await open(rig)
  client.socket.pause()
  client.send(GET)
  await until(() => rig.counters.get('client_req') === 1)
  await turns()
  rig.clock.advance(59_000)
  expect(events).toEqual([])
  rig.clock.advance(1500)
  expect(events).toEqual(['left', expect.objectContaining({ type: 'aborted' })])
  client.socket.resume()
  expect(await client.closed()).toBe('reset')
})

test('gives up a client that has been behind for 600 s in all, however it goes on', async () => {
  const events: (ExchangeEnd | 'left')[] = []
  const rig = await serve((exchange) => {
    observe(exchange, events)
    exchange.respondWhole(ok(), Buffer.alloc(256 * 1024 * 1024))
  })
  const client = await open(rig)
  client.socket.pause()
  client.send(GET)
  await until(() => rig.counters.get('client_req') === 1)
  for (let second = 0; events.length === 0 && second < 700; second++) {
    const before = client.received
    client.socket.resume()
    await until(() => client.received > before + 128 * 1024 || client.ended !== null)
    client.socket.pause()
    rig.clock.advance(20_000)
    await turns(2)
    second += 19
  }
  expect(events).toEqual(['left', expect.objectContaining({ type: 'aborted' })])
})

test('does not count the time in which the source of an answer is slow', async () => {
  const body = new ScriptedBody()
  const rig = await serve((exchange) => exchange.respond(ok(), body))
  const client = await open(rig)
  client.send(GET)
  await until(() => body.sink !== null)
  for (let minute = 0; minute < 30; minute++) {
    body.sink!.chunk(Buffer.from('tick'))
    await turns(2)
    rig.clock.advance(60_000)
  }
  body.sink!.end({ type: 'complete' })
  expect((await client.response()).body).toHaveLength(120)
})

test('reads up to 64 KiB of a body that nobody wants, and keeps the connection', async () => {
  const rig = await serve((exchange) => exchange.respondWhole(ok(), null))
  const client = await open(rig)
  for (const size of [1, 1000, 64 * 1024]) {
    const answer = await client.request(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    expect(answer.get('connection')).toBe('keep-alive')
  }
  const chunked = `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${'1000\r\n'}${'x'.repeat(4096)}\r\n0\r\n\r\n`
  expect((await client.request(chunked)).status).toBe(200)
  expect((await client.request(GET)).status).toBe(200)
})

test('announces and makes the end of a connection whose unwanted body is longer', async () => {
  const rig = await serve((exchange) => exchange.respondWhole(ok(), null))
  const client = await open(rig)
  const answer = await client.request(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n\r\n${GET}`)
  expect(answer.get('connection')).toBe('close')
  expect(await client.closed()).toBe('end')
  expect(rig.counters.get('client_req')).toBe(1)
})

test('closes when an unwanted chunked body turns out longer than 64 KiB', async () => {
  const rig = await serve((exchange) => exchange.respondWhole(ok(), null))
  const client = await open(rig)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n')
  expect((await client.response()).status).toBe(200)
  client.send(`${`${'1000\r\n'}${'x'.repeat(4096)}\r\n`.repeat(17)}0\r\n\r\n${GET}`)
  expect(await client.closed()).toBe('end')
  expect(client.pending).toHaveLength(0)
  expect(rig.counters.get('client_req')).toBe(1)
})

test('closes when an unwanted body does not come within a second', async () => {
  const rig = await serve((exchange) => exchange.respondWhole(ok(), null))
  const client = await open(rig)
  expect((await client.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc')).status).toBe(200)
  rig.clock.advance(1000)
  expect(await client.closed()).toBe('end')
  client.send(`1234567${GET}`)
  await turns()
  expect(rig.counters.get('client_req')).toBe(1)
})

test('lingers at most a second for a client that does not close', async () => {
  const rig = await serve(recorder([]))
  const client = await open(rig)
  client.send('bad\r\n')
  expect((await client.response()).status).toBe(400)
  client.send('more')
  await turns()
  expect(rig.listener.connections).toBe(1)
  rig.clock.advance(1000)
  await until(() => rig.listener.connections === 0)
})

test('closes the oldest idle connection to make room, never a busy one', async () => {
  const waiting: Exchange[] = []
  const rig = await serve(
    (exchange) => {
      if (exchange.head.target === '/wait') waiting.push(exchange)
      else exchange.respondWhole(ok(), null)
    },
    settings({ connections: 3 }),
  )
  const busy = await open(rig)
  busy.send('GET /wait HTTP/1.1\r\nHost: h\r\n\r\n')
  await until(() => waiting.length === 1)
  const older = await open(rig)
  await older.request(GET)
  const newer = await open(rig)
  await newer.request(GET)
  await older.request(GET)
  const fourth = await open(rig)
  expect((await fourth.request(GET)).status).toBe(200)
  await newer.closed()
  expect(older.ended).toBeNull()
  waiting[0]!.respondWhole(ok(), null)
  expect((await busy.response()).status).toBe(200)
  expect(rig.listener.connections).toBe(3)
})

test('drops a new connection when all are busy', async () => {
  const waiting: Exchange[] = []
  const rig = await serve((exchange) => waiting.push(exchange), settings({ connections: 2 }))
  for (let i = 0; i < 2; i++) (await open(rig)).send(GET)
  await until(() => waiting.length === 2)
  const third = await open(rig)
  await third.closed()
  expect(rig.counters.get('sess_dropped')).toBe(1)
  expect(rig.listener.connections).toBe(2)
})

test('a body that breaks off reaches its reader as broken, at half of a length or of its chunks', async () => {
  for (const head of ['Content-Length: 10\r\n\r\nabcde', 'Transfer-Encoding: chunked\r\n\r\na\r\nabcde']) {
    for (const way of ['end', 'reset'] as const) {
      let result: Buffer | null | undefined
      const rig = await serve((exchange) => {
        readAll(exchange.body, (bytes) => {
          result = bytes
        })
      })
      const client = await open(rig)
      client.send(`POST / HTTP/1.1\r\nHost: h\r\n${head}`)
      await until(() => rig.counters.get('client_req') === 1)
      await turns()
      client[way]()
      await until(() => result !== undefined)
      expect(result).toBeNull()
    }
  }
})
