import { expect, test } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, ManualBody, ok, rig, stall, textBody, turns } from './rig.ts'

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'

test('bytes planted on an idle connection are never an answer', async () => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(({ target }) => ok(`answer to ${target}`)))
  await ask(origin, get('/1'))
  server.connections[0]!.send(EVIL)
  await server.connections[0]!.closed
  expect((await ask(origin, get('/2'))).text).toBe('answer to /2')
  expect(counters.get('backend_reuse')).toBe(0)
  expect(server.connections).toHaveLength(2)
})

test('bytes planted while the loop was stalled are not the answer to a request dispatched in the next tick', async () => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(({ target }) => ok(`answer to ${target}`)))
  for (let round = 0; round < 5; round++) {
    const before = `/${round}a`
    expect((await ask(origin, get(before))).text).toBe(`answer to ${before}`)
    const used = server.connections.at(-1)!
    // The write reaches the kernel synchronously; nothing of it reaches our loop before the request is dispatched.
    used.send(EVIL)
    stall(20)
    const asked = await new Promise<ReturnType<typeof begin>>((resolve) =>
      process.nextTick(() => resolve(begin(origin, get(`/${round}b`)))),
    )
    await asked.over
    expect(asked.text).toBe(`answer to /${round}b`)
    // And the one after it is not shifted either.
    expect((await ask(origin, get(`/${round}c`))).text).toBe(`answer to /${round}c`)
  }
  expect(counters.get('fetch_failed')).toBe(0)
  expect(server.requests).toHaveLength(15)
})

test('a connection that the origin closed during a stall is not used, without a retry', async () => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(({ target }) => ok(target)))
  await ask(origin, get('/1'))
  server.connections[0]!.socket.resetAndDestroy()
  stall(5)
  const asked = begin(origin, get('/2', { method: 'POST', replayable: false }))
  await asked.over
  expect(asked.text).toBe('/2')
  expect(counters.get('backend_retry')).toBe(0)
})

test('an origin that speaks before it was asked fails', async () => {
  const { origin, counters } = await rig(async (connection) => {
    connection.send(EVIL)
    await connection.request()
    connection.send(ok('mine'))
  })
  // The accept runs before our connect event on one loop, so that the bytes are there when the connection becomes usable.
  const asked = await ask(origin, get('/'))
  expect(asked.text).not.toBe('EVIL')
  expect(asked.failure?.code).toBe('malformed_head')
  expect(counters.get('backend_req')).toBe(0)
})

test('surplus bytes behind the declared length are cut off, the body is complete, the connection is closed', async () => {
  const { origin, server, counters } = await rig(
    await ByteOrigin.answering(({ target }) => (target === '/1' ? ok('body') + EVIL : ok('clean'))),
  )
  const first = await ask(origin, get('/1'))
  expect([first.text, first.outcome]).toEqual(['body', 'complete'])
  expect((await ask(origin, get('/2'))).text).toBe('clean')
  expect(server.connections).toHaveLength(2)
  expect(counters.get('backend_recycle')).toBe(1)
})

