/** The purge action: hard and soft, against what is stored, what is arriving and what is being asked for. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, message, open, reply } from './site.ts'

const policy = definePolicy({
  recv({ req, purge }) {
    if (req.method === 'PURGE') return purge()
    if (req.method === 'SOFTPURGE') return purge({ soft: true })
  },
})

it('drops the object and answers 200 Purged with the count', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), { policy })
  await site.get('/')
  const purged = await site.ask('PURGE', '/')
  expect([purged.status, purged.reason]).toEqual([200, 'Purged 1'])
  expect(site.stat('n_object')).toBe(0)
  expect([site.stat('n_purges'), site.stat('n_obj_purged')]).toEqual([1, 1])
  const next = await site.get('/')
  expect([next.body.toString(), next.get('x-cache')]).toEqual(['answer 1', 'MISS'])
  expect(site.origin.hits.map(({ method }) => method)).toEqual(['GET', 'GET'])
})

it('drops every variant of the URL and leaves other URLs and hosts alone', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60', Vary: 'X-Lang' }), { policy })
  await site.get('/', { 'X-Lang': 'de' })
  await site.get('/', { 'X-Lang': 'fr' })
  await site.get('/other')
  await site.get('/', { Host: 'other.example' })
  await site.ask('PURGE', '/')
  expect(site.stat('n_object')).toBe(2)
  expect((await site.get('/other')).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { Host: 'other.example' })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'X-Lang': 'fr' })).get('x-cache')).toBe('MISS')
})

it('lets the purge hook answer as it likes, or go on with the request', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), {
    policy: definePolicy({
      recv: ({ req, purge }) => (req.method === 'PURGE' ? purge() : undefined),
      purge({ req, synth, restart }) {
        if (req.headers.has('x-refill')) {
          req.method = 'GET'
          return restart()
        }
        return synth(204)
      },
    }),
  })
  await site.get('/')
  expect((await site.ask('PURGE', '/')).status).toBe(204)
  expect((await site.ask('PURGE', '/', { 'X-Refill': '1' })).get('x-cache')).toBe('MISS')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('drops with a hard purge what was stale, so that a dead origin’s answer is an error', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), { policy })
  await site.get('/')
  await site.ask('PURGE', '/')
  await site.origin.close()
  expect((await site.get('/')).status).toBe(502)
})

it('keeps after a soft purge what grace allows, while one fetch refreshes it', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index > 0) await gate.opened
      reply(response, 200, { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, `answer ${hit.index}`)
    },
    { policy },
  )
  await site.get('/')
  site.clock.advance(1000)
  await site.ask('SOFTPURGE', '/')
  const stale = await site.get('/')
  expect([stale.body.toString(), stale.get('x-cache')]).toEqual(['answer 0', 'STALE'])
  await site.origin.hit(1)
  gate.open()
  await until(() => site.stat('n_superseded') === 1)
  expect((await site.get('/')).body.toString()).toBe('answer 1')
})

it('keeps after a soft purge what staleIfError allows when the origin is dead', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), { policy })
  await site.get('/')
  await site.ask('SOFTPURGE', '/')
  await site.origin.close()
  expect((await site.get('/')).get('x-cache')).toBe('STALE')
})

it('never shortens the time to wait nor lengthens a life by a soft purge', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10, stale-while-revalidate=20' }), { policy })
  await site.get('/')
  site.clock.advance(15_000)
  await site.ask('SOFTPURGE', '/')
  site.clock.advance(16_000)
  expect((await site.get('/')).get('x-cache')).toBe('MISS')
})

it('does not store an answer that was being fetched when the purge came', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, { 'Cache-Control': 'max-age=60' }, `answer ${hit.index}`)
    },
    { policy },
  )
  const early = site.get('/')
  await site.origin.hit(0)
  await site.ask('PURGE', '/')
  // Who comes after the purge does not join the fetch that began before it, but gives it a second to end.
  const late = site.get('/')
  await until(() => site.stat('busy_sleep') === 1)
  site.clock.advance(1000)
  expect((await late).body.toString()).toBe('answer 1')
  gate.open()
  expect((await early).body.toString()).toBe('answer 0')
  expect((await site.get('/')).body.toString()).toBe('answer 1')
})

it('detaches a body that was arriving when the purge came: its readers finish, nobody joins, it is not stored', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index > 0) return reply(response, 200, { 'Cache-Control': 'max-age=60' }, 'after')
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': 6 })
      response.write('bef')
      await gate.opened
      response.end('ore')
    },
    { policy },
  )
  const client = await site.connect()
  client.send(message('GET', '/'))
  await until(() => client.pending.includes('bef'))
  await site.ask('PURGE', '/')
  expect((await site.get('/')).body.toString()).toBe('after')
  gate.open()
  expect((await client.response()).body.toString()).toBe('before')
  expect((await site.get('/')).body.toString()).toBe('after')
  expect(site.stat('n_object')).toBe(1)
  client.destroy()
})

it('asks again without conditions when the object was purged while a 304 was on its way', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.headers['if-none-match'] !== undefined) {
        await gate.opened
        return reply(response, 304, { ETag: '"a"', 'Cache-Control': 'max-age=60' })
      }
      reply(response, 200, { ETag: hit.index === 0 ? '"a"' : '"b"', 'Cache-Control': 'max-age=10' }, `answer ${hit.index}`)
    },
    { policy },
  )
  await site.get('/')
  site.clock.advance(11_000)
  const asked = site.get('/')
  await site.origin.hit(1)
  await site.ask('PURGE', '/')
  gate.open()
  const answer = await asked
  expect([answer.status, answer.body.toString()]).toEqual([200, 'answer 2'])
  expect(site.origin.hits[2]?.headers['if-none-match']).toBeUndefined()
})

it('forgets remembered refusals', async () => {
  const site = await open(always({ 'Cache-Control': 'private' }), { policy })
  await site.get('/')
  await site.ask('PURGE', '/')
  await site.get('/')
  expect(site.stat('cache_hitmiss')).toBe(0)
})

it('invalidates by an unsafe method that succeeded, its Location included, and not by one that failed', async () => {
  const site = await open((hit, response) =>
    hit.method === 'POST'
      ? reply(response, hit.url === '/fails' ? 500 : 303, { Location: '/list' })
      : reply(response, 200, { 'Cache-Control': 'max-age=60' }, `${hit.index}`),
  )
  for (const path of ['/form', '/list', '/fails', '/else']) await site.get(path)
  await site.ask('POST', '/form', {}, 'x')
  await site.ask('POST', '/fails', {}, 'x')
  const outcomes: (string | undefined)[] = []
  for (const path of ['/form', '/list', '/fails', '/else']) outcomes.push((await site.get(path)).get('x-cache'))
  expect(outcomes).toEqual(['MISS', 'MISS', 'HIT', 'HIT'])
})
