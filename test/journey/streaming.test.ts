/** A body is delivered while it arrives, from byte 0, to readers of any speed. */
import { expect, it } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { drink, message, open, reply } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }
const MB = 1024 * 1024

it('sends the first bytes before the origin has sent the last', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Length': 10 })
    response.write('first')
    await gate.opened
    response.end('final')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('first'))
  gate.open()
  expect((await client.response()).body.toString()).toBe('firstfinal')
  client.destroy()
})

it('gives who comes in the middle the body from byte 0, at once', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    response.writeHead(200, FRESH)
    response.write('first')
    await gate.opened
    response.end('final')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('first'))
  const late = await site.connect()
  late.send(message('GET', '/'))
  await until(() => late.pending.includes('first'))
  gate.open()
  const answer = await late.response()
  expect([answer.body.toString(), answer.get('transfer-encoding')]).toEqual(['firstfinal', 'chunked'])
  expect((await client.response()).body.toString()).toBe('firstfinal')
  const hit = await site.get('/')
  expect([hit.body.toString(), hit.get('content-length'), hit.get('x-cache')]).toEqual(['firstfinal', '10', 'HIT'])
  expect(site.origin.hits.length).toBe(1)
  for (const each of [client, late]) each.destroy()
})

it('never stalls the fill for a slow reader, who still gets every byte', async () => {
  const body = Buffer.alloc(16 * MB, 'abcdefgh')
  const site = await open((_hit, response) => void response.writeHead(200, { ...FRESH, 'Content-Length': body.length }).end(body), {
    maxObject: 32 * MB,
  })
  const slow = await site.download('/')
  expect((await drink(await site.download('/'))).equals(body)).toBe(true)
  await until(() => site.stat('n_object') === 1)
  expect(site.records.length).toBe(1)
  expect((await drink(slow)).equals(body)).toBe(true)
  expect(site.origin.hits.length).toBe(1)
})

it('pauses the origin at its bound when the only reader of an answer that is not stored reads nothing', async () => {
  const total = 48 * MB
  const piece = Buffer.alloc(64 * 1024)
  let written = 0
  const site = await open(
    async (_hit, response) => {
      response.writeHead(200, { 'Cache-Control': 'no-store', 'Content-Length': total })
      for (; written < total; written += piece.length)
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
      response.end()
    },
    { limits: { transferBuffer: MB } },
  )
  const download = await site.download('/')
  let before = -1
  let still = 0
  await until(() => {
    still = written > 0 && written === before ? still + 1 : 0
    before = written
    return still > 2000
  }, 'a source that stands still')
  // The bound, and besides it only the buffers of four kernel sockets.
  expect(written).toBeLessThan(24 * MB)
  expect((await drink(download)).length).toBe(total)
})

it('breaks the readers off visibly when the origin breaks off, and stores nothing', async () => {
  for (const framing of [{ 'Content-Length': 100 }, { 'Transfer-Encoding': 'chunked' }]) {
    const gate = new Gate()
    const site = await open(async (hit, response) => {
      response.writeHead(200, { ...FRESH, ...framing })
      response.write('only a part')
      await gate.opened
      hit.message.socket.destroy()
    })
    const clients = [await site.connect(), await site.connect()]
    for (const client of clients) {
      client.send(message('GET', '/'))
      await until(() => client.pending.includes('only a part'))
    }
    gate.open()
    for (const client of clients) await expect(client.response()).rejects.toThrow('ended')
    expect(site.stat('n_object')).toBe(0)
    expect(site.records.map(({ end }) => end)).toEqual(['aborted', 'aborted'])
    expect(site.stat('client_aborted')).toBe(2)
  }
})

it('streams what is larger than the largest object and does not store it', async () => {
  const body = Buffer.alloc(300_000, 'x')
  for (const known of [true, false]) {
    const site = await open(
      (_hit, response) => void response.writeHead(200, { ...FRESH, ...(known ? { 'Content-Length': body.length } : {}) }).end(body),
      {
        maxObject: 100_000,
      },
    )
    const answers = [await site.get('/'), await site.get('/')]
    for (const answer of answers) expect(answer.body.equals(body)).toBe(true)
    expect(site.stat('n_object')).toBe(0)
    expect(site.origin.hits.length).toBe(2)
    expect(site.stat('reason_TOO_LARGE')).toBeGreaterThan(0)
    await site.server.close()
  }
})

it('gives everybody their whole oversize answer while it streams', async () => {
  const body = Buffer.alloc(3 * MB, 'x')
  const gate = new Gate()
  const site = await open(
    async (_hit, response) => {
      response.writeHead(200, FRESH)
      response.write(body.subarray(0, 1000))
      await gate.opened
      response.end(body.subarray(1000))
    },
    { maxObject: 100_000 },
  )
  const all = await Promise.all([site.download('/'), site.download('/'), site.download('/')])
  expect(site.origin.hits.length).toBe(1)
  gate.open()
  for (const answer of await Promise.all(all.map(drink))) expect(answer.equals(body)).toBe(true)
})

it('finishes the fill when every reader left, if the answer is to be stored', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Length': 4 })
    response.write('ab')
    await gate.opened
    response.end('cd')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('ab'))
  client.reset()
  await until(() => site.stat('client_left') === 1)
  gate.open()
  await until(() => site.stat('n_object') === 1)
  expect((await site.get('/')).body.toString()).toBe('abcd')
})

it('gives a fill that nobody reads thirty seconds', async () => {
  const site = await open((_hit, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Length': 4 })
    response.write('ab')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('ab'))
  client.reset()
  await until(() => site.stat('client_left') === 1)
  expect(site.origin.sockets.size).toBe(1)
  site.clock.advance(30_001)
  await until(() => site.origin.sockets.size === 0)
  expect(site.stat('n_object')).toBe(0)
})

it('lets the origin go at once when the only reader of a private answer left', async () => {
  const site = await open((_hit, response) => {
    response.writeHead(200, { 'Cache-Control': 'private', 'Content-Length': 4 })
    response.write('ab')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('ab'))
  client.reset()
  await until(() => site.origin.sockets.size === 0)
})

it('lets the origin go when the client of a pass leaves before the answer', async () => {
  const site = await open(() => {})
  const client = await site.connect()
  client.send(message('POST', '/', {}, 'x'))
  await site.origin.hit(0)
  client.reset()
  await until(() => site.origin.sockets.size === 0)
  expect(site.records[0]?.end).toBe('left')
})

it('cuts off an origin that stops in the middle, by the between-bytes deadline', async () => {
  const site = await open((_hit, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Length': 4 })
    response.write('ab')
  })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('ab'))
  site.clock.advance(60_001)
  await expect(client.response()).rejects.toThrow('ended')
  expect(site.stat('fetch_fail_between_bytes_timeout')).toBe(1)
})

it('passes an empty body and a body of one byte unharmed', async () => {
  const site = await open((hit, response) => reply(response, 200, FRESH, hit.url === '/one' ? 'x' : ''))
  for (let i = 0; i < 2; i++) {
    expect((await site.get('/')).body.length).toBe(0)
    expect((await site.get('/one')).body.toString()).toBe('x')
  }
  expect(site.stat('cache_hit')).toBe(2)
})
