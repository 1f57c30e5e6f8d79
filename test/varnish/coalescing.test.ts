/** Who waits for whose fetch, and what becomes of those who waited (behaviours 17–23). */
import { expect } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { type Fields, message, reply, type Site } from '../journey/site.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open } from './site.ts'

const KEPT: Fields = { 'Cache-Control': 'max-age=60' }

/** Answers that are held back until a gate is opened. */
const behind =
  (gate: Gate, answer: OriginScript): OriginScript =>
  async (hit, response) => {
    await gate.opened
    await answer(hit, response)
  }

/** One request at the origin, and `count` who wait for it. */
async function queue(site: Site, count: number): Promise<Promise<{ status: number; body: Buffer }>[]> {
  const first = site.get('/')
  await site.origin.hit(0)
  const others = Array.from({ length: count }, () => site.get('/'))
  await until(() => site.stat('busy_sleep') === count, 'the queue')
  return [first, ...others]
}

behaviour(17, 'a request of another variant does not wait, once it is known what answers vary by', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.headers['x-lang'] === 'slow') await gate.opened
    reply(response, 200, { ...KEPT, Vary: 'X-Lang' }, String(hit.headers['x-lang']))
  })
  await site.get('/', { 'X-Lang': 'known' })
  const slow = site.get('/', { 'X-Lang': 'slow' })
  await site.origin.hit(1)
  expect((await site.get('/', { 'X-Lang': 'other' })).body.toString()).toBe('other')
  expect(site.stat('busy_sleep')).toBe(0)
  gate.open()
  expect((await slow).body.toString()).toBe('slow')
})

behaviour(18, 'all who waited get what they waited for, although it has expired when it comes', async () => {
  const gate = new Gate()
  const site = await open(
    behind(gate, (hit, response) => reply(response, 200, {}, `${hit.index}`)),
    {
      policy: definePolicy({
        backendResponse({ beresp, deliver }) {
          beresp.ttl = 0
          beresp.grace = 0
          return deliver()
        },
      }),
    },
  )
  const all = await queue(site, 9)
  gate.open()
  expect((await Promise.all(all)).map(({ body }) => body.toString())).toEqual(Array.from({ length: 10 }, () => '0'))
  expect(site.origin.hits.length).toBe(1)
  expect((await site.get('/')).body.toString()).toBe('1')
})

behaviour(19, 'if what comes may not be shared, all who waited go on at once', async () => {
  const [first, rest] = [new Gate(), new Gate()]
  const site = await open(async (hit, response) => {
    await (hit.index === 0 ? first : rest).opened
    reply(response, 200, { 'Cache-Control': 'private' }, `${hit.index}`)
  })
  const all = await queue(site, 9)
  first.open()
  // None of them is answered before all are at the origin.
  await site.origin.hit(9)
  rest.open()
  expect(new Set((await Promise.all(all)).map(({ body }) => body.toString())).size).toBe(10)
})

behaviour(20, 'when a fetch fails one of those who waited tries again for all', async () => {
  const [first, next] = [new Gate(), new Gate()]
  const site = await open(
    async (hit, response) => {
      await (hit.index === 0 ? first : next).opened
      reply(response, 200, KEPT, `${hit.index}`)
    },
    {
      policy: definePolicy({
        backendResponse({ abandon }) {
          if (site.origin.hits.length === 1) return abandon()
        },
      }),
    },
  )
  const all = await queue(site, 5)
  first.open()
  await site.origin.hit(1)
  next.open()
  expect((await Promise.all(all)).map(({ status, body }) => `${status} ${status === 200 ? body : ''}`)).toEqual([
    '503 ',
    ...Array.from({ length: 5 }, () => '200 1'),
  ])
  expect(site.origin.hits.length).toBe(2)
})

behaviour(20, 'the page that the error hook makes is given to all who waited, once a second try failed, and to nobody later', async () => {
  const gate = new Gate()
  let pages = 0
  const site = await open(
    behind(gate, (hit) => hit.message.socket.destroy()),
    {
      policy: definePolicy({
        backendError({ beresp }) {
          beresp.body = `sorry ${pages++}`
        },
      }),
    },
  )
  const all = await queue(site, 5)
  gate.open()
  const bodies = (await Promise.all(all)).map(({ body }) => body.toString())
  expect([bodies[0], new Set(bodies.slice(1))]).toEqual(['sorry 0', new Set(['sorry 1'])])
  expect((await site.get('/')).body.toString()).toBe('sorry 2')
})

behaviour(21, 'who waited reads as soon as the head is here, and while the first client is slow', async () => {
  const gate = new Gate()
  const size = 256 * 1024
  const site = await open(async (_hit, response) => {
    response.writeHead(200, KEPT)
    response.write(Buffer.alloc(size, 'a'))
    await gate.opened
    response.end(Buffer.alloc(size, 'b'))
  })
  const [slow, other] = [await site.connect(), await site.connect()]
  slow.socket.pause()
  slow.send(message('GET', '/'))
  await site.origin.hit(0)
  other.send(message('GET', '/'))
  await until(() => other.received > size / 2, 'the first half')
  gate.open()
  expect((await other.response()).body.length).toBe(2 * size)
  slow.socket.resume()
  expect((await slow.response()).body.length).toBe(2 * size)
  expect(site.origin.hits.length).toBe(1)
  for (const client of [slow, other]) client.destroy()
})

behaviour(22, 'who insists on a new copy does not wait for somebody else’s', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, KEPT, `${hit.index}`)
    },
    {
      policy: definePolicy({
        recv({ req }) {
          req.hashAlwaysMiss = req.headers.has('x-anew')
        },
      }),
    },
  )
  const first = site.get('/')
  await site.origin.hit(0)
  expect((await site.get('/', { 'X-Anew': '1' })).body.toString()).toBe('1')
  expect(site.stat('busy_sleep')).toBe(0)
  gate.open()
  expect((await first).body.toString()).toBe('0')
})

behaviour(23, 'fragments wait for a fetch under way, and the page that includes them does not hang', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.url === '/part') await gate.opened
      reply(response, 200, KEPT, hit.url === '/part' ? 'part' : '<p><esi:include src="/part"/><esi:include src="/part"/></p>')
    },
    {
      policy: definePolicy({
        backendResponse({ bereq, beresp }) {
          beresp.esi = bereq.url === '/'
        },
      }),
    },
  )
  const part = site.get('/part')
  await site.origin.hit(0)
  const page = site.get('/')
  await until(() => site.stat('busy_sleep') === 2, 'both fragments')
  gate.open()
  expect([(await page).body.toString(), (await part).body.toString()]).toEqual(['<p>partpart</p>', 'part'])
  expect(site.origin.hits.length).toBe(2)
})
