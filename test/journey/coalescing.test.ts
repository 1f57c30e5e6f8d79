/** Many requests for what is not stored: one fetch a variant and class, waits bounded in number and time, one successor for a failed leader. */
import { expect, it } from 'vitest'
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { Gate } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { drink, message, open, reply, type Site } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }
/** What no origin is asked for again by the same fetch. */
const NO_HTTP = 'SSH-2.0-OpenSSH_9.2\r\n\r\n'

/** Requests that begin while the first fetch is under way; all are counted as waiting before this resolves. */
async function waiting(
  site: Site,
  count: number,
  ask: (index: number) => ReturnType<Site['get']> = () => site.get('/'),
): Promise<ReturnType<Site['get']>[]> {
  const before = site.stat('busy_sleep')
  const all = Array.from({ length: count }, (_, index) => ask(index))
  await until(() => site.stat('busy_sleep') === before + count, `${count} requests that wait`)
  return all
}

it('answers all requests that came while one fetch ran by that fetch', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, `answer ${hit.index}`)
  })
  const leader = site.get('/')
  await site.origin.hit(0)
  const others = await waiting(site, 50)
  gate.open()
  expect((await leader).get('x-cache')).toBe('MISS')
  for (const answer of await Promise.all(others)) {
    expect(answer.body.toString()).toBe('answer 0')
    expect(answer.get('cache-status')).toMatch(/^Clearcoat; fwd=uri-miss; .*collapsed; .*detail=COLLAPSED$/)
  }
  expect(site.origin.hits.length).toBe(1)
  expect(site.stat('busy_wakeup')).toBe(50)
})

it('serves those who waited by an answer whose lifetime is 0', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    await gate.opened
    reply(response, 200, { 'Cache-Control': 'max-age=0', ETag: '"a"' }, `answer ${hit.index}`)
  })
  const leader = site.get('/')
  await site.origin.hit(0)
  const others = await waiting(site, 5)
  gate.open()
  await leader
  for (const answer of await Promise.all(others)) expect(answer.body.toString()).toBe('answer 0')
  expect(site.origin.hits.length).toBe(1)
})

it('fetches once for each variant that an earlier Vary predicts', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index > 0) await gate.opened
    reply(response, 200, { 'Cache-Control': 'max-age=10', Vary: 'X-Lang' }, String(hit.headers['x-lang']))
  })
  await site.get('/', { 'X-Lang': 'de' })
  site.clock.advance(11_000)
  const asked = ['de', 'fr', 'de', 'fr', 'de', 'fr'].map((lang) => site.get('/', { 'X-Lang': lang }))
  await until(() => site.stat('busy_sleep') === 4)
  await site.origin.hit(2)
  gate.open()
  const bodies = (await Promise.all(asked)).map((answer) => answer.body.toString())
  expect(bodies).toEqual(['de', 'fr', 'de', 'fr', 'de', 'fr'])
  expect(site.origin.hits.length).toBe(3)
})

it('never gives a waiter a variant that is not its own when Vary first shows on the answer', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index === 0) await gate.opened
    reply(response, 200, { ...FRESH, Vary: 'X-Lang' }, String(hit.headers['x-lang']))
  })
  const leader = site.get('/', { 'X-Lang': 'de' })
  await site.origin.hit(0)
  const others = await waiting(site, 6, (index) => site.get('/', { 'X-Lang': index % 2 === 0 ? 'de' : 'fr' }))
  gate.open()
  expect((await leader).body.toString()).toBe('de')
  expect((await Promise.all(others)).map((answer) => answer.body.toString())).toEqual(['de', 'fr', 'de', 'fr', 'de', 'fr'])
  expect(site.origin.hits.length).toBe(2)
})

it('never lets an anonymous request wait for a credentialed one', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.headers.cookie !== undefined) await gate.opened
    reply(response, 200, FRESH, hit.headers.cookie ?? 'nobody')
  })
  const alice = site.get('/', { Cookie: 'id=alice' })
  await site.origin.hit(0)
  expect((await site.get('/')).body.toString()).toBe('nobody')
  gate.open()
  expect((await alice).body.toString()).toBe('id=alice')
})

