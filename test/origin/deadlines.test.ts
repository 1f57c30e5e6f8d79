import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, ManualBody, ok, originTo, rig, turns } from './rig.ts'

test('an origin that refuses connections is a connect_refused that touched nothing', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const counters = new Counters()
  const answer = await ask(originTo(`http://127.0.0.1:${port}`, counters, new ManualClock()), get('/', { method: 'POST' }))
  expect(answer.outcome).toBe('connect_refused')
  expect(answer.failure!.untouched).toBe(true)
  expect(counters.get('backend_fail')).toBe(1)
  expect(counters.get('fetch_failed')).toBe(1)
  expect(counters.reasonCount('fetch_fail', 'connect_refused')).toBe(1)
})

test('a name that cannot be resolved is a dns failure', async () => {
  // A label of more than 63 characters is refused by the resolver itself: nothing is asked over the network.
  const origin = originTo(`http://${'a'.repeat(64)}.invalid`, new Counters(), new ManualClock())
  const answer = await ask(origin, get('/'))
  expect(answer.outcome).toBe('dns')
  expect(answer.failure!.untouched).toBe(true)
})

test('the connect deadline counts from dispatch', async () => {
  const { origin, clock, counters } = await rig(() => {})
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 60, betweenBytes: 60 } }))
  clock.advance(3499)
  expect(asked.outcome).toBe('pending')
  clock.advance(1)
  expect(asked.outcome).toBe('connect_timeout')
  expect(asked.failure!.untouched).toBe(true)
  expect(counters.get('backend_fail')).toBe(1)
})

test('an origin that says nothing meets the first-byte deadline', async () => {
  const { origin, server, clock, counters } = await rig(async (connection) => {
    await connection.request()
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 7, betweenBytes: 60 } }))
  await eventually(() => server.requests.length === 1)
  clock.advance(6999)
  expect(asked.outcome).toBe('pending')
  clock.advance(1)
  expect(asked.outcome).toBe('first_byte_timeout')
  await server.connections[0]!.closed
  expect(counters.reasonCount('fetch_fail', 'first_byte_timeout')).toBe(1)
})

test('the deadline of a request on a reused connection is its own', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
    connection.send(ok('x'))
    await connection.request()
  })
  await ask(origin, get('/1', { deadlines: { connect: 3.5, firstByte: 60, betweenBytes: 60 } }))
  clock.advance(10_000)
  const asked = begin(origin, get('/2', { deadlines: { connect: 3.5, firstByte: 0.5, betweenBytes: 60 } }))
  await eventually(() => server.requests.length === 2)
  clock.advance(499)
  expect(asked.outcome).toBe('pending')
  clock.advance(1)
  expect(asked.outcome).toBe('first_byte_timeout')
})

test('every interim answer gives the final one its full time, a head that stops does not', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 10, betweenBytes: 2 } }))
  await eventually(() => server.requests.length === 1)
  clock.advance(9000)
  server.connections[0]!.send('HTTP/1.1 103 Early Hints\r\n\r\n')
  await eventually(() => asked.interims.length === 1)
  clock.advance(9999)
  expect(asked.outcome).toBe('pending')
  server.connections[0]!.send('HTTP/1.1 200 OK\r\nX-')
  await turns(20)
  clock.advance(2000)
  expect(asked.outcome).toBe('between_bytes_timeout')
})

test('a head that drips has to be whole within the first-byte deadline from its first byte', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 10, betweenBytes: 5 } }))
  await eventually(() => server.requests.length === 1)
  clock.advance(9000)
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'
  for (const byte of head.slice(0, 3)) {
    server.connections[0]!.send(byte)
    await turns(20)
    clock.advance(4999)
  }
  expect(asked.outcome).toBe('between_bytes_timeout')
  await server.connections[0]!.closed
})

test('a head that is slow and yet in time is an answer, and the time of an interim one is not that of the final one', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 10, betweenBytes: 5 } }))
  await eventually(() => server.requests.length === 1)
  for (const piece of ['HTTP/1.1 103', ' Early Hints', '\r\n\r\nHTTP/1.1 200', ' OK\r\nContent', '-Length: 1\r\n\r\nx']) {
    clock.advance(4999)
    server.connections[0]!.send(piece)
    await turns(20)
  }
  await eventually(() => asked.outcome !== 'pending')
  expect([asked.outcome, asked.text]).toEqual(['complete', 'x'])
})

test('a body that stops meets the between-bytes deadline, one that goes on does not', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 60, betweenBytes: 5 } }))
  await asked.begun
  for (let i = 1; i <= 5; i++) {
    clock.advance(4999)
    server.connections[0]!.send('x')
    await eventually(() => asked.text.length === i)
  }
  expect(asked.outcome).toBe('pending')
  clock.advance(5000)
  expect(asked.outcome).toBe('reset: between_bytes_timeout')
  await server.connections[0]!.closed
})

test('progress of the upload moves the first-byte deadline', async () => {
  const { origin, server, clock } = await rig(() => {})
  const body = new ManualBody(100)
  const asked = begin(origin, get('/', { method: 'POST', body, deadlines: { connect: 3.5, firstByte: 5, betweenBytes: 60 } }))
  await eventually(() => body.sink !== null)
  for (let i = 0; i < 3; i++) {
    clock.advance(4999)
    body.push('0123456789')
  }
  expect(asked.outcome).toBe('pending')
  clock.advance(5000)
  expect(asked.outcome).toBe('first_byte_timeout')
  expect(body.cancelled).not.toBeNull()
  await server.connections[0]!.closed
})

test('an idle connection is closed at the idle time', async () => {
  const { origin, server, clock } = await rig(await ByteOrigin.answering(() => ok('x')), { deadlines: { originIdle: 30 } })
  await ask(origin, get('/1'))
  clock.advance(29_999)
  await ask(origin, get('/2'))
  expect(server.connections).toHaveLength(1)
  clock.advance(30_000)
  await server.connections[0]!.closed
  await ask(origin, get('/3'))
  expect(server.connections).toHaveLength(2)
})

test('an idle time that the origin announces counts, less a second', async () => {
  const { origin, server, clock } = await rig(await ByteOrigin.answering(() => ok('x', 'Keep-Alive: timeout=5\r\n')))
  await ask(origin, get('/1'))
  clock.advance(3999)
  await ask(origin, get('/2'))
  expect(server.connections).toHaveLength(1)
  clock.advance(4000)
  await server.connections[0]!.closed
})

test('a reader that paused has all the time, and the origin its deadline again afterwards', async () => {
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
  })
  const asked = begin(origin, get('/', { deadlines: { connect: 3.5, firstByte: 60, betweenBytes: 5 } }))
  asked.takes = () => false
  await eventually(() => asked.text === 'some')
  clock.advance(100_000)
  expect(asked.outcome).toBe('pending')
  asked.takes = () => true
  asked.flow!.resume()
  clock.advance(4999)
  expect(asked.outcome).toBe('pending')
  clock.advance(1)
  expect(asked.outcome).toBe('reset: between_bytes_timeout')
  await server.connections[0]!.closed
})
