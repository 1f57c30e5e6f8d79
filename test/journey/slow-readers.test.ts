/** Readers of very different speeds share one fill; what is not stored holds no more than its bound for the slow ones. */
import { expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { drink, open } from './site.ts'

const MB = 1024 * 1024

it('lets a leader that takes single bytes harm neither the fill nor who comes behind it', async () => {
  const body = Buffer.alloc(4 * MB, 'abc')
  const site = await open(
    (_hit, response) => void response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': body.length }).end(body),
  )
  const leader = await site.download('/')
  const taken: Buffer[] = []
  for (let i = 0; i < 5; i++) {
    await new Promise<void>((resolve) => (leader.readableLength > 0 ? resolve() : leader.once('readable', resolve)))
    const byte = leader.read(1) as Buffer | null
    if (byte !== null) taken.push(byte)
    expect((await drink(await site.download('/'))).length).toBe(body.length)
  }
  expect(site.origin.hits.length).toBe(1)
  expect(Buffer.concat([...taken, await drink(leader)]).equals(body)).toBe(true)
})

it('cuts a reader off visibly that falls too far behind an answer that is not stored', async () => {
  const total = 64 * MB
  const piece = Buffer.alloc(256 * 1024)
  const site = await open(
    async (_hit, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' })
      response.write('x')
      await until(() => site.stat('cache_hit') === 1)
      for (let sent = 0; sent < total; sent += piece.length)
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
      response.end()
    },
    // More than the system's own buffers take for the slow one, so that the fast one never is the one that is behind.
    { maxObject: MB, limits: { transferBuffer: 16 * MB } },
  )
  const fast = await site.download('/')
  const slow = await site.download('/')
  expect((await drink(fast)).length).toBe(total + 1)
  await expect(drink(slow)).rejects.toThrow()
  expect(site.origin.hits.length).toBe(1)
  expect(site.records.map(({ end }) => end).sort()).toEqual(['aborted', 'sent'])
})

it('cuts off a client that takes nothing for a minute', async () => {
  const site = await open((_hit, response) => void response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(Buffer.alloc(16 * MB)), {
    maxObject: 32 * MB,
  })
  const download = await site.download('/')
  await until(() => site.stat('n_object') === 1)
  for (let second = 0; second < 70; second++) site.clock.advance(1000)
  await expect(drink(download)).rejects.toThrow()
  expect(site.records[0]?.end).toBe('aborted')
  expect((await drink(await site.download('/'))).length).toBe(16 * MB)
})
