/** Nodes with a tier behind memory that they share: what one fetched the others have, and nobody asks the origin for what is there. */
import { expect, it } from 'vitest'
import { keyPart } from '../../src/object/key-text.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { endings, fleetOf } from './fleet-of.ts'
import { always, message, reply } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }
const SHORT = { 'Cache-Control': 'max-age=10' }
/** Workers take in what is too large for all of them, and let go of it a moment later. */
const ROOMY = WORKERS > 1
const MIB = 1024 * 1024
const KEY = `${keyPart('/')}${keyPart('www.example')}`

it('answers from what another node fetched, and says so once', async () => {
  const { nodes, origin, clock, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  expect((await a?.get('/'))?.get('x-cache')).toBe('MISS')
  clock.advance(5000)
  const first = await b?.get('/')
  expect(first?.body.toString()).toBe('answer 0')
  expect([first?.get('x-cache'), first?.get('age')]).toEqual(['HIT', '5'])
  expect(first?.get('cache-status')).toBe('Clearcoat; hit; ttl=55; detail=HIT; tier=redis')
  const second = await b?.get('/')
  expect(second?.get('cache-status')).toBe('Clearcoat; hit; ttl=55; detail=HIT')
  expect([origin.hits.length, shelf.asked.length, b?.stat('tier_hit'), b?.stat('cache_hit')]).toEqual([1, 2, 1, 2])
  expect(b?.records.map(({ outcome, detail }) => [outcome, detail])).toEqual([
    ['HIT', 'tier=redis'],
    ['HIT', ''],
  ])
  expect(endings(shelf)).toEqual({ once: 1, left: 0, often: 0 })
})

it('says the tier to a hook, too', async () => {
  const policy = definePolicy({
    deliver({ resp }) {
      resp.headers.set('X-Seen', resp.headers.get('Cache-Status') ?? '')
    },
  })
  const { nodes } = await fleetOf(always(FRESH), { policy })
  await nodes[0]?.get('/')
  expect((await nodes[1]?.get('/'))?.get('x-seen')).toContain('; detail=HIT; tier=redis')
})

it('asks the origin once for ten thousand requests for a cold key on three nodes', async () => {
  const gate = new Gate()
  const fleet = await fleetOf(
    async (_hit, response) => {
      await gate.opened
      reply(response, 200, FRESH, 'one')
    },
    { size: 3 },
  )
  const count = 10_000 / 3 / 20
  const answers: Promise<string>[] = []
  for (const site of fleet.nodes)
    for (let each = 0; each < count; each++) {
      answers.push(
        site.connect().then(async (client) => {
          const bytes = message('GET', '/').repeat(20)
          client.send(bytes.slice(0, bytes.length - message('GET', '/').length))
          for (let index = 0; index < 19; index++) await client.request('')
          const last = await client.request(message('GET', '/', { Connection: 'close' }))
          client.destroy()
          return last.body.toString()
        }),
      )
    }
  await fleet.origin.hit(0)
  gate.open()
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['one']))
  expect(fleet.origin.hits.length).toBe(1)
  expect(fleet.shelf.asked.length).toBeLessThanOrEqual(3 * WORKERS)
  expect(endings(fleet.shelf)).toMatchObject({ left: 0, often: 0 })
})

it('asks the tier once for all that wait, and lets all of them have it', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  await a?.get('/')
  const gate = new Gate()
  shelf.before = gate.opened
  const all = Array.from({ length: 100 }, () => b?.get('/'))
  await until(() => b?.stat('busy_sleep') === 99, '99 that wait')
  gate.open()
  const answers = await Promise.all(all)
  expect(answers.filter((answer) => answer?.get('cache-status')?.includes('tier=redis')).length).toBe(1)
  expect(answers.every((answer) => answer?.get('x-cache') === 'HIT')).toBe(true)
  expect([origin.hits.length, shelf.asked.length]).toEqual([1, 2])
})

it('goes on for those who wait when the client that asked leaves', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  await a?.get('/')
  const gate = new Gate()
  shelf.before = gate.opened
  const leaver = await b?.connect()
  leaver?.send(message('GET', '/'))
  await until(() => shelf.asked.length === 2)
  const other = b?.get('/')
  await until(() => b?.stat('busy_sleep') === 1)
  leaver?.reset()
  await until(() => b?.stat('client_left') === 1)
  gate.open()
  expect((await other)?.get('x-cache')).toBe('HIT')
  expect([origin.hits.length, shelf.asked.length]).toEqual([1, 2])
})