test('surplus bytes behind the last chunk are cut off likewise', async () => {
  const { origin, server } = await rig(
    await ByteOrigin.answering(({ target }) =>
      target === '/1' ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n${EVIL}` : ok('clean'),
    ),
  )
  const first = await ask(origin, get('/1'))
  expect([first.text, first.outcome]).toEqual(['body', 'complete'])
  expect((await ask(origin, get('/2'))).text).toBe('clean')
  expect(server.connections).toHaveLength(2)
})

test.each([
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('a body behind %s answered by %j is dropped with the connection', async (method, head) => {
  const { origin, server } = await rig(await ByteOrigin.answering(({ target }) => (target === '/1' ? head + EVIL : ok('clean'))))
  const first = await ask(origin, get('/1', { method }))
  expect([first.outcome, first.answerBody]).toEqual(['complete', null])
  expect((await ask(origin, get('/2'))).text).toBe('clean')
  expect(server.connections).toHaveLength(2)
})

test('the same body, sent late, is no answer either', async () => {
  const { origin, server } = await rig(
    await ByteOrigin.answering(({ target }) => (target === '/1' ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n' : ok('clean'))),
  )
  await ask(origin, get('/1', { method: 'HEAD' }))
  server.connections[0]!.send(EVIL)
  stall(5)
  expect((await ask(origin, get('/2'))).text).toBe('clean')
})

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', true],
  ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.1 200 OK\r\nConnection: X-A, Close\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx', true],
  ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 1\r\n\r\nx', true],
])('after %j the connection is used again: %s', async (bytes, again) => {
  const { origin, server } = await rig(await ByteOrigin.answering(() => bytes))
  for (let i = 0; i < 2; i++) expect((await ask(origin, get('/'))).text).toBe('x')
  expect(server.connections).toHaveLength(again ? 1 : 2)
})

test.each([
  ['Connection: close\r\n', 'ECONNRESET'],
  ['', undefined],
])('behind an answer with %j the connection ends with %s', async (field, code) => {
  const { origin, server } = await rig(await ByteOrigin.answering(() => ok('x', field)))
  const asked = await ask(origin, get('/'))
  expect([asked.text, asked.outcome]).toEqual(['x', 'complete'])
  const { socket } = server.connections[0]!
  if (code === undefined) origin.close()
  // A reset leaves no connection in TIME_WAIT behind.
  if (code !== undefined) await eventually(() => socket.destroyed)
  else await server.connections[0]!.closed
  expect((socket.errored as NodeJS.ErrnoException | null)?.code).toBe(code)
})

test('a keep-alive that the origin promised and does not keep costs a replayable request nothing', async () => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx')
    await connection.head()
    connection.end()
  })
  await ask(origin, get('/1'))
  const second = await ask(origin, get('/2'))
  expect(second.text).toBe('x')
  expect(server.connections).toHaveLength(2)
  expect(counters.get('backend_retry')).toBe(1)
})

test.each(['end', 'reset'] as const)(
  'a reused connection that dies by %s before any byte: GET is sent again once, on a new one',
  async (how) => {
    const { origin, server, counters } = await rig(async (connection) => {
      await connection.request()
      connection.send(ok('first'))
      await connection.request()
      connection[how]()
    })
    await ask(origin, get('/1'))
    const second = await ask(origin, get('/2'))
    expect(second.text).toBe('first')
    expect(server.requests.map(({ target, connection }) => `${connection}${target}`)).toEqual(['0/1', '0/2', '1/2'])
    expect(counters.get('backend_retry')).toBe(1)
    expect(counters.get('fetch_failed')).toBe(0)
  },
)

test('it is retried once only', async () => {
  const { origin, server } = await rig(async (connection) => {
    await connection.request()
    if (connection.index === 0) {
      connection.send(ok('first'))
      await connection.request()
    }
    connection.end()
  })
  await ask(origin, get('/1'))
  expect((await ask(origin, get('/2'))).outcome).toBe('closed_before_answer')
  expect(server.requests).toHaveLength(3)
})

test('a POST whose reused connection dies is not sent again', async () => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send(ok('first'))
    await connection.request()
    connection.end()
  })
  await ask(origin, get('/1'))
  const post = await ask(origin, get('/2', { method: 'POST', body: textBody('payload'), replayable: false }))
  expect(post.outcome).toBe('closed_before_answer')
  expect(post.failure!.untouched).toBe(false)
  expect(server.requests).toHaveLength(2)
  expect(counters.get('backend_retry')).toBe(0)
})

test('a new connection that dies before an answer is a failure without a retry', async () => {
  const { origin, server } = await rig(async (connection) => {
    await connection.request()
    connection.end()
  })
  expect((await ask(origin, get('/'))).outcome).toBe('closed_before_answer')
  expect(server.requests).toHaveLength(1)
})

test('an answer that comes whole before the upload was written is relayed, the upload stops, the connection is closed', async () => {
  const { origin, server } = await rig(async (connection) => {
    await connection.head()
    connection.send(ok('early'))
    await connection.request()
  })
  const body = new ManualBody(1000)
  const asked = begin(origin, get('/', { method: 'POST', body }))
  await eventually(() => body.sink !== null)
  body.push('GET /smuggled HTTP/1.1\r\n')
  await asked.over
  expect([asked.text, asked.outcome]).toEqual(['early', 'complete'])
  expect(body.cancelled).not.toBeNull()
  expect(body.push('more')).toBe(false)
  await server.connections[0]!.closed
  expect(server.connections[0]!.received.endsWith('GET /smuggled HTTP/1.1\r\n')).toBe(true)
})

test('an upload goes on while its answer streams, so that an echo works', async () => {
  const { origin, counters } = await rig(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await connection.until((received) => received.endsWith('second'))
    connection.send('def')
  })
  const body = new ManualBody(6)
  const asked = begin(origin, get('/', { method: 'POST', body }))
  await eventually(() => asked.text === 'abc')
  body.push('second')
  body.sink!.end({ type: 'complete' })
  await asked.over
  expect([asked.text, asked.outcome]).toEqual(['abcdef', 'complete'])
  expect(counters.get('backend_recycle')).toBe(1)
})

test('a connection goes back to the pool only when the last byte of the request was written', async () => {
  const { origin, server } = await rig(async (connection) => {
    await connection.head()
    connection.send(ok('ignored your body'))
    await turns()
  })
  const body = new ManualBody(null)
  const asked = begin(origin, get('/1', { method: 'POST', body }))
  await asked.over
  expect(asked.text).toBe('ignored your body')
  const next = await ask(origin, get('/2'))
  expect(next.text).toBe('ignored your body')
  expect(server.connections).toHaveLength(2)
  expect(server.connections[0]!.received).not.toContain('/2')
})

test.each([11, null])('a request body that breaks off (length %s) never becomes a complete request', async (length) => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send(ok('taken'))
  })
  const body = new ManualBody(length)
  const asked = begin(origin, get('/', { method: 'POST', body }))
  await eventually(() => body.sink !== null)
  body.push('half')
  body.sink!.end({ type: 'reset', cause: new Error('client left') })
  await asked.over
  expect(asked.outcome).toBe('request_body_failed')
  await (await server.connection(0)).closed
  expect(server.requests).toHaveLength(0)
  expect(server.connections[0]!.received).not.toContain('0\r\n\r\n')
  expect(counters.reasonCount('fetch_fail', 'request_body_failed')).toBe(1)
})

test.each([
  ['shorter', 'half'],
  ['longer', 'far too many bytes'],
])('a request body %s than announced is not sent as a complete request', async (_, text) => {
  const { origin, server } = await rig(async (connection) => {
    await connection.request()
    connection.send(ok('taken'))
  })
  const asked = await ask(origin, get('/', { method: 'POST', body: textBody(text, 10) }))
  expect(asked.outcome).toBe('request_body_failed')
  await turns()
  expect(server.requests).toHaveLength(0)
})
