/** A short answer that came in one piece is told of whole: nobody has to follow it, and head and body go on together. */
import { expect, test } from 'vitest'
import { StoredBody } from '../../src/object/stored-body.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, get, Recorder, rig } from './rig.ts'

const answering = (bytes: string): Promise<ByteOrigin> => ByteOrigin.answering(() => bytes)

/** What a body says of itself when its answer is told, unread. */
async function atHand(bytes: string): Promise<{ whole: string | null; connections: number; idle: number }> {
  const { origin, server, counters } = await rig(await answering(bytes))
  const recorder = new Recorder()
  recorder.attach = false
  let idle = 0
  recorder.onHead = () => {
    idle = counters.get('backend_recycle')
  }
  begin(origin, get('/'), recorder)
  await recorder.begun
  const whole = recorder.answerBody instanceof StoredBody ? (recorder.answerBody.whole?.toString('latin1') ?? null) : null
  recorder.answerBody?.read(recorder)
  return { whole, connections: server.connections.length, idle }
}

test('a body of known length that came with its head is whole, and its connection is free again', async () => {
  expect(await atHand('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc')).toEqual({ whole: 'abc', connections: 1, idle: 1 })
})

test('so is a chunked one, without its framing', async () => {
  const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
  expect(await atHand(bytes)).toEqual({ whole: 'abc', connections: 1, idle: 1 })
})

test.each([
  ['a part of it', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc'],
  ['chunks without the last one', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ['an end that only the connection tells', 'HTTP/1.1 200 OK\r\n\r\nabc'],
])('with %s it is not', async (_, bytes) => {
  expect(await atHand(bytes)).toMatchObject({ whole: null, idle: 0 })
})

test('what a part of it brought is read with the rest', async () => {
  const { origin } = await rig(async (connection) => {
    await connection.until((received) => received.includes('\r\n\r\n'))
    connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    setImmediate(() => connection.socket.write('def'))
  })
  const asked = await ask(origin, get('/'))
  expect([asked.outcome, asked.text]).toEqual(['complete', 'abcdef'])
})

test('bytes behind it are no part of it, and close its connection', async () => {
  const { origin, server, counters } = await rig(await answering('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\n'))
  const first = await ask(origin, get('/'))
  const second = await ask(origin, get('/'))
  expect([first.text, second.text]).toEqual(['abc', 'abc'])
  expect([server.connections.length, counters.get('backend_recycle')]).toEqual([2, 0])
})

test('broken chunks behind its head still break it off', async () => {
  const { origin } = await rig(await answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n'))
  expect((await ask(origin, get('/'))).outcome).toBe('reset: bad_chunk')
})
