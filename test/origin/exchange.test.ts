import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, ManualBody, ok, Recorder, rig, textBody, turns } from './rig.ts'

test('sends the request byte for byte and relays status, reason, fields and body', async () => {
  const { origin, server, counters } = await rig(
    await ByteOrigin.answering(() => 'HTTP/1.1 299 Very \xfcbel\r\nETag: "a"\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 5\r\n\r\nhello'),
  )
  const answer = await ask(origin, get('/p?q=%41\\', { fieldLines: 'Host: a.example\r\nX-A: \xe4\r\n' }))
  expect(server.requests[0]?.head).toBe('GET /p?q=%41\\ HTTP/1.1\r\nHost: a.example\r\nX-A: \xe4\r\n\r\n')
  expect(answer.head).toMatchObject({ status: 299, reason: 'Very \xfcbel', version: '1.1', framing: 'length', contentLength: 5 })
  expect([...answer.head!.headers]).toEqual([
    ['ETag', '"a"'],
    ['X-Two', '1'],
    ['x-two', '2'],
    ['Content-Length', '5'],
  ])
  expect(answer.text).toBe('hello')
  expect(answer.outcome).toBe('complete')
  expect(counters.get('fetch_length')).toBe(1)
  expect(counters.get('backend_req')).toBe(1)
})

test('decodes a chunked answer, and drops extensions and trailers', async () => {
  const { origin, counters } = await rig(
    await ByteOrigin.answering(
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n',
    ),
  )
  const answer = await ask(origin, get('/'))
  expect(answer.text).toBe('abcde')
  expect(answer.head).toMatchObject({ framing: 'chunked', contentLength: null })
  expect(answer.head!.headers.get('transfer-encoding')).toBe('chunked')
  expect((await ask(origin, get('/'))).text).toBe('abcde')
  expect(counters.get('backend_reuse')).toBe(1)
  expect(counters.get('fetch_chunked')).toBe(2)
})

test('reads a body without framing up to the end of the connection', async () => {
  const { origin, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\n\r\nall of')
    await turns()
    connection.send(' it')
    connection.end()
  })
  const answer = await ask(origin, get('/'))
  expect(answer.outcome).toBe('complete')
  expect(answer.text).toBe('all of it')
  expect(answer.head).toMatchObject({ framing: 'close', contentLength: null })
  expect(counters.get('fetch_eof')).toBe(1)
  expect(counters.get('backend_recycle')).toBe(0)
})

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 10],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n', 10],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', null],
])('%s answered by %j has no body, and the connection is used again', async (method, bytes, contentLength) => {
  const { origin, counters } = await rig(await ByteOrigin.answering(() => bytes))
  for (let i = 0; i < 2; i++) {
    const answer = await ask(origin, get('/', { method }))
    expect(answer.head).toMatchObject({ framing: 'none', contentLength })
    expect(answer.answerBody).toBeNull()
  }
  expect(counters.get('backend_reuse')).toBe(1)
})

test('an answer of length 0 has an empty body that ends at once', async () => {
  const { origin } = await rig(await ByteOrigin.answering(() => ok('')))
  const answer = await ask(origin, get('/'))
  expect(answer.answerBody?.length).toBe(0)
  expect(answer.outcome).toBe('complete')
  expect(answer.text).toBe('')
})

