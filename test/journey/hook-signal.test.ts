/** The noun `signal`: what a hook began ends with the hook that is late, the client that leaves, and the transaction. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { until } from '../support/until.ts'
import { always, message, open } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=600' }

/** A server that never answers `/hang`, and counts who gave up on it. */
async function neighbour(): Promise<{ readonly url: string; asked: number; gone: number }> {
  const seen = { url: '', asked: 0, gone: 0 }
  const server: Server = createServer((request, response) => {
    seen.asked++
    request.socket.once('close', () => seen.gone++)
    if (request.url !== '/hang') response.end('blue')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  seen.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return seen
}

it('lets an asynchronous hook ask somebody else before it decides', async () => {
  const { url } = await neighbour()
  const policy = definePolicy({
    async recv({ req, signal }) {
      const answer = await fetch(`${url}/colour`, { signal })
      req.headers.set('X-Colour', await answer.text())
    },
  })
  const site = await open(always(CACHED), { policy })
  expect((await site.get('/')).status).toBe(200)
  expect(site.origin.hits[0]?.message.headers['x-colour']).toBe('blue')
})

it('breaks off what a hook waits for when it passes its deadline, and answers 503', async () => {
  const other = await neighbour()
  const policy = definePolicy({ recv: async ({ signal }) => void (await fetch(`${other.url}/hang`, { signal })) })
  const site = await open(always(CACHED), { policy })
  const answer = site.get('/')
  await until(() => other.asked === 1)
  expect(other.gone).toBe(0)
  site.clock.advance(5001)
  expect((await answer).status).toBe(503)
  await until(() => other.gone === 1)
})

it('breaks it off on the fetch side, too', async () => {
  const other = await neighbour()
  const policy = definePolicy({ backendFetch: async ({ signal }) => void (await fetch(`${other.url}/hang`, { signal })) })
  const site = await open(always(CACHED), { policy })
  const answer = site.get('/')
  await until(() => other.asked === 1)
  site.clock.advance(5001)
  expect((await answer).status).toBe(503)
  await until(() => other.gone === 1)
})

it('breaks it off when the client leaves', async () => {
  const other = await neighbour()
  const policy = definePolicy({ recv: async ({ signal }) => void (await fetch(`${other.url}/hang`, { signal })) })
  const site = await open(always(CACHED), { policy })
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => other.asked === 1)
  // A client that closes its side alone may still read.
  client.socket.resetAndDestroy()
  await until(() => other.gone === 1)
})

it('is aborted when the transaction is over, and not before', async () => {
  const signals: AbortSignal[] = []
  const policy = definePolicy({
    recv: ({ signal }) => void signals.push(signal),
    deliver: ({ signal }) => void signals.push(signal),
    backendFetch: ({ signal }) => void signals.push(signal),
    backendResponse: ({ signal }) => void expect(signal.aborted).toBe(false),
  })
  const site = await open(always(CACHED), { policy })
  expect((await site.get('/')).status).toBe(200)
  await until(() => signals.every(({ aborted }) => aborted))
  expect([signals.length, signals[0] === signals[2], signals[0] === signals[1]]).toEqual([3, true, false])
})
