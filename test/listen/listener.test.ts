import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { formatAddress, parseListenAddress } from '../../src/listen/address.ts'
import { ListenError } from '../../src/listen/listener.ts'
import type { Exchange } from '../../src/request/exchange.ts'
import { RawClient } from '../support/raw-client.ts'
import { ok, type Rig, recorder, type Seen, start, turns, until } from './fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

const rigs: Rig[] = []
const clients: RawClient[] = []
const directories: string[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await Promise.all(rigs.splice(0).map((rig) => rig.listener.close()))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

async function serve(...parameters: Parameters<typeof start>): Promise<Rig> {
  const rig = await start(...parameters)
  rigs.push(rig)
  return rig
}

async function open(rig: Rig): Promise<RawClient> {
  const client = await RawClient.connect(rig.listener.address)
  clients.push(client)
  return client
}

function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'listen-'))
  directories.push(directory)
  return join(directory, 's')
}

test('reads addresses of every form', () => {
  expect(parseListenAddress('127.0.0.1:8080')).toEqual({ type: 'tcp', host: '127.0.0.1', port: 8080 })
  expect(parseListenAddress(':0')).toEqual({ type: 'tcp', host: undefined, port: 0 })
  expect(parseListenAddress('[::1]:65535')).toEqual({ type: 'tcp', host: '::1', port: 65_535 })
  expect(parseListenAddress('localhost:80')).toEqual({ type: 'tcp', host: 'localhost', port: 80 })
  expect(parseListenAddress('unix:/run/s')).toEqual({ type: 'unix', path: '/run/s' })
  expect(parseListenAddress('/run/s')).toEqual({ type: 'unix', path: '/run/s' })
})

test.each(['', '8080', 'host', 'host:', 'host:x', 'host:65536', '::1:80', '[::1]', 'unix:s', 'http://h:80', 'h:-1', 'a b:80'])(
  'refuses to listen on %j',
  (text) => {
    expect(() => parseListenAddress(text)).toThrow(TypeError)
  },
)

test('shows IPv6 addresses in brackets', () => {
  expect(formatAddress('::1', 80)).toBe('[::1]:80')
  expect(formatAddress('127.0.0.1', 80)).toBe('127.0.0.1:80')
})

test('listens on IPv6, where an IPv4 client appears under its IPv4 address', async () => {
  const rig = await serve((exchange) => exchange.respondWhole(ok(`X-Peer: ${exchange.peer.address}\r\n`), null), { address: '[::]:0' })
  const port = rig.listener.address.split(':').at(-1)
  for (const [host, peer] of [
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
  ]) {
    const client = await RawClient.connect(`${host}:${port}`)
    clients.push(client)
    expect((await client.request(GET)).get('x-peer')).toBe(peer)
  }
})

test('listens on a Unix socket, where the peer has no address', async () => {
  const path = socketPath()
  const rig = await serve((exchange) => exchange.respondWhole(ok(`X-Peer: ${JSON.stringify(exchange.peer)}\r\n`), null), {
    address: `unix:${path}`,
    isTrusted: (ip) => ip === '',
  })
  expect(rig.listener.address).toBe(path)
  const client = await open(rig)
  expect(JSON.parse((await client.request(GET)).get('x-peer') ?? '')).toMatchObject({ address: '', port: 0, trusted: true })
  client.send('bad\r\n')
  expect((await client.response()).status).toBe(400)
})

test('breaks a connection off on a Unix socket too', async () => {
  const rig = await serve((exchange) => exchange.abort(), { address: socketPath() })
  const client = await open(rig)
  client.send(GET)
  await client.closed()
  expect(client.total).toHaveLength(0)
})

test('takes over a Unix socket that a dead process left behind, not one that is in use', async () => {
  const path = socketPath()
  const left = createServer()
  await new Promise<void>((resolve) => left.listen(path, resolve))
  await expect(serve(recorder([]), { address: path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  left.close()
  const rig = await serve(recorder([]), { address: path })
  expect((await (await open(rig)).request(GET)).status).toBe(200)
})

test('says what is wrong and what to do when a port is taken', async () => {
  const rig = await serve(recorder([]))
  const error = await serve(recorder([]), { address: rig.listener.address }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ListenError)
  expect(error).toMatchObject({ code: 'EADDRINUSE', address: rig.listener.address })
  expect(String(error)).toMatch(/cannot listen on 127\.0\.0\.1:\d+: another process .*--listen/)
})

test('says so when the machine has no such address', async () => {
  await expect(serve(recorder([]), { address: '192.0.2.1:0' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
})

test('drains: idle connections close at once, requests under way are answered and announce the end, nobody new gets in', async () => {
  const waiting: Exchange[] = []
  const rig = await serve((exchange) => waiting.push(exchange))
  const idle = await open(rig)
  const busy = await open(rig)
  const uploading = await open(rig)
  busy.send(GET)
  uploading.send('GET / HTTP/1.1\r\n')
  await until(() => waiting.length === 1 && rig.listener.connections === 3)
  await turns()
  let drained = false
  const done = rig.listener.drain(30_000).then(() => {
    drained = true
  })
  expect(await idle.closed()).toBe('end')
  await expect(RawClient.connect(rig.listener.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  uploading.send('Host: h\r\n\r\n')
  await until(() => waiting.length === 2)
  expect(drained).toBe(false)
  for (const exchange of waiting) exchange.respondWhole(ok(), Buffer.from('late'))
  for (const client of [busy, uploading]) {
    const answer = await client.response()
    expect([answer.get('connection'), answer.body.toString()]).toEqual(['close', 'late'])
    expect(await client.closed()).toBe('end')
    client.end()
  }
  idle.end()
  await done
  expect(rig.listener.connections).toBe(0)
})

test('drain destroys what is left at its deadline', async () => {
  const rig = await serve(() => undefined)
  const client = await open(rig)
  client.send(GET)
  await until(() => rig.counters.get('client_req') === 1)
  const done = rig.listener.drain(5000)
  rig.clock.advance(4999)
  await turns()
  expect(client.ended).toBeNull()
  rig.clock.advance(1)
  expect(await client.closed()).toBe('reset')
  await done
})

test('close breaks off everything, tunnels included', async () => {
  const rig = await serve((exchange) => {
    exchange.tunnel({ status: 101, reason: '', fieldLines: '' })
  })
  const tunnel = await open(rig)
  tunnel.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  expect((await tunnel.response()).status).toBe(101)
  await rig.listener.close()
  await tunnel.closed()
  expect(rig.listener.connections).toBe(0)
})

test('a client that was gone before it was accepted is nobody: what it sent is not read as if it came over a Unix socket', async () => {
  const seen: Seen[] = []
  const rig = await serve(recorder(seen))
  const port = Number(rig.listener.address.split(':')[1])
  // While this waits for the other process nothing is accepted; the bytes of a connection that was reset can still be read then.
  const hitAndRun = `require('node:net').connect(${port}, '127.0.0.1', function () { this.write('PURGE / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n', () => this.resetAndDestroy()) })`
  execFileSync(process.execPath, ['-e', hitAndRun])
  await until(() => rig.counters.get('sess_dropped') + rig.counters.get('sess_closed') === 1)
  expect(seen).toEqual([])
  expect(rig.counters.get('sess_dropped')).toBe(1)
  expect(rig.listener.connections).toBe(0)
})
