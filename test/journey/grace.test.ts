/** stale-while-revalidate: the stale object is served at once, and one fetch refreshes it once the answer is on its way. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, message, open, reply } from './site.ts'

const IN_GRACE = { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }

it('serves the stale object at once while one background fetch refreshes it', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index > 0) await gate.opened
    reply(response, 200, IN_GRACE, `answer ${hit.index}`)
  })
  await site.get('/')
  site.clock.advance(11_000)
  const during = await Promise.all([1, 2, 3, 4, 5].map(() => site.get('/')))
  for (const answer of during) {
    expect(answer.body.toString()).toBe('answer 0')
    expect(answer.get('x-cache')).toBe('STALE')
    expect(answer.get('age')).toBe('11')
    expect(answer.get('cache-status')).toContain('detail=GRACE')
  }
  await site.origin.hit(1)
  expect(site.stat('backend_req')).toBe(2)
  expect(site.stat('s_bgfetch')).toBe(1)
  expect(site.stat('cache_hit_grace')).toBe(5)
  gate.open()
  await until(() => site.stat('n_superseded') === 1)
  const after = await site.get('/')
  expect([after.body.toString(), after.get('x-cache'), after.get('age')]).toEqual(['answer 1', 'HIT', '0'])
  expect(site.origin.hits.length).toBe(2)
})

it('begins the background fetch after the answer was handed to the connection', async () => {
  const order: string[] = []
  const site = await open(always(IN_GRACE), {
    policy: definePolicy({
      backendFetch({ bereq }) {
        order.push(bereq.isBgfetch ? 'refresh' : 'fetch')
      },
      deliver() {
        order.push('deliver')
      },
    }),
  })
  await site.get('/')
  site.clock.advance(11_000)
  await site.get('/')
  expect(order).toEqual(['fetch', 'deliver', 'deliver', 'refresh'])
})

it('does not serve beyond grace without asking', async () => {
  const site = await open(always(IN_GRACE))
  await site.get('/')
  site.clock.advance(71_000)
  expect((await site.get('/')).body.toString()).toBe('answer 1')
})

it('fetches in the foreground where no grace was given', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }))
  await site.get('/')
  site.clock.advance(11_000)
  const answer = await site.get('/')
  expect([answer.body.toString(), answer.get('x-cache')]).toEqual(['answer 1', 'MISS'])
  expect(answer.get('cache-status')).toContain('fwd=stale')
})

it('gives ten seconds of grace to everything under the varnish preset', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }), { preset: 'varnish' })
  await site.get('/')
  site.clock.advance(15_000)
  expect((await site.get('/')).get('x-cache')).toBe('STALE')
})

it('refreshes in the background without Cookie and Authorization, which are the triggering person’s', async () => {
  const site = await open(always({ 'Cache-Control': 'public, max-age=10, stale-while-revalidate=60' }))
  await site.get('/')
  site.clock.advance(11_000)
  await site.get('/', { Cookie: 'id=alice', Authorization: 'Basic YTpi', 'X-Other': 'kept' })
  const { headers } = await site.origin.hit(1)
  expect([headers.cookie, headers.authorization, headers['x-other']]).toEqual([undefined, undefined, 'kept'])
})

it('refreshes with the Cookie where the stored variant depends on it', async () => {
  const site = await open(always({ 'Cache-Control': 'public, max-age=10, stale-while-revalidate=60', Vary: 'Cookie' }))
  await site.get('/', { Cookie: 'id=alice' })
  site.clock.advance(11_000)
  await site.get('/', { Cookie: 'id=alice' })
  expect((await site.origin.hit(1)).headers.cookie).toBe('id=alice')
})

it('keeps the stale object and pauses when the background fetch fails', async () => {
  const site = await open((hit, response) => (hit.index === 0 ? reply(response, 200, IN_GRACE, 'good') : hit.message.socket.destroy()))
  await site.get('/')
  site.clock.advance(11_000)
  await site.get('/')
  await until(() => site.stat('fetch_failed') === 1)
  const failed = site.origin.hits.length
  expect((await site.get('/')).body.toString()).toBe('good')
  expect(site.origin.hits.length).toBe(failed)
  site.clock.advance(1100)
  expect((await site.get('/')).body.toString()).toBe('good')
  await site.origin.hit(failed)
})

it('answers a pipelined second request behind a stale hit before its refresh is answered', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index > 0) await gate.opened
    reply(response, 200, IN_GRACE, `answer ${hit.index}`)
  })
  await site.get('/')
  site.clock.advance(11_000)
  const client = await site.connect()
  client.send(message('GET', '/') + message('GET', '/'))
  expect((await client.response()).body.toString()).toBe('answer 0')
  expect((await client.response()).body.toString()).toBe('answer 0')
  client.destroy()
  gate.open()
})

it('renews what everybody shares also when a request with a cookie triggered it', async () => {
  const site = await open(always(IN_GRACE))
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/', { Cookie: 'id=alice' })).get('x-cache')).toBe('STALE')
  await until(() => site.stat('n_superseded') === 1, 'a renewed object')
  const answer = await site.get('/')
  expect([answer.get('x-cache'), answer.body.toString()]).toEqual(['HIT', 'answer 1'])
})

it('stops sharing what a refresh shows to be private, whoever triggered it', async () => {
  for (const fields of [{}, { Cookie: 'id=alice' }]) {
    const site = await open((hit, response) =>
      reply(response, 200, hit.index === 0 ? IN_GRACE : { 'Cache-Control': 'private' }, `answer ${hit.index}`),
    )
    await site.get('/')
    site.clock.advance(11_000)
    await site.get('/', fields)
    await until(() => site.stat('n_object') === 0, 'an object that left')
    expect((await site.get('/')).body.toString()).toBe('answer 2')
  }
})
