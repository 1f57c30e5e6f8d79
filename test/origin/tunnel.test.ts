import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { joinTunnel, type Tunnel, type TunnelEnd } from '../../src/origin/tunnel.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, ok, rig, turns } from './rig.ts'

/** Both ends of one connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const far = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => {})
  const near = await accepted
  server.close()
  onTestFinished(() => {
    near.destroy()
    far.destroy()
  })
  return { near, far }
}

function collect(socket: Socket): { text: string; ended: boolean; failed: boolean } {
  const seen = { text: '', ended: false, failed: false }
  socket.on('data', (bytes: Buffer) => {
    seen.text += bytes.toString('latin1')
  })
  socket.on('end', () => {
    seen.ended = true
  })
  socket.on('error', () => {
    seen.failed = true
  })
  return seen
}

interface Joined {
  tunnel: Tunnel
  clock: ManualClock
  a: Socket
  b: Socket
  seenA: ReturnType<typeof collect>
  seenB: ReturnType<typeof collect>
  end: () => TunnelEnd | null
}

async function joined(restA = '', restB = ''): Promise<Joined> {
  const [one, two] = [await pair(), await pair()]
  const clock = new ManualClock()
  const tunnel = joinTunnel(one.near, Buffer.from(restA), two.near, Buffer.from(restB), 10_000, clock)
  let end: TunnelEnd | null = null
  tunnel.done = (how) => {
    end = how
  }
  return { tunnel, clock, a: one.far, b: two.far, seenA: collect(one.far), seenB: collect(two.far), end: () => end }
}

test('bytes read before come first, then both ways flow', async () => {
  const { a, b, seenA, seenB } = await joined('from a, ', 'from b, ')
  a.write('more of a')
  b.write('more of b')
  await eventually(() => seenA.text.length === 17 && seenB.text.length === 17)
  expect([seenA.text, seenB.text]).toEqual(['from b, more of b', 'from a, more of a'])
})

test('the end of one way is carried through while the other goes on', async () => {
  const { a, b, seenA, seenB, end } = await joined()
  a.end('question')
  await eventually(() => seenB.ended)
  expect(seenB.text).toBe('question')
  expect(seenA.ended).toBe(false)
  expect(end()).toBeNull()
  b.end('answer')
  await eventually(() => end() !== null)
  expect(seenA.text).toBe('answer')
  expect(end()).toEqual({ type: 'closed', fromA: 8, fromB: 6 })
})

test('a reset is carried through as a break', async () => {
  const { a, seenB, end } = await joined()
  a.resetAndDestroy()
  await eventually(() => end() !== null && (seenB.failed || seenB.ended))
  expect(end()!.type).toBe('broken')
  expect(seenB.failed).toBe(true)
})

test('a side that does not read pauses the other', async () => {
  const { a, b, seenB } = await joined()
  b.pause()
  const size = 30_000_000
  a.write(Buffer.alloc(size, 'x'))
  await turns(30)
  expect(a.writableLength).toBeGreaterThan(0)
  b.resume()
  await eventually(() => seenB.text.length === size)
})

test('silence both ways ends it at the idle deadline, a byte either way starts it again', async () => {
  const { a, b, seenA, seenB, clock, end } = await joined()
  clock.advance(9999)
  a.write('x')
  await eventually(() => seenB.text === 'x')
  clock.advance(9999)
  b.write('y')
  await eventually(() => seenA.text === 'y')
  clock.advance(9999)
  expect(end()).toBeNull()
  clock.advance(1)
  expect(end()).toEqual({ type: 'idle', fromA: 1, fromB: 1 })
})

test('destroying it closes both sockets', async () => {
  const { tunnel, a, b, end } = await joined()
  const closed = [a, b].map((socket) => new Promise((resolve) => socket.on('end', resolve)))
  tunnel.destroy()
  await Promise.all(closed)
  expect(end()!.type).toBe('destroyed')
})

test('an upgrade that was asked for gives the socket away with the bytes behind the head', async () => {
  const { origin, server, counters } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst frame')
    await connection.until((received) => received.endsWith('from the client'))
    connection.send(', echo')
    connection.end()
  })
  const asked = await ask(origin, get('/', { upgrade: 'websocket' }))
  expect(server.requests[0]!.head).toBe('GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  expect(asked.head?.status).toBe(101)
  const { socket, rest } = asked.upgrade!
  expect(socket.isPaused()).toBe(true)
  const { near, far } = await pair()
  const seen = collect(far)
  let end: TunnelEnd | null = null
  joinTunnel(near, Buffer.alloc(0), socket, rest, 10_000, new ManualClock()).done = (how) => {
    end = how
  }
  far.write('from the client')
  await eventually(() => seen.ended)
  expect(seen.text).toBe('first frame, echo')
  far.end()
  await eventually(() => end !== null)
  expect(end!).toEqual({ type: 'closed', fromA: 15, fromB: 17 })
  expect(counters.get('backend_recycle')).toBe(0)
})

test('a large stream through an upgraded connection arrives unchanged', async () => {
  const size = 5_000_000
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31) & 255
  const { origin } = await rig(async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n')
    connection.send(bytes)
    connection.end()
  })
  const { socket, rest } = (await ask(origin, get('/', { upgrade: 'x' }))).upgrade!
  const { near, far } = await pair()
  joinTunnel(near, Buffer.alloc(0), socket, rest, 10_000, new ManualClock())
  const parts: Buffer[] = []
  far.on('data', (part: Buffer) => parts.push(part))
  await new Promise((resolve) => far.on('end', resolve))
  expect(Buffer.concat(parts).equals(bytes)).toBe(true)
})

test('an upgrade that the origin declines is an ordinary answer, and its connection is not used again', async () => {
  const { origin, server } = await rig(await ByteOrigin.answering(() => ok('no')))
  const asked = await ask(origin, get('/', { upgrade: 'websocket' }))
  expect([asked.text, asked.outcome]).toEqual(['no', 'complete'])
  await ask(origin, get('/'))
  expect(server.connections).toHaveLength(2)
})

test('a tunnel counts as a connection of its backend until it closes', async () => {
  const { origin, server } = await rig(
    async (connection) => {
      const request = await connection.request()
      connection.send(request?.target === '/up' ? 'HTTP/1.1 101 Switching Protocols\r\n\r\n' : ok('x'))
    },
    { maxConnections: 1 },
  )
  const { socket } = (await ask(origin, get('/up', { upgrade: 'x' }))).upgrade!
  const waiting = begin(origin, get('/'))
  await turns(10)
  expect(server.connections).toHaveLength(1)
  socket.destroy()
  await waiting.over
  expect(waiting.text).toBe('x')
})
