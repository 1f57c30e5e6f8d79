/** WebSockets go through the cache as a tunnel, with real ends. */
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { definePolicy } from '../../vcl-ts/index.ts'
import { until } from '../support/until.ts'
import { always, message, open, type Site, type SiteOptions } from './site.ts'

/** An origin whose `/ws` says everything back. */
async function echoing(options: SiteOptions = {}): Promise<{ site: Site; sockets: WebSocketServer }> {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), options)
  const sockets = new WebSocketServer({ server: site.origin.server, path: '/ws' })
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  return { site, sockets }
}

async function opened(site: Site, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${site.address}/ws`, protocols)
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

it('carries messages both ways, large ones and binary ones too', async () => {
  const { site } = await echoing()
  const socket = await opened(site)
  for (const text of ['hello', 'x'.repeat(300_000)]) {
    socket.send(text)
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(data.toString()).toBe(text)
  }
  socket.send(Buffer.of(0, 255, 13, 10))
  expect((await once(socket, 'message'))[0]).toEqual(Buffer.of(0, 255, 13, 10))
  expect(site.stat('s_pipe')).toBe(1)
  expect(site.records[0]).toMatchObject({ status: 101, outcome: 'PIPE', reason: 'UPGRADE', url: '/ws' })
})

it('ends on both sides when either side closes', async () => {
  const { site, sockets } = await echoing()
  const first = await opened(site)
  first.close(4001, 'bye')
  const [code] = (await once(first, 'close')) as [number]
  expect(code).toBe(4001)
  await until(() => sockets.clients.size === 0)
  const second = await opened(site)
  for (const client of sockets.clients) client.terminate()
  await once(second, 'close')
  await until(() => site.server.stat()['sess_open'] === 0)
})

it('serves hits on other connections while a tunnel is open', async () => {
  const { site } = await echoing()
  await opened(site)
  await site.get('/')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('relays another answer than 101 as HTTP and closes the client', async () => {
  const { site } = await echoing()
  const client = await site.connect()
  client.send(
    message('GET', '/not-a-socket', {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
    }),
  )
  const answer = await client.response()
  expect([answer.status, answer.get('connection')]).toEqual([400, 'close'])
  await client.closed()
  client.destroy()
})

it('lets the pipe hook refuse a tunnel', async () => {
  const { site } = await echoing({ policy: definePolicy({ pipe: ({ synth }) => synth(403) }) })
  const socket = new WebSocket(`ws://${site.address}/ws`)
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error.message).toContain('403')
  expect(site.origin.hits.length).toBe(0)
})

it('opens no tunnel for a protocol that is not a WebSocket: Upgrade is hop-by-hop', async () => {
  const { site } = await echoing()
  const answer = await site.get('/', { Connection: 'Upgrade, close', Upgrade: 'h2c' })
  expect(answer.status).toBe(200)
  expect(site.origin.hits[0]?.headers.upgrade).toBeUndefined()
})

it('answers 502 when the origin is dead', async () => {
  const { site } = await echoing()
  await site.origin.close()
  const socket = new WebSocket(`ws://${site.address}/ws`)
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error.message).toContain('502')
})

it('answers what a policy pipes without a change of protocol over HTTP, and ends its connection', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), { policy: definePolicy({ recv: ({ pipe }) => pipe() }) })
  const client = await site.connect()
  const answer = await client.request(message('GET', '/'))
  expect([answer.status, answer.body.toString(), answer.get('connection')]).toEqual([200, 'answer 0', 'close'])
  expect(await client.closed()).toBe('end')
  expect(site.origin.hits[0]?.headers.upgrade).toBeUndefined()
  client.destroy()
})
