/** Stopping: what is under way is finished, nothing new begins, and it ends in bounded time. */
import { expect, it } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, message, open, reply } from './site.ts'

it('finishes what is under way with Connection: close, and closes what is idle', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.url === '/slow') await gate.opened
    reply(response, 200, {}, 'done')
  })
  const idle = await site.connect()
  await idle.request(message('GET', '/'))
  const busy = await site.connect()
  busy.send(message('GET', '/slow'))
  await site.origin.hit(1)
  const drained = site.server.drain()
  await idle.closed()
  await expect(site.connect()).rejects.toThrow()
  gate.open()
  const answer = await busy.response()
  expect([answer.status, answer.body.toString(), answer.get('connection')]).toEqual([200, 'done', 'close'])
  await busy.closed()
  for (const client of [idle, busy]) client.destroy()
  await drained
})

it('breaks off what is not finished within the drain deadline', async () => {
  const site = await open(() => {}, { deadlines: { drain: 5 } })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await site.origin.hit(0)
  const drained = site.server.drain()
  site.clock.advance(5001)
  await drained
  await client.closed()
  client.destroy()
  await until(() => site.origin.sockets.size === 0)
})

it('closes at once when told to, also while requests wait for each other', async () => {
  const site = await open(() => {})
  const clients = [await site.connect(), await site.connect()]
  for (const client of clients) client.send(message('GET', '/'))
  await until(() => site.stat('busy_sleep') === 1)
  await site.server.close()
  for (const client of clients) {
    await client.closed()
    client.destroy()
  }
  await until(() => site.origin.sockets.size === 0)
})

it('leaves no timer behind that keeps the process from ending, and closes twice without harm', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }))
  await site.get('/')
  await site.server.close()
  await site.server.close()
  await site.server.drain()
  site.clock.advance(86_400_000)
})