test('a large body arrives unchanged, also when its reader keeps the bytes it was given', async () => {
  const big = Buffer.alloc(3_000_000)
  for (let i = 0; i < big.length; i++) big[i] = (i * 7 + (i >> 8)) & 255
  const chunked = Buffer.concat([Buffer.from(`${big.length.toString(16)}\r\n`), big, Buffer.from('\r\n0\r\n\r\n')])
  const { origin } = await rig(
    await ByteOrigin.answering(({ target }) =>
      target === '/length'
        ? Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`), big])
        : Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), chunked]),
    ),
  )
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  const [one, two, three] = await Promise.all([ask(origin, get('/length')), ask(origin, get('/chunked')), ask(origin, get('/length'))])
  for (const answer of [one, two, three]) expect(digest(answer.received)).toBe(digest(big))
})

test('a reader that is slow pauses the origin, and is never given bytes while it pauses', async () => {
  const size = 40_000_000
  const { origin, server, clock } = await rig(async (connection) => {
    await connection.request()
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    connection.send(Buffer.alloc(size, 'x'))
  })
  const recorder = new Recorder()
  recorder.takes = () => false
  begin(origin, get('/'), recorder)
  await recorder.begun
  await eventually(() => recorder.chunks === 1)
  await turns(20)
  expect(recorder.chunks).toBe(1)
  expect(server.connections[0]!.socket.writableLength).toBeGreaterThan(0)
  clock.advance(3_600_000)
  expect(recorder.outcome).toBe('pending')
  recorder.takes = () => true
  recorder.flow!.resume()
  await recorder.over
  expect(recorder.outcome).toBe('complete')
  expect(recorder.bytes.length).toBe(size)
})

test('a body nobody reads yet is kept, and does not hold the connection once it is whole', async () => {
  const { origin, counters } = await rig(await ByteOrigin.answering(({ target }) => ok(`body of ${target}`)))
  const first = new Recorder()
  first.attach = false
  begin(origin, get('/1'), first)
  await first.begun
  const second = await ask(origin, get('/2'))
  expect(second.text).toBe('body of /2')
  expect(counters.get('backend_conn')).toBe(1)
  first.flow = first.answerBody!.read(first)
  expect(first.text).toBe('body of /1')
  expect(first.outcome).toBe('complete')
})

test('a slow reader gets the end only after the last byte it paused at', async () => {
  const { origin } = await rig(await ByteOrigin.answering(() => ok('whole')))
  const recorder = new Recorder()
  recorder.takes = () => false
  begin(origin, get('/'), recorder)
  await recorder.begun
  await turns()
  expect(recorder.text).toBe('whole')
  expect(recorder.outcome).toBe('pending')
  recorder.flow!.resume()
  expect(recorder.outcome).toBe('complete')
})

test('a reader that leaves takes the connection with it', async () => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
  })
  const asked = begin(origin, get('/'))
  await eventually(() => asked.chunks > 0)
  asked.flow!.cancel(new Error('left'))
  await server.connections[0]!.closed
  expect(asked.outcome).toBe('pending')
  expect(counters.get('fetch_failed')).toBe(0)
})

test('cancelling a call closes its connection and nothing reaches the observer any more', async () => {
  const { origin, server } = await rig(async (connection) => {
    await connection.request()
  })
  const asked = begin(origin, get('/'))
  await eventually(() => server.requests.length === 1)
  asked.call.cancel()
  await server.connections[0]!.closed
  await turns()
  expect(asked.outcome).toBe('pending')
  expect(asked.failure).toBeNull()
})

test('cancelling a call under way resets its body', async () => {
  const { origin } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
  })
  const asked = begin(origin, get('/'))
  await eventually(() => asked.chunks > 0)
  asked.call.cancel()
  expect(asked.outcome).toBe('reset: cancelled')
})

test('cancelling after the answer was complete leaves the connection in use', async () => {
  const { origin, counters } = await rig(await ByteOrigin.answering(() => ok('x')))
  const first = await ask(origin, get('/'))
  first.call.cancel()
  await ask(origin, get('/'))
  expect(counters.get('backend_reuse')).toBe(1)
})

test('sends a body at hand with its head, with the length announced', async () => {
  const { origin, server } = await rig(await ByteOrigin.answering(() => ok('x')))
  expect((await ask(origin, get('/', { method: 'POST', body: textBody('hello') }))).outcome).toBe('complete')
  expect(server.requests[0]!.head).toBe('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n')
  expect(server.requests[0]!.body).toBe('hello')
})

test('sends a body of unknown length chunked', async () => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(() => ok('x')))
  await ask(origin, get('/', { method: 'POST', body: textBody('hello world', null) }))
  expect(server.requests[0]!.head).toBe('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n')
  expect(server.requests[0]!.body).toBe('b\r\nhello world\r\n0\r\n\r\n')
  await ask(origin, get('/'))
  expect(counters.get('backend_reuse')).toBe(1)
})

test('announces an empty body where asked to', async () => {
  const { origin, server } = await rig(await ByteOrigin.answering(() => ok('x')))
  await ask(origin, get('/', { method: 'PUT', announceEmpty: true }))
  await ask(origin, get('/', { method: 'DELETE' }))
  expect(server.requests[0]!.head).toBe('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n')
  expect(server.requests[1]!.head).toBe('DELETE / HTTP/1.1\r\nHost: test\r\n\r\n')
})

test('an origin that does not read pauses the upload, and resumes it when it does', async () => {
  const { origin, server } = await rig((connection) => {
    connection.socket.pause()
  })
  const body = new ManualBody(64 * 1_000_000)
  const asked = begin(origin, get('/', { method: 'POST', body }))
  await eventually(() => body.sink !== null)
  let pushed = 0
  while (pushed < 64 && body.push(Buffer.alloc(1_000_000))) pushed++
  pushed++
  expect(pushed).toBeLessThan(64)
  await turns(10)
  expect(body.resumes).toBe(0)
  const connection = await server.connection(0)
  connection.socket.resume()
  await eventually(() => body.resumes > 0)
  asked.call.cancel()
  expect(body.cancelled).not.toBeNull()
})

test('an answer of many tiny chunks reaches its reader in few pieces: each would cost a write to the client', async () => {
  const { origin } = await rig(
    await ByteOrigin.answering(() => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(5000)}0\r\n\r\n`),
  )
  const answer = await ask(origin, get('/'))
  expect(answer.text).toBe('a'.repeat(5000))
  expect(answer.chunks).toBeLessThan(50)
})
