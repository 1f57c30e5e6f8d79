/** Request bodies on their way to the origin, interim answers on their way back. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { bodyOf, Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, message, open, reply } from './site.ts'

it('streams a request body to the origin while it is being sent', async () => {
  let got = ''
  const site = await open((hit, response) => {
    hit.message.on('data', (chunk: Buffer) => {
      got += chunk.toString()
    })
    hit.message.on('end', () => reply(response, 200, {}, got))
  })
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst')
  await until(() => got === 'first')
  client.send('final')
  expect((await client.response()).body.toString()).toBe('firstfinal')
  expect(site.origin.hits[0]?.headers['content-length']).toBe('10')
  client.destroy()
})

it('forwards a chunked body as chunked', async () => {
  const site = await open(async (hit, response) => reply(response, 200, {}, await bodyOf(hit)))
  const client = await site.connect()
  const answer = await client.request(
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n',
  )
  expect(answer.body.toString()).toBe('abcdefg')
  expect(site.origin.hits[0]?.headers['transfer-encoding']).toBe('chunked')
  client.destroy()
})

it('sends 100 Continue when the origin’s side begins to read, then takes the body', async () => {
  const site = await open(async (hit, response) => reply(response, 200, {}, await bodyOf(hit)))
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  expect((await client.response({ interim: true })).status).toBe(100)
  client.send('body')
  expect((await client.response()).body.toString()).toBe('body')
  client.destroy()
})

it('answers 408 where the body behind 100 Continue never comes, and holds no connection to the origin', async () => {
  const site = await open((hit) => {
    hit.message.on('error', () => {}).resume()
  })
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  expect((await client.response({ interim: true })).status).toBe(100)
  await until(() => site.origin.sockets.size === 1)
  site.clock.advance(61_000)
  expect((await client.response()).status).toBe(408)
  await client.closed()
  await until(() => site.origin.sockets.size === 0)
})

it('sends no 100 Continue for a body that nobody reads', async () => {
  const site = await open(always({}), { policy: definePolicy({ recv: ({ synth }) => synth(403) }) })
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  expect((await client.response({ interim: true })).status).toBe(403)
  client.destroy()
})

it('relays interim answers to the one whose request leads, and to nobody else', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    await gate.opened
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    reply(response, 200, { 'Cache-Control': 'max-age=60' }, 'page')
  })
  const [leader, other] = [await site.connect(), await site.connect()]
  leader.send(message('GET', '/'))
  await site.origin.hit(0)
  other.send(message('GET', '/'))
  await until(() => site.stat('busy_sleep') === 1)
  gate.open()
  const hints = await leader.response({ interim: true })
  expect([hints.status, hints.get('link')]).toEqual([103, '</style.css>; rel=preload'])
  expect((await leader.response({ interim: true })).status).toBe(200)
  expect((await other.response({ interim: true })).status).toBe(200)
  const hit = await site.connect()
  hit.send(message('GET', '/'))
  expect((await hit.response({ interim: true })).get('x-cache')).toBe('HIT')
  for (const client of [leader, other, hit]) client.destroy()
})

const retrying = definePolicy({ backendResponse: ({ beresp, retry }) => (beresp.status === 500 ? retry() : undefined) })

it('sends a small request body again on a retry', async () => {
  const site = await open(
    async (hit, response) => {
      const body = await bodyOf(hit)
      reply(response, hit.index === 0 ? 500 : 200, {}, body)
    },
    { policy: retrying },
  )
  const answer = await site.ask('POST', '/', {}, 'again')
  expect([answer.status, answer.body.toString(), site.origin.hits.length]).toEqual([200, 'again', 2])
})

it('does not send a body again that is larger than what is kept', async () => {
  const site = await open(
    async (hit, response) => {
      await bodyOf(hit)
      reply(response, 500, {})
    },
    { policy: retrying, limits: { replay: 1024 } },
  )
  const answer = await site.ask('POST', '/', {}, 'x'.repeat(2000))
  expect([answer.status, site.origin.hits.length]).toEqual([503, 1])
})

it('lets the origin see that a client’s body broke off', async () => {
  let aborted = false
  const site = await open((hit) => {
    hit.message.on('error', () => {
      aborted = true
    })
    hit.message.resume()
  })
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
  await site.origin.hit(0)
  client.reset()
  await until(() => aborted)
})

it('asks once for a POST whose origin connection dies, and says that it failed', async () => {
  const site = await open((hit) => hit.message.socket.destroy())
  const answer = await site.ask('POST', '/', {}, 'x')
  expect([answer.status, site.origin.hits.length]).toEqual([502, 1])
})

it('never coalesces or stores POSTs', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }))
  await Promise.all([1, 2, 3].map(() => site.ask('POST', '/', {}, 'x')))
  expect([site.origin.hits.length, site.stat('n_object')]).toEqual([3, 0])
})
