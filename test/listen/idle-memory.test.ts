/** What a connection that waits for its next request keeps in memory. `bench/idle.ts` measures the server alone. */
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { ok, start } from './fixture.ts'

const COUNT = 2000
const ANSWER = Buffer.alloc(1024, 'x')
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('an idle connection keeps less than 4 KiB, both of its ends together', async () => {
  const rig = await start((exchange) => exchange.respondWhole(ok('', ANSWER.length), ANSWER))
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    return rig.listener.close()
  })
  const port = Number(rig.listener.address.split(':').at(-1))
  const open = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 100) sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => asked(port)))))
  }
  await open(200)
  const before = await held()
  await open(COUNT)
  expect(rig.listener.connections).toBe(COUNT + 200)
  // Measured: 3.0 KiB, of which the client holds 1.2.
  expect(((await held()) - before) / COUNT / 1024).toBeLessThan(4)
})

/** Bytes in use when everything that can be collected has been: on the heap, and those of buffers. */
async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A connection that has had one answer. */
function asked(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      if (chunk.at(-1) === ANSWER[0]) resolve(socket)
    })
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a client of some length, as they have them\r\n\r\n')
  })
}
