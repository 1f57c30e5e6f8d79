import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Outbox } from '../../src/redis/outbox.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A socket that keeps what is written, one entry for each time that it is asked to write. */
class Sink extends Socket {
  readonly writes: string[] = []

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.writes.push(Buffer.from(chunk as string, encoding).toString())
    done()
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk, encoding }) => Buffer.from(chunk as string, encoding).toString()).join(''))
    done()
  }
}

it('writes what is asked in a turn at once, in its order, and the next turn’s apart', async () => {
  const socket = new Sink()
  const outbox = new Outbox(() => socket)
  for (const piece of ['a', 'ü', Buffer.from('b'), Buffer.from('c'), 'd']) outbox.write(piece)
  expect(socket.writes).toEqual([])
  await turn()
  expect(socket.writes).toEqual(['aübcd'])
  outbox.write('e')
  outbox.write('f')
  await turn()
  expect(socket.writes).toEqual(['aübcd', 'ef'])
})

it('does not gather more than a bound', async () => {
  const socket = new Sink()
  const outbox = new Outbox(() => socket)
  const large = 'x'.repeat(40_000)
  for (let i = 0; i < 5; i++) outbox.write(large)
  expect(socket.writes).toEqual([large + large, large + large])
  await turn()
  expect(socket.writes.join('')).toBe(large.repeat(5))
})

it('throws nothing at whom the connection has gone', async () => {
  const ended = new Sink()
  ended.destroy()
  const outbox = new Outbox(() => ended)
  outbox.write('a')
  const none = new Outbox(() => undefined)
  none.write('a')
  await turn()
  expect(ended.writes).toEqual([])
})