it('gives its turn back when the client left and nothing was there', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  const gate = new Gate()
  shelf.behind = gate.opened
  const leaver = await a?.connect()
  leaver?.send(message('GET', '/'))
  await until(() => shelf.turns.length === 1)
  leaver?.reset()
  await until(() => a?.stat('client_left') === 1)
  const other = b?.get('/')
  shelf.behind = null
  gate.open()
  expect((await other)?.get('x-cache')).toBe('MISS')
  expect(origin.hits.length).toBe(1)
  expect(shelf.turns.map(({ ends }) => ends)).toEqual([['again'], ['kept']])
})

it('serves what is in grace at once, while one node refreshes it', async () => {
  const { nodes, origin, clock, shelf } = await fleetOf(always({ 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }), { size: 3 })
  const [a, b, c] = nodes
  await a?.get('/')
  clock.advance(11_000)
  const stale = await b?.get('/')
  expect([stale?.body.toString(), stale?.get('x-cache')]).toEqual(['answer 0', 'STALE'])
  expect(stale?.get('cache-status')).toBe('Clearcoat; hit; ttl=-1; detail=GRACE; tier=redis')
  await until(() => shelf.kept.length === 2)
  expect(origin.hits.length).toBe(2)
  const fresh = await c?.get('/')
  expect([fresh?.body.toString(), fresh?.get('x-cache')]).toEqual(['answer 1', 'HIT'])
  // The first node still has the stale one: its refresh finds the newer one of another.
  expect((await a?.get('/'))?.body.toString()).toBe('answer 0')
  await until(() => a?.stat('n_superseded') === 1)
  const after = await a?.get('/')
  expect([after?.body.toString(), after?.get('x-cache')]).toEqual(['answer 1', 'HIT'])
  expect([origin.hits.length, a?.stat('s_bgfetch')]).toEqual([2, 0])
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it.each([
  ['is purged', {}],
  ['is softly purged by a tag', { 'xkey-softpurge': 'news' }],
])('refreshes nothing in vain when what it would refresh %s while the tier is asked', async (_what, purge) => {
  const { nodes, origin, clock, shelf } = await fleetOf(
    always({ 'Cache-Control': 'max-age=10, stale-while-revalidate=600', 'Surrogate-Key': 'news' }),
    { purgeFrom: ['127.0.0.0/8'] },
  )
  const [a] = nodes
  await a?.get('/')
  clock.advance(11_000)
  const gate = new Gate()
  shelf.behind = gate.opened
  expect((await a?.get('/'))?.get('x-cache')).toBe('STALE')
  await until(() => shelf.asked.length === 2)
  expect((await a?.ask('PURGE', '/', purge))?.status).toBe(200)
  shelf.purge(KEY)
  shelf.behind = null
  gate.open()
  await until(() => endings(shelf).once === 2)
  expect([origin.hits.length, endings(shelf).left]).toEqual([1, 0])
  await a?.get('/')
  await until(() => shelf.kept.length === 2)
  expect((await a?.get('/'))?.get('x-cache')).toBe('HIT')
  expect(origin.hits.length).toBe(2)
})

it('confirms what is stale with the origin, once in the fleet', async () => {
  const { nodes, origin, clock, shelf } = await fleetOf((hit, response) => {
    if (hit.headers['if-none-match'] === '"1"') reply(response, 304, { ...SHORT, ETag: '"1"' })
    else reply(response, 200, { ...SHORT, ETag: '"1"' }, 'body')
  })
  const [a, b] = nodes
  await a?.get('/')
  clock.advance(11_000)
  const answer = await b?.get('/')
  expect([answer?.status, answer?.body.toString(), answer?.get('x-cache')]).toEqual([200, 'body', 'MISS'])
  expect(answer?.get('cache-status')).toMatch(/^Clearcoat; fwd=stale; fwd-status=304; stored; ttl=10; detail=REVALIDATED$/)
  expect([origin.hits.length, b?.stat('tier_stale')]).toEqual([2, 1])
  const other = await a?.get('/')
  expect([other?.get('x-cache'), other?.body.toString(), origin.hits.length]).toEqual(['HIT', 'body', 2])
  expect(other?.get('cache-status')).toContain('tier=redis')
  expect(shelf.turns.map(({ ends }) => ends)).toEqual([['kept'], ['kept']])
})

it('serves the stale object of the tier when the origin fails and that is allowed', async () => {
  let up = true
  const { nodes, clock, shelf } = await fleetOf((hit, response) =>
    up ? reply(response, 200, { 'Cache-Control': 'max-age=10, stale-if-error=600' }, 'good') : hit.message.socket.destroy(),
  )
  await nodes[0]?.get('/')
  clock.advance(11_000)
  up = false
  const answer = await nodes[1]?.get('/')
  expect([answer?.status, answer?.body.toString()]).toEqual([200, 'good'])
  expect(answer?.get('cache-status')).toContain('detail=STALE_IF_ERROR')
  expect(shelf.turns.map(({ ends }) => ends)).toEqual([['kept'], ['again']])
})

it('shares refusals, and lets everybody go on alone at once', async () => {
  const { nodes, origin, shelf } = await fleetOf(always({ 'Cache-Control': 'private' }))
  const [a, b] = nodes
  await a?.get('/')
  expect(shelf.refused.length).toBe(1)
  const answer = await b?.get('/')
  expect(answer?.get('cache-status')).toContain('detail=')
  expect(b?.stat('cache_hitmiss')).toBe(1)
  expect(b?.stat('tier_refused')).toBe(1)
  await b?.get('/')
  expect([origin.hits.length, shelf.asked.length, b?.stat('cache_hitmiss')]).toEqual([3, 2, 2])
})

it('passes for the time that another node’s policy said', async () => {
  const policy = definePolicy({
    backendResponse({ hitForPass }) {
      return hitForPass('1m')
    },
  })
  const { nodes } = await fleetOf(always(FRESH), { policy })
  await nodes[0]?.get('/')
  expect((await nodes[1]?.get('/'))?.get('cache-status')).toBe('Clearcoat; fwd=bypass; fwd-status=200; detail=HIT_FOR_PASS')
})

it('lets all who wait go on alone when another node’s fetch brings nothing to share', async () => {
  const gate = new Gate()
  const { nodes, origin, shelf } = await fleetOf(
    async (hit, response) => {
      if (hit.index === 0) await gate.opened
      // Too large only when it comes.
      response.writeHead(200, FRESH)
      response.write(Buffer.alloc(96 * 1024))
      response.end()
    },
    { maxObject: 64 * 1024 },
  )
  const [a, b] = nodes
  const leader = a?.get('/')
  await origin.hit(0)
  const others = Array.from({ length: 5 }, () => b?.get('/'))
  await until(() => b?.stat('busy_sleep') === 4)
  gate.open()
  expect((await leader)?.body.length).toBe(96 * 1024)
  for (const answer of await Promise.all(others)) expect(answer?.body.length).toBe(96 * 1024)
  expect([origin.hits.length, b?.stat('tier_alone')]).toEqual([6, 1])
  expect(shelf.turns.map(({ ends }) => ends)).toEqual([['alone']])
})

it('serves what does not fit into memory to all who wait, without asking in circles', async () => {
  const large = 'x'.repeat(10 * MIB)
  const fleet = await fleetOf(always(FRESH, large), { size: 1, memory: 64 * MIB, maxObject: 11 * MIB })
  await fleet.nodes[0]?.get('/')
  const small = await fleet.join({ memory: WORKERS === 1 ? 4 * MIB : 12 * MIB, maxObject: 64 * 1024 })
  const gate = new Gate()
  fleet.shelf.before = gate.opened
  const all = [1, 2, 3].map(() => small.get('/'))
  await until(() => small.stat('busy_sleep') === 2)
  gate.open()
  for (const answer of await Promise.all(all)) {
    expect(answer.body.length).toBe(large.length)
    expect(answer.get('cache-status')).toMatch(ROOMY ? /detail=HIT(?:; tier=redis)?$/ : /detail=(?:HIT; tier=redis|COLLAPSED)$/)
  }
  expect([fleet.origin.hits.length, fleet.shelf.asked.length <= 1 + WORKERS]).toEqual([1, true])
  // It is not there for the next one, which is served all the same.
  expect((await small.get('/')).get('x-cache')).toBe('HIT')
  expect(fleet.origin.hits.length).toBe(1)
})

it('confirms and refreshes what does not fit into memory', async () => {
  const large = 'x'.repeat(10 * MIB)
  const fleet = await fleetOf(
    (hit, response) =>
      hit.headers['if-none-match'] === '"1"'
        ? reply(response, 304, { 'Cache-Control': 'max-age=10, stale-while-revalidate=5', ETag: '"1"' })
        : reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=5', ETag: '"1"' }, large),
    { size: 1, memory: 64 * MIB, maxObject: 11 * MIB },
  )
  await fleet.nodes[0]?.get('/')
  const small = await fleet.join({ memory: WORKERS === 1 ? 4 * MIB : 12 * MIB, maxObject: 64 * 1024 })
  fleet.clock.advance(12_000)
  const grace = await small.get('/')
  expect([grace.body.length, grace.get('x-cache')]).toEqual([large.length, 'STALE'])
  await fleet.origin.hit(1)
  expect(small.stat('s_bgfetch')).toBe(1)
  fleet.clock.advance(12_000)
  const stale = await small.get('/')
  expect([stale.status, stale.body.length]).toEqual([200, large.length])
  if (!ROOMY) expect(stale.get('cache-status')).toContain('fwd=stale; fwd-status=304')
  await until(() => endings(fleet.shelf).left === 0)
  expect(endings(fleet.shelf).often).toBe(0)
})

it('does not store what an invalidation overtook, and looks again', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH), { purgeFrom: ['127.0.0.0/8'] })
  const [a, b] = nodes
  await a?.get('/')
  const gate = new Gate()
  shelf.behind = gate.opened
  const asked = b?.get('/')
  await until(() => shelf.asked.length === 2)
  shelf.purge(KEY)
  expect((await b?.ask('PURGE', '/'))?.status).toBe(200)
  shelf.behind = null
  gate.open()
  const answer = await asked
  expect([answer?.body.toString(), answer?.get('x-cache')]).toEqual(['answer 1', 'MISS'])
  expect([origin.hits.length, shelf.asked.length]).toEqual([2, 3])
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it('fetches once, and stores it, when a purge comes while it asks for what is nowhere', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH), { purgeFrom: ['127.0.0.0/8'] })
  const [, b] = nodes
  const gate = new Gate()
  shelf.behind = gate.opened
  const asked = b?.get('/')
  await until(() => shelf.asked.length === 1)
  expect((await b?.ask('PURGE', '/'))?.status).toBe(200)
  shelf.behind = null
  gate.open()
  expect((await asked)?.get('x-cache')).toBe('MISS')
  expect((await b?.get('/'))?.get('x-cache')).toBe('HIT')
  expect(origin.hits.length).toBe(1)
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it('keeps variants apart', async () => {
  const { nodes, origin, shelf } = await fleetOf((hit, response) =>
    reply(response, 200, { ...FRESH, Vary: 'X-Lang' }, String(hit.headers['x-lang'])),
  )
  const [a, b] = nodes
  for (const lang of ['de', 'fr']) await a?.get('/', { 'X-Lang': lang })
  for (const lang of ['fr', 'de']) {
    const answer = await b?.get('/', { 'X-Lang': lang })
    expect([answer?.body.toString(), answer?.get('x-cache')]).toEqual([lang, 'HIT'])
  }
  expect((await b?.get('/', { 'X-Lang': 'it' }))?.body.toString()).toBe('it')
  expect([origin.hits.length, shelf.asked.length]).toEqual([3, 5])
})

