/** Short answers leave in one write, whether they come from the cache or through it. */
import { Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createServer } from '../../src/index.ts'
import { ByteOrigin } from '../support/byte-origin.ts'

const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

/** How often the server wrote to its client for each of some requests. */
async function writesOf(control: string, targets: readonly string[]): Promise<number[]> {
  const head = `HTTP/1.1 200 OK\r\nCache-Control: ${control}\r\nContent-Length: 1000\r\n\r\n`
  const origin = await ByteOrigin.answering(() => head + 'x'.repeat(1000))
  const server = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], eventLog: QUIET })
  const port = Number(server.addresses[0]?.split(':').at(-1))
  const write = vi.spyOn(Socket.prototype, 'write')
  onTestFinished(async () => {
    write.mockRestore()
    await server.close()
    await origin.close()
  })
  const counts: number[] = []
  for (const target of targets) {
    write.mockClear()
    const response = await fetch(`http://127.0.0.1:${port}${target}`)
    expect((await response.text()).length).toBe(1000)
    counts.push(write.mock.contexts.filter((socket) => (socket as Socket).localPort === port).length)
  }
  return counts
}

test('a pass', async () => {
  expect(await writesOf('no-store', ['/a', '/b'])).toEqual([1, 1])
})

test('a miss and a hit', async () => {
  expect(await writesOf('max-age=60', ['/a', '/a', '/b'])).toEqual([1, 1, 1])
})
