/**
 * What an idle keep-alive connection costs the server's process: by hand, `node bench/idle.ts [connections] [lean|browser] [snapshot]`.
 * Each connection has had one answer. Server and clients are processes of their own; a bare `node:net` server is the floor. With
 * `snapshot` the server writes heap snapshots before and after, to compare in a browser's developer tools.
 */
import { connect, createServer as createNetServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { createServer } from '../src/index.ts'
import { answering } from './harness/answering.ts'
import { Child } from './harness/child.ts'
import { bodyOf, originHead, requestText, type Shape } from './harness/requests.ts'

type Memory = ReturnType<typeof process.memoryUsage>

/** Connections that come and go first, so that what is made once is not counted; few enough that their memory is not what is used again. */
const WARMING = 500
/** Connections that are opened at a time; fewer than a listener's backlog. */
const BATCH = 100
const [role = '10000', ...rest] = process.argv.slice(2)

if (role === 'clearcoat') {
  const limits = { connections: 1_000_000 }
  const server = await createServer({ origin: `http://127.0.0.1:${rest[0]}`, listen: ['127.0.0.1:0'], limits, deadlines: { idle: 3600 } })
  answering(Number(server.addresses[0]?.split(':').at(-1)), memory)
} else if (role === 'floor' || role === 'origin') {
  const answer = originHead(true, 1024) + bodyOf('/', 1024)
  const server = createNetServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('data', () => socket.write(answer, 'latin1'))
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    answering(typeof address === 'object' && address !== null ? address.port : 0, memory)
  })
} else if (role === 'clients') {
  const sockets: Socket[] = []
  answering('ready', async (question) => {
    const { port, count, shape } = question as { port: number; count: number; shape: Shape }
    if (count === 0) await Promise.all(sockets.splice(0).map(closed))
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(BATCH, count - sockets.length) }, () => asked(port, shape))
      sockets.push(...(await Promise.all(batch)))
    }
    return sockets.length
  })
} else await measure(Number(role), rest.includes('browser') ? 'browser' : 'lean', rest.includes('snapshot'))

async function measure(count: number, shape: Shape, snapshots: boolean): Promise<void> {
  const origin = await Child.start('load', 'idle.ts', ['origin'])
  const figures: Record<string, Record<string, string>> = {}
  for (const name of ['floor', 'clearcoat']) {
    const server = await Child.start('server', 'idle.ts', [name, String(origin.ready)], ['--expose-gc'])
    const clients = await Child.start('load', 'idle.ts', ['clients'])
    const hold = (connections: number): Promise<unknown> => clients.child.ask({ port: server.ready, count: connections, shape })
    await hold(WARMING)
    await hold(0)
    if (snapshots) await server.child.ask('snapshot')
    const before = (await server.child.ask('memory')) as Memory
    await hold(count)
    const after = (await server.child.ask('memory')) as Memory
    if (snapshots) console.log(name, await server.child.ask('snapshot'))
    const each = (part: keyof Memory): string => ((after[part] - before[part]) / count / 1024).toFixed(2)
    figures[name] = { rss: each('rss'), heap: each('heapUsed'), external: each('external'), 'array buffers': each('arrayBuffers') }
    await clients.child.stop()
    await server.child.stop()
  }
  await origin.child.stop()
  console.log(`KiB for each of ${count} idle connections (${shape} request)`)
  console.table(figures)
}

/** When everything that can be collected has been. */
async function memory(question: unknown): Promise<Memory | string> {
  for (let round = 0; round < 4; round++) {
    await turn()
    globalThis.gc?.()
  }
  return question === 'snapshot' ? writeHeapSnapshot() : process.memoryUsage()
}

/** A connection that has had one answer, whole. */
function asked(port: number, shape: Shape): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let bytes = 0
    let end = Number.POSITIVE_INFINITY
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      const head = bytes === 0 ? chunk.indexOf('\r\n\r\n') : -1
      if (head >= 0) end = head + 4 + Number(/content-length: (\d+)/i.exec(chunk.toString('latin1'))?.[1])
      bytes += chunk.length
      if (bytes >= end) resolve(socket)
    })
    socket.write(requestText(shape, `127.0.0.1:${port}`, '/hot'))
  })
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
    socket.destroy()
  })
}
