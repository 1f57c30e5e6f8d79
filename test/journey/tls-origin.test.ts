/** Origins over TLS as clients meet them: a real nginx with certificates, error pages, stale answers, WebSockets. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { backend } from '../../vcl-ts/index.ts'
import { authority } from '../support/certificates.ts'
import { startNginx } from '../support/nginx.ts'
import { always, message, open } from './site.ts'

const ca = authority('Clearcoat test CA')
const other = authority('Another CA')
const server = ca.issue({ names: ['app.test', '127.0.0.1'] })
const client = ca.issue({})

test('pages of an nginx that demands a client’s certificate are fetched, stored and served again', async () => {
  const nginx = await startNginx({ tls: { ...server, clientCa: ca.cert } })
  onTestFinished(() => nginx.stop())
  const tls = { ca: ca.cert, cert: client.cert, key: client.key, serverName: 'app.test' }
  const site = await open(always({}), { origin: backend(nginx.url, { tls }) })
  for (const cache of ['MISS', 'HIT']) {
    const page = await site.get('/style.css')
    expect([page.status, page.get('x-cache'), page.body.toString()]).toEqual([200, cache, 'body { color: #222 }\n'])
  }
  const large = await site.get('/large.bin')
  expect(large.body.length).toBe(300_000)
  await expect.poll(() => nginx.requests()).toEqual(['GET /style.css 200', 'GET /large.bin 200'])
  // Without a certificate nginx answers with an error of its own.
  const naked = await open(always({}), { origin: backend(nginx.url, { tls: { ca: ca.cert } }) })
  expect((await naked.get('/style.css')).status).toBe(400)
})

test.each([
  ['tls_untrusted', { ca: other.cert }, 'nobody who is trusted vouches'],
  ['tls_name', { ca: ca.cert, serverName: 'other.test' }, 'for another name'],
] as const)('a certificate that is not believed is a 502 with its reason: %s', async (code, tls, detail) => {
  const nginx = await startNginx({ tls: server })
  onTestFinished(() => nginx.stop())
  const site = await open(always({}), { origin: backend(nginx.url, { tls }) })
  const page = await site.get('/', { Accept: 'text/html' })
  expect(page.status).toBe(502)
  expect(page.body.toString()).toContain(detail)
  expect(page.get('proxy-status')).toContain('error=tls_certificate_error')
  expect(site.stat(`fetch_fail_${code}`)).toBe(1)
  expect(site.records[0]).toMatchObject({ status: 502, detail: expect.stringContaining(code) })
  expect(nginx.requests()).toEqual([])
})

test('an object is served stale while the origin’s certificate is not believed', async () => {
  const origin = createServer(server, (_request, response) => response.writeHead(200, { 'Cache-Control': 'max-age=1' }).end('page'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    origin.closeAllConnections()
    origin.close()
  })
  const url = `https://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const site = await open(always({}), { origin: backend(url, { tls: { ca: ca.cert } }) })
  expect((await site.get('/')).body.toString()).toBe('page')
  const pair = ca.issue({ names: ['127.0.0.1'], notBefore: new Date(0), notAfter: new Date(1) })
  origin.setSecureContext(pair)
  origin.closeAllConnections()
  site.clock.advance(2 * 3_600_000)
  const stale = await site.get('/')
  expect([stale.status, stale.body.toString()]).toEqual([200, 'page'])
  expect(site.stat('fetch_fail_tls_expired')).toBe(1)
})

test('WebSockets go through to an origin over TLS', async () => {
  const origin = createServer(server)
  const sockets = new WebSocketServer({ server: origin })
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${text}!`)))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    origin.close()
  })
  const url = `https://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const site = await open(always({}), { origin: backend(url, { tls: { ca: ca.cert } }) })
  const socket = new WebSocket(`ws://${site.address}/`)
  await new Promise((resolve) => socket.once('open', resolve))
  const large = 'x'.repeat(200_000)
  for (const text of ['one', large, 'two']) {
    const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())))
    socket.send(text)
    expect(await answer).toBe(`${text}!`)
  }
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.close(1000)
  expect(await closed).toBe(1000)
})

test.each([1, 2] as const)('nginx learns the client’s address by the PROXY protocol, version %s', async (proxyHeader) => {
  const nginx = await startNginx({
    listen: 'proxy_protocol',
    server: 'location = /who { return 200 "$proxy_protocol_addr $proxy_protocol_server_port"; }',
  })
  onTestFinished(() => nginx.stop())
  const site = await open(always({}), { origin: backend(nginx.url, { proxyHeader }), trust: ['127.0.0.0/8'] })
  const own = await site.connect()
  const page = await own.request(message('GET', '/who', { 'Cache-Control': 'no-store' }))
  expect(page.body.toString()).toBe(`127.0.0.1 ${site.address.split(':')[1]}`)
  expect((await site.get('/who?2', { 'X-Forwarded-For': '192.0.2.9' })).body.toString()).toMatch(/^192\.0\.2\.9 /)
  expect((await site.get('/who?3', { 'X-Forwarded-For': '2001:db8::9' })).body.toString()).toMatch(/^2001:db8::9 /)
  own.destroy()
})