it('gives the failed leader one successor, whose answer serves the others', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index === 0) await gate.opened
    if (hit.index === 0) hit.message.socket.end(NO_HTTP)
    else reply(response, 200, FRESH, 'second try')
  })
  const leader = site.get('/')
  await site.origin.hit(0)
  const others = await waiting(site, 10)
  gate.open()
  expect((await leader).status).toBe(502)
  for (const answer of await Promise.all(others)) expect(answer.body.toString()).toBe('second try')
  expect(site.origin.hits.length).toBe(2)
})

it('gives up for everybody after the successor failed too', async () => {
  const first = new Gate()
  const second = new Gate()
  const site = await open(async (hit) => {
    await (hit.index === 0 ? first : second).opened
    hit.message.socket.end(NO_HTTP)
  })
  const leader = site.get('/')
  await site.origin.hit(0)
  const others = await waiting(site, 10)
  first.open()
  expect((await leader).status).toBe(502)
  await site.origin.hit(1)
  await until(() => site.stat('busy_sleep') === 19)
  second.open()
  for (const answer of await Promise.all(others)) expect(answer.status).toBe(502)
  expect(site.origin.hits.length).toBe(2)
})

it('serves those who wait the stale object when leader and successor fail', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index === 0) return reply(response, 200, { 'Cache-Control': 'max-age=10' }, 'good')
    await gate.opened
    hit.message.socket.destroy()
  })
  await site.get('/')
  site.clock.advance(11_000)
  const leader = site.get('/')
  await site.origin.hit(1)
  const others = await waiting(site, 10)
  gate.open()
  for (const answer of await Promise.all([leader, ...others]))
    expect([answer.body.toString(), answer.get('x-cache')]).toEqual(['good', 'STALE'])
})

it('lets no more wait than the limit allows: 503 with Retry-After', async () => {
  const gate = new Gate()
  const site = await open(
    async (_hit, response) => {
      await gate.opened
      reply(response, 200, FRESH, 'late')
    },
    { limits: { waiters: 3 } },
  )
  const leader = site.get('/')
  await site.origin.hit(0)
  const others: Promise<RawResponse>[] = []
  let refused: RawResponse | null = null
  // Each worker has a queue of its own.
  while (refused === null) {
    const before = site.stat('busy_sleep')
    const answer = site.get('/')
    refused = await Promise.race([answer, until(() => site.stat('busy_sleep') > before).then(() => null)])
    if (refused === null) others.push(answer)
  }
  expect(others.length).toBeGreaterThanOrEqual(3)
  expect(others.length).toBeLessThanOrEqual(3 * WORKERS)
  expect([refused.status, refused.get('retry-after'), refused.get('cache-control')]).toEqual([503, '1', 'no-store'])
  expect(refused.get('cache-status')).toContain('detail=WAIT_LIMIT')
  gate.open()
  for (const answer of await Promise.all([leader, ...others])) expect(answer.body.toString()).toBe('late')
})

it('lets nobody wait longer than the first-byte deadline', async () => {
  const site = await open(() => {}, {
    policy: definePolicy({
      backendFetch({ bereq }) {
        bereq.firstByteTimeout = 600
      },
    }),
  })
  const leader = await site.connect()
  leader.send(message('GET', '/'))
  await site.origin.hit(0)
  const [other] = await waiting(site, 1)
  site.clock.advance(60_001)
  const answer = await other
  expect([answer?.status, answer?.get('retry-after')]).toEqual([504, '1'])
  expect(answer?.get('cache-status')).toContain('detail=WAIT_TIMEOUT')
  expect(site.stat('busy_killed')).toBe(1)
  leader.destroy()
})

it('goes on for the others when the leader’s client disconnects', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, 'still here')
  })
  const leader = await site.connect()
  leader.send(message('GET', '/'))
  await site.origin.hit(0)
  const others = await waiting(site, 5)
  leader.reset()
  await until(() => site.stat('client_left') === 1)
  gate.open()
  for (const answer of await Promise.all(others)) expect(answer.body.toString()).toBe('still here')
  expect(site.origin.hits.length).toBe(1)
})

