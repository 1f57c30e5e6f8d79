/** What a connection that waits for its next request keeps in memory, beside its socket. `bench/idle.ts` measures all of it. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { ok, start } from './fixture.ts'

const COUNT = 2000
const BATCH = 100
const BODY = Buffer.alloc(1024, 'x')
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY.toString('latin1')}`
const REQUEST = 'GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a client of some length, as they have them\r\n\r\n'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('an idle connection keeps less than 0.75 KiB beside its socket', async () => {
  const rig = await start((exchange) => exchange.respondWhole(ok('', BODY.length), BODY))
  onTestFinished(() => rig.listener.close())
  const ours = await kept(Number(rig.listener.address.split(':').at(-1)))
  expect(rig.listener.connections).toBe(COUNT + BATCH)
  // Measured: 0.60 KiB; 0.88 with its read buffer, 0.98 with listeners of its own.
  expect((ours - (await kept(await bare()))) / 1024).toBeLessThan(0.75)
})

/** The port of a server that keeps nothing but its sockets. */
async function bare(): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(ANSWER, 'latin1'))
    socket.on('end', () => socket.end())
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Bytes for each connection that has had one answer: both ends of it. */
async function kept(port: number): Promise<number> {
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const open = async (): Promise<void> => void sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => asked(port)))))
  await open()
  const before = await held()
  while (sockets.length < COUNT + BATCH) await open()
  return ((await held()) - before) / COUNT
}

/** Bytes in use when everything that can be collected has been: on the heap, and those of buffers. */
async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function asked(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      if (chunk.at(-1) === BODY[0]) resolve(socket)
    })
    socket.write(REQUEST)
  })
}
