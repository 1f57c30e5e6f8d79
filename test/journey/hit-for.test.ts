/** Remembered refusals: hit-for-miss and hit-for-pass let everybody of their class go to the origin in parallel. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { open, reply } from './site.ts'

it('releases all who waited in parallel when the answer cannot be shared', async () => {
  const first = new Gate()
  const rest = new Gate()
  const site = await open(async (hit, response) => {
    await (hit.index === 0 ? first : rest).opened
    reply(response, 200, { 'Cache-Control': 'private' }, `for ${hit.index}`)
  })
  const leader = site.get('/')
  await site.origin.hit(0)
  const others = Array.from({ length: 20 }, () => site.get('/'))
  await until(() => site.stat('busy_sleep') === 20)
  first.open()
  await leader
  // None of them is answered until all are at the origin: they did not queue behind each other.
  await site.origin.hit(20)
  rest.open()
  const bodies = new Set((await Promise.all(others)).map((answer) => answer.body.toString()))
  expect(bodies.size).toBe(20)
  expect(bodies.has('for 0')).toBe(false)
})

it('remembers for 120 s that an answer set a cookie, then asks under a claim again', async () => {
  const site = await open((hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', 'Set-Cookie': `n=${hit.index}` }))
  const first = await site.get('/')
  expect(first.get('cache-status')).toContain('detail=SET_COOKIE')
  const second = await site.get('/')
  expect([second.get('set-cookie'), second.get('x-cache')]).toEqual(['n=1', 'MISS'])
  expect(second.get('cache-status')).toContain('fwd=miss')
  expect(site.stat('cache_hitmiss')).toBe(1)
  site.clock.advance(121_000)
  await site.get('/')
  expect(site.stat('cache_hitmiss')).toBe(1)
  expect(site.stat('n_object')).toBe(0)
})

it('goes on refusing as long as answers come that may not be shared', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'private' }))
  await site.get('/')
  for (let times = 1; times <= 4; times++) {
    site.clock.advance(100_000)
    await site.get('/')
    expect(site.stat('cache_hitmiss')).toBe(times)
  }
})

it('takes a refusal of another kind for what it is', async () => {
  let passes = false
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'private' }), {
    policy: definePolicy({
      backendResponse({ hitForPass }) {
        if (passes) return hitForPass(120)
      },
    }),
  })
  await site.get('/')
  passes = true
  await site.get('/')
  await site.get('/')
  expect([site.stat('cache_hitmiss'), site.stat('cache_hitpass')]).toEqual([1, 1])
})

it('stores again under a hit-for-miss once an answer may be shared', async () => {
  const site = await open((hit, response) =>
    reply(response, 200, { 'Cache-Control': hit.index === 0 ? 'private' : 'max-age=60' }, `${hit.index}`),
  )
  await site.get('/')
  await site.get('/')
  const third = await site.get('/')
  expect([third.get('x-cache'), third.body.toString()]).toEqual(['HIT', '1'])
})

it('passes for the time that hitForPass names, and stores again after it', async () => {
  let personal = true
  const site = await open((hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=600' }, `${hit.index}`), {
    policy: definePolicy({
      backendResponse({ hitForPass }) {
        if (personal) return hitForPass(30)
      },
    }),
  })
  const first = await site.get('/')
  expect(first.get('cache-status')).toContain('detail=HIT_FOR_PASS')
  personal = false
  const during = await site.get('/')
  expect([during.get('x-cache'), during.body.toString()]).toEqual(['PASS', '1'])
  expect(during.get('cache-status')).toContain('fwd=bypass')
  expect(site.stat('cache_hitpass')).toBe(1)
  site.clock.advance(31_000)
  expect((await site.get('/')).get('x-cache')).toBe('MISS')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('releases those who waited when the policy answers hitForPass', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, { 'Cache-Control': 'max-age=600' }, `${hit.index}`)
    },
    { policy: definePolicy({ backendResponse: ({ hitForPass }) => hitForPass(30) }) },
  )
  const all = [site.get('/')]
  await site.origin.hit(0)
  for (let i = 0; i < 5; i++) all.push(site.get('/'))
  await until(() => site.stat('busy_sleep') === 5)
  gate.open()
  expect(new Set((await Promise.all(all)).map((answer) => answer.body.toString())).size).toBe(6)
})

it('does not bind anonymous requests by what a credentialed one could not share', async () => {
  const site = await open((hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, hit.headers.cookie ?? 'anyone'))
  expect((await site.get('/', { Cookie: 'id=alice' })).get('cache-status')).toContain('detail=COOKIE')
  expect((await site.get('/')).body.toString()).toBe('anyone')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
  expect(site.stat('cache_hitmiss')).toBe(0)
})

it('lets credentialed requests go on in parallel after the first could not be shared', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index > 0) await gate.opened
    reply(response, 200, { 'Cache-Control': 'max-age=60' }, hit.headers.cookie)
  })
  await site.get('/', { Cookie: 'id=0' })
  const people = [1, 2, 3, 4].map((id) => site.get('/', { Cookie: `id=${id}` }))
  await site.origin.hit(4)
  gate.open()
  expect((await Promise.all(people)).map((answer) => answer.body.toString())).toEqual(['id=1', 'id=2', 'id=3', 'id=4'])
})

it('shares what a credentialed request fetched when the origin says that it is public', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'public, max-age=60' }, 'shared'))
  await site.get('/', { Cookie: 'id=alice' })
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { Cookie: 'id=bob' })).get('x-cache')).toBe('HIT')
})