it('stores what a client that left had asked for, so that the next one hits', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, 'kept')
  })
  const leader = await site.connect()
  leader.send(message('GET', '/'))
  await site.origin.hit(0)
  leader.reset()
  await until(() => site.stat('client_left') === 1)
  gate.open()
  await until(() => site.stat('n_object') === 1)
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('gives the others the whole answer while the leader reads nothing', async () => {
  const body = Buffer.alloc(16 * 1024 * 1024, 'x')
  const gate = new Gate()
  const site = await open(
    async (_hit, response) => {
      await gate.opened
      reply(response, 200, FRESH, body.toString())
    },
    { maxObject: body.length * 2, memory: body.length * 4 },
  )
  const leader = site.download('/')
  await site.origin.hit(0)
  const others = [site.download('/'), site.download('/')]
  await until(() => site.stat('busy_sleep') === 2)
  gate.open()
  for (const other of others) expect((await drink(await other)).length).toBe(body.length)
  expect(site.records.length).toBe(2)
  expect((await drink(await leader)).length).toBe(body.length)
})

it('does not wait where the policy says so', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, FRESH, `answer ${hit.index}`)
    },
    {
      policy: definePolicy({
        recv({ req }) {
          req.hashIgnoreBusy = req.headers.has('x-impatient')
        },
      }),
    },
  )
  const leader = site.get('/')
  await site.origin.hit(0)
  expect((await site.get('/', { 'X-Impatient': '1' })).body.toString()).toBe('answer 1')
  gate.open()
  await leader
})

it('answers several requests for the same page on one pipelined connection in order', async () => {
  const site = await open((hit, response) => reply(response, 200, FRESH, `answer ${hit.index}`))
  const client = await site.connect()
  client.send(message('GET', '/') + message('GET', '/') + message('GET', '/other') + message('GET', '/'))
  const bodies: string[] = []
  for (let i = 0; i < 4; i++) bodies.push((await client.response()).body.toString())
  expect(bodies).toEqual(['answer 0', 'answer 0', 'answer 1', 'answer 0'])
  client.destroy()
})

for (const [preset, status] of [
  ['safe', 502],
  ['varnish', 503],
] as const) {
  it(`tells those who waited for a failed fetch the same as its leader under ${preset}`, async () => {
    const gate = new Gate()
    const site = await open(
      async (hit) => {
        await gate.opened
        hit.message.socket.destroy()
      },
      { preset },
    )
    const leader = site.get('/')
    await site.origin.hit(0)
    const others = await waiting(site, 3)
    gate.open()
    for (const answer of await Promise.all([leader, ...others])) {
      expect([answer.status, answer.get('cache-control')]).toEqual([status, 'no-store'])
      expect(answer.get('proxy-status')).toContain('error=connection_terminated')
    }
  })
}

/** A leader whose origin fails, a waiter that tries again and fails, too, and others that get what came of it. */
async function failing(policy: Policy, fields: Record<string, string> = {}): Promise<string[]> {
  const gate = new Gate()
  const site = await open(
    async (_hit, response) => {
      await gate.opened
      response.destroy()
    },
    { policy },
  )
  const leader = site.get('/', fields)
  await site.origin.hit(0)
  const others = await waiting(site, 5, () => site.get('/', fields))
  gate.open()
  return (await Promise.all([leader, ...others])).map((answer) => `${answer.status} ${answer.body.toString()}`)
}

it('gives those who waited the error page of the policy, as it gives it to who asked first', async () => {
  const pages = await failing(
    definePolicy({
      backendError({ beresp }) {
        beresp.status = 503
        beresp.headers.set('Content-Type', 'text/plain')
        beresp.body = 'back in a minute'
      },
    }),
  )
  expect(pages).toEqual(Array(6).fill('503 back in a minute'))
})

const COOKIE_PAGE = definePolicy({
  backendError({ beresp }) {
    beresp.headers.set('Set-Cookie', 'a=1')
    beresp.body = 'sorry'
  },
})
const NUMBERED_PAGE = definePolicy({
  backendError({ bereq, beresp }) {
    beresp.body = `sorry ${bereq.id}`
  },
})
const PERSONAL_PAGE = definePolicy({
  backendError({ beresp }) {
    beresp.body = 'sorry Ann'
  },
})

it.each([
  ['that sets a cookie', COOKIE_PAGE, {}],
  ['that names its request', NUMBERED_PAGE, {}],
  ['of somebody', PERSONAL_PAGE, { Cookie: 'user=ann' }],
])('gives nobody else an error page %s', async (_what, policy, fields) => {
  const pages = await failing(policy as Policy, fields as Record<string, string>)
  // Of who asked first and of who tried again; the others get the built-in page.
  expect(pages.filter((page) => page.startsWith('502 sorry'))).toHaveLength(2)
  expect(pages.filter((page) => page.startsWith('502 <!doctype html>'))).toHaveLength(4)
})
