import { expect, test } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, ok, rig, turns } from './rig.ts'

/** Asks for `/bad`, which gets `bytes`, then for `/good`, and tells how both went. */
async function afterBad(bytes: string, method = 'GET'): Promise<{ outcome: string; fail: number; good: string; connections: number }> {
  const { origin, server, counters } = await rig(
    await ByteOrigin.answering(({ target }) => (target === '/bad' ? bytes : ok(`good ${target}`))),
  )
  const bad = await ask(origin, get('/bad', { method }))
  const good = await ask(origin, get('/good'))
  const code = bad.outcome.replace('reset: ', '')
  return {
    outcome: bad.outcome,
    fail: counters.reasonCount('fetch_fail', code),
    good: good.text,
    connections: server.connections.length,
  }
}

test.each([
  ['Content-Length and Transfer-Encoding', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  ['two different lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n', 'abc'],
  ['two equal lengths', 'Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'],
  ['a list of equal lengths', 'Content-Length: 3, 3\r\n', 'abc'],
  ['a negative length', 'Content-Length: -3\r\n', 'abc'],
  ['a signed length', 'Content-Length: +3\r\n', 'abc'],
  ['a hexadecimal length', 'Content-Length: 0x3\r\n', 'abc'],
  ['an empty length', 'Content-Length: \r\n', 'abc'],
  ['a length beyond 2^53', 'Content-Length: 9007199254740993\r\n', 'abc'],
  ['gzip', 'Transfer-Encoding: gzip\r\n', 'abc'],
  ['chunked, gzip', 'Transfer-Encoding: chunked, gzip\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  ['gzip, chunked', 'Transfer-Encoding: gzip, chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  [',chunked', 'Transfer-Encoding: ,chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  ['identity', 'Transfer-Encoding: identity\r\n', 'abc'],
  ['an empty transfer coding', 'Transfer-Encoding: \r\n', 'abc'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'],
])('an answer framed by %s fails and its connection is not used again', async (_, fields, body) => {
  const seen = await afterBad(`HTTP/1.1 200 OK\r\n${fields}\r\n${body}`)
  expect(seen).toEqual({ outcome: 'bad_framing', fail: 1, good: 'good /good', connections: 2 })
})

test('Transfer-Encoding in an HTTP/1.0 answer fails', async () => {
  const seen = await afterBad('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
  expect(seen).toEqual({ outcome: 'bad_framing', fail: 1, good: 'good /good', connections: 2 })
})

test.each([
  ['HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 998 High\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 1000 Long\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 20 Short\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['<html>no head at all</html>', 'malformed_head'],
  ['HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n', 'bad_status'],
  ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 O\x7fK\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 302 Found\r\nLocation: /x\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 302 Found\r\nLocation : /x\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 302 Found\r\n folded: first\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
  ['HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 0\r\n\r\n', 'malformed_head'],
])('the head %j fails', async (bytes, code) => {
  const seen = await afterBad(bytes)
  expect(seen).toEqual({ outcome: code, fail: 1, good: 'good /good', connections: 2 })
})

test('999 is relayed always, 600–998 where odd statuses are', async () => {
  const script = (): Promise<ByteOrigin> =>
    ByteOrigin.answering(({ target }) => `HTTP/1.1 ${target.slice(1)} Odd\r\nContent-Length: 0\r\n\r\n`)
  const strict = await rig(await script())
  const relaying = await rig(await script(), { oddStatus: 'relay' })
  expect((await ask(strict.origin, get('/999'))).head?.status).toBe(999)
  expect((await ask(strict.origin, get('/700'))).outcome).toBe('bad_status')
  expect((await ask(relaying.origin, get('/700'))).head?.status).toBe(700)
  expect((await ask(relaying.origin, get('/099'))).outcome).toBe('bad_status')
})

test('a head with 200 fields passes and one with 201 fails', async () => {
  const fields = (count: number): string => Array.from({ length: count - 1 }, (_, i) => `X-${i}: ${i}\r\n`).join('')
  const { origin } = await rig(await ByteOrigin.answering(({ target }) => ok('x', fields(Number(target.slice(1))))))
  const fits = await ask(origin, get('/200'))
  expect(fits.head?.headers.size).toBe(200)
  expect((await ask(origin, get('/201'))).outcome).toBe('head_too_large')
})

test('one line of 120 KiB passes, a head over 128 KiB fails', async () => {
  const { origin } = await rig(await ByteOrigin.answering(({ target }) => ok('x', `X-Key: ${'k'.repeat(Number(target.slice(1)))}\r\n`)))
  const fits = await ask(origin, get(`/${120 * 1024}`))
  expect(fits.head?.headers.get('x-key')).toHaveLength(120 * 1024)
  expect((await ask(origin, get(`/${128 * 1024}`))).outcome).toBe('head_too_large')
})

test('an endless head is cut off at the limit', async () => {
  let sent = 0
  const { origin } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nX-A: ')
    const piece = Buffer.alloc(64 * 1024, 'a')
    while (!connection.socket.destroyed && !connection.ended && sent < 100e6) {
      sent += piece.length
      if (!connection.socket.write(piece))
        await Promise.race([new Promise((resolve) => connection.socket.once('drain', resolve)), connection.closed])
    }
  })
  expect((await ask(origin, get('/'))).outcome).toBe('head_too_large')
  await turns()
  expect(sent).toBeLessThan(50e6)
})

test.each([
  ['4\r\nabc\r\n0\r\n\r\n'],
  ['3\r\nabcd\r\n0\r\n\r\n'],
  ['3\nabc\n0\n\n'],
  ['+3\r\nabc\r\n0\r\n\r\n'],
  ['0x3\r\nabc\r\n0\r\n\r\n'],
  ['3\r\nabc\r\n0\r\nbad trailer\r\n\r\n'],
  ['3;\r\nabc\r\n0\r\n\r\n'],
])('the chunks %j break the body', async (chunks) => {
  const seen = await afterBad(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`)
  expect(seen).toEqual({ outcome: 'reset: bad_chunk', fail: 1, good: 'good /good', connections: 2 })
})

const WHOLE = 'x'.repeat(1000)

test.each(['end', 'reset'] as const)('a body cut short by %s at any point is a reset, never a clean end', async (how) => {
  for (const part of [0, 0.01, 0.5, 0.99]) {
    for (const framing of ['length', 'chunked']) {
      const { origin, counters, server } = await rig(async (connection) => {
        await connection.request()
        const head = framing === 'length' ? 'Content-Length: 1000\r\n\r\n' : 'Transfer-Encoding: chunked\r\n\r\n3e8\r\n'
        connection.send(`HTTP/1.1 200 OK\r\n${head}${WHOLE.slice(0, part * 1000)}`)
      })
      const asked = begin(origin, get('/'))
      await asked.begun
      await eventually(() => asked.received.length === part * 1000)
      server.connections[0]![how]()
      await asked.over
      expect(asked.outcome).toBe(how === 'end' ? 'reset: incomplete' : 'reset: reset')
      expect(counters.get('backend_retry')).toBe(0)
      expect(counters.get('fetch_failed')).toBe(1)
    }
  }
})

test('a chunked body without its last chunk is incomplete', async () => {
  const { origin } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n')
    connection.end()
  })
  const answer = await ask(origin, get('/'))
  expect(answer.text).toBe('abc')
  expect(answer.outcome).toBe('reset: incomplete')
})

test('a close-delimited body that is reset is no complete body', async () => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\n\r\npart')
  })
  const asked = begin(origin, get('/'))
  await eventually(() => asked.text === 'part')
  server.connections[0]!.reset()
  await asked.over
  expect(asked.outcome).toBe('reset: reset')
  expect(counters.reasonCount('fetch_fail', 'reset')).toBe(1)
})

test('a connection that ends within the head fails and is not retried', async () => {
  const { origin, server, counters } = await rig(
    await ByteOrigin.answering(({ connection, target }) =>
      target === '/1' ? ok('x') : connection === 0 ? 'HTTP/1.1 200 OK\r\nContent-' : null,
    ),
  )
  await ask(origin, get('/1'))
  const asked = begin(origin, get('/2'))
  await eventually(() => server.requests.length === 2)
  await turns()
  server.connections[0]!.end()
  await asked.over
  expect(asked.outcome).toBe('incomplete')
  expect(counters.get('backend_retry')).toBe(0)
})