it('asks the tier for nobody who insists on the origin, nor for what passes', async () => {
  const policy = definePolicy({
    recv({ req, pass }) {
      req.hashAlwaysMiss = req.url === '/always'
      return req.url === '/pass' ? pass() : undefined
    },
  })
  const { nodes, origin, shelf } = await fleetOf(always(FRESH), { size: 1, policy, refreshFrom: ['127.0.0.0/8'] })
  const [a] = nodes
  await a?.get('/', { 'Cache-Control': 'no-cache' })
  await a?.get('/always')
  await a?.get('/pass')
  await a?.ask('POST', '/', {}, 'x')
  expect([origin.hits.length, shelf.asked.length]).toEqual([4, 0])
  // What was fetched so is for the others all the same.
  expect(shelf.kept.map(({ object }) => object.key)).toEqual([KEY, `${keyPart('/always')}${keyPart('www.example')}`])
})

it('answers only-if-cached from the tier, and 504 where nothing is there', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH), { preset: 'rfc9111' })
  const [a, b] = nodes
  await a?.get('/')
  const only = { 'Cache-Control': 'only-if-cached' }
  expect((await b?.get('/', only))?.get('x-cache')).toBe('HIT')
  expect((await b?.get('/none', only))?.status).toBe(504)
  expect(origin.hits.length).toBe(1)
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it('answers HEAD from the tier', async () => {
  const { nodes, origin } = await fleetOf(always(FRESH), { preset: 'varnish' })
  await nodes[0]?.get('/')
  const answer = await nodes[1]?.ask('HEAD', '/')
  expect([answer?.status, answer?.get('x-cache'), answer?.get('content-length')]).toEqual([200, 'HIT', '8'])
  expect(origin.hits.length).toBe(1)
})

it('goes on without a tier that is away or breaks its word', async () => {
  const { nodes, origin, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  await a?.get('/')
  shelf.away = true
  expect((await b?.get('/'))?.get('x-cache')).toBe('MISS')
  shelf.away = false
  shelf.broken = true
  expect((await b?.get('/other'))?.get('x-cache')).toBe('MISS')
  expect(origin.hits.length).toBe(3)
})

it('runs hit for what the tier had, and miss only when the origin is asked', async () => {
  const hooks: string[] = []
  const policy = definePolicy({
    hit: () => void hooks.push('hit'),
    miss: () => void hooks.push('miss'),
    backendFetch: () => void hooks.push('backendFetch'),
    deliver: () => void hooks.push('deliver'),
  })
  const { nodes } = await fleetOf(always(FRESH), { policy })
  await nodes[0]?.get('/')
  await nodes[1]?.get('/')
  expect(hooks).toEqual(['miss', 'backendFetch', 'deliver', 'hit', 'deliver'])
})
