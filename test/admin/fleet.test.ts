/** What operators see of a fleet at the admin listener, and what whoever purges is told of it. */
import { describe, expect, it } from 'vitest'
import { positionOf } from '../../src/invalidation/fleet.ts'
import { RedisTallies } from '../../src/storage/redis-tallies.ts'
import { always, reply } from '../journey/site.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { fleetSite, TestDesk } from './fleet-desk.ts'
import { api, cli, type Operated, operated, problem } from './rig.ts'

const tagged: OriginScript = ({ url }, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', xkey: 'page' }, url)
const QUEUED = 'queued for the other nodes: Redis cannot be reached'

async function filled(desk: TestDesk): Promise<Operated> {
  const site = await fleetSite(desk, tagged)
  for (const path of ['/a', '/b', '/c']) await site.get(path)
  return site
}

describe('GET /nodes', () => {
  it('lists the nodes with positions as Redis has them', async () => {
    const desk = new TestDesk()
    desk.nodes[1] = { ...desk.nodes[1]!, position: positionOf('1-40'), behind: 2 }
    const site = await fleetSite(desk, tagged)
    expect(await api(site, 'GET /nodes')).toEqual({
      state: 'following',
      position: '1-42',
      heard: 200,
      queued: 0,
      nodes: [
        { id: 'id1', name: 'cache-1', self: true, position: '1-42', behind: 0, heard: 0 },
        { id: 'id2', name: 'cache-2', self: false, position: '1-40', behind: 2, heard: 300 },
        { id: 'id3', name: 'cache-3', self: false, position: '1-42', behind: 0, heard: 600 },
      ],
    })
    expect(await cli(site, 'fleet.list')).toEqual([
      200,
      [
        'Node       Position  Behind  Heard',
        'cache-1 *  1-42      0       0.0',
        'cache-2    1-40      2       0.3',
        'cache-3    1-42      0       0.6',
      ].join('\n'),
    ])
  })

  it('says how to begin one where the node is alone', async () => {
    const site = await operated()
    expect(await problem(site, 404, 'GET /nodes')).toMatchObject({
      detail: expect.stringContaining('alone'),
      how: expect.stringContaining('--redis'),
    })
    expect(await cli(site, 'fleet.list')).toEqual([106, expect.stringContaining('--redis redis://')])
    expect((await api(site, 'GET /api/status'))['fleet']).toBe(null)
    expect(Object.keys(site.server.stat()).filter((name) => name.startsWith('fleet_'))).toEqual([])
  })

  it('tells a log that was never heard of apart from one heard of just now', async () => {
    const desk = new TestDesk()
    desk.state = 'cut-off'
    desk.heard = Number.POSITIVE_INFINITY
    desk.position = 0
    const site = await fleetSite(desk, tagged)
    expect(await api(site, 'GET /nodes')).toMatchObject({ state: 'cut-off', heard: null, position: '0-0' })
    expect(await cli(site, 'status')).toEqual([
      200,
      'Child in state running\nDegraded: Redis cannot be reached since the start: this node serves from memory and the origin',
    ])
  })
})

describe('status and stat', () => {
  it('say that all is well, and what is amiss while Redis is away', async () => {
    const desk = new TestDesk()
    const site = await fleetSite(desk, tagged)
    expect(await api(site, 'GET /api/status')).toMatchObject({
      state: 'running',
      degraded: [],
      fleet: { state: 'following', nodes: 3, behind: 0, queued: 0, heard: 200 },
    })
    expect(await cli(site, 'status')).toEqual([200, 'Child in state running'])
    expect(site.server.stat()).toMatchObject({ fleet_connected: 1, fleet_nodes: 3, fleet_behind: 0, fleet_queued: 0 })
    desk.state = 'cut-off'
    desk.heard = 12_300
    desk.queued = 1
    const why =
      'Redis cannot be reached for 12 s: this node serves from memory and the origin; 1 invalidation waits to be told to the other nodes'
    expect(await api(site, 'GET /api/status')).toMatchObject({ degraded: [why], fleet: { state: 'cut-off', queued: 1 } })
    expect(await cli(site, 'status')).toEqual([200, `Child in state running\nDegraded: ${why}`])
    expect(site.server.stat()).toMatchObject({ fleet_connected: 0, fleet_queued: 1 })
    desk.state = 'catching-up'
    desk.behind = 7
    expect(await api(site, 'GET /api/status')).toMatchObject({
      degraded: ['this node reads what it has missed of the fleet’s log: 7 entries more'],
    })
    expect(site.server.stat()).toMatchObject({ fleet_connected: 1, fleet_behind: 7 })
  })
})

describe('stat', () => {
  it('tells how long look-ups in Redis took', async () => {
    const site = await fleetSite(new TestDesk(), tagged)
    const tallies = new RedisTallies(site.server.counters)
    for (const ms of [0.3, 0.7, 1, 80]) tallies.took(ms)
    expect(site.server.stat()).toMatchObject({
      ...{ tier_lookups: 4, tier_lookups_ms: 82 },
      ...{ 'tier_lookups_within_0.5ms': 1, tier_lookups_within_1ms: 3, tier_lookups_within_50ms: 3 },
    })
  })
})

describe('a purge', () => {
  it('is answered with whether the others were told, in JSON and in text', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    expect(await api(site, 'POST /api/purge', { url: 'http://www.example/a' })).toMatchObject({ purged: 1, fleet: { state: 'told' } })
    const json = await site.ask('PURGE', '/b', { Accept: 'application/json' })
    expect([json.status, JSON.parse(json.body.toString())]).toEqual([
      200,
      { status: 'ok', purged: 1, softPurged: 0, fleet: { state: 'told' } },
    ])
    const text = await site.ask('PURGE', '/c')
    expect([text.status, text.reason, text.body.toString()]).toEqual([200, 'Purged 1', 'Purged 1\n'])
    expect(desk.waits).toEqual([])
  })

  it('is done here and queued while Redis cannot be reached', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    desk.state = 'cut-off'
    expect(await api(site, 'POST /api/purge', { url: 'http://www.example/a' })).toMatchObject({ purged: 1, fleet: { state: 'queued' } })
    const json = await site.ask('PURGE', '/b', { Accept: 'application/json' })
    expect([json.status, JSON.parse(json.body.toString())]).toEqual([
      200,
      { status: 'ok', purged: 1, softPurged: 0, fleet: { state: 'queued' } },
    ])
    const text = await site.ask('PURGE', '/c')
    expect([text.status, text.reason, text.body.toString()]).toEqual([200, 'Purged 1', `Purged 1; ${QUEUED}\n`])
    expect(await cli(site, 'purge http://www.example/a')).toEqual([200, `Purged 0; ${QUEUED}`])
    expect(site.stat('n_object')).toBe(0)
    expect(site.stat('fleet_queued')).toBe(4)
    expect(site.events.at(-1)?.fields).toEqual({ event: 'purge', subject: 'url', soft: false, objects: 0, fleet: 'queued' })
  })

  it('waits for every node when it is asked to, and tells each one’s count', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    expect(await api(site, 'POST /api/purge', { tags: ['page'], wait: true })).toMatchObject({
      purged: 3,
      fleet: {
        state: 'told',
        nodes: [
          { node: 'id1', name: 'cache-1', objects: 3 },
          { node: 'id2', name: 'cache-2', objects: 2 },
          { node: 'id3', name: 'cache-3', objects: 0 },
        ],
        missing: [],
      },
    })
    await api(site, 'POST /api/purge', { tags: ['page'], wait: 0.5 })
    expect(desk.waits).toEqual([
      [positionOf('1-43'), 10_000],
      [positionOf('1-44'), 500],
    ])
    await api(site, 'POST /api/purge', { tags: ['page'], wait: false })
    expect(desk.waits.length).toBe(2)
  })

  it('names who has not applied it, with 200 all the same', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    desk.acknowledging = new Map([['cache-1', null]])
    expect(await api(site, 'POST /api/purge', { tags: ['page'], wait: 1 })).toMatchObject({
      purged: 3,
      fleet: { state: 'told', nodes: [{ name: 'cache-1', objects: 3 }], missing: ['cache-2', 'cache-3'] },
    })
    desk.state = 'cut-off'
    expect(await api(site, 'POST /api/purge', { tags: ['page'], wait: 1 })).toMatchObject({
      purged: 0,
      fleet: { state: 'queued', nodes: [{ name: 'cache-1', objects: 0 }], missing: ['cache-2', 'cache-3'] },
    })
    expect(desk.waits.length).toBe(1)
  })

  it('refuses to wait for what only counts, and no time or too long', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    for (const body of [
      { tags: ['page'], wait: true, dryRun: true },
      { tags: ['page'], wait: 0 },
      { tags: ['page'], wait: 301 },
      { tags: ['page'], wait: '5' },
    ])
      await problem(site, 400, 'POST /api/purge', { body })
    expect(await api(site, 'POST /api/purge', { tags: ['page'], dryRun: true })).not.toHaveProperty('fleet')
    expect(site.stat('n_object')).toBe(3)
  })

  it('says nothing of others where there are none, and has nobody to wait for', async () => {
    const site = await operated()
    await site.get('/a')
    expect(await api(site, 'POST /api/purge', { all: true, wait: true })).toEqual({
      ...{ status: 'ok', purged: 1, softPurged: 0, dryRun: false, refreshed: 0, refreshSkipped: 0 },
    })
  })
})

describe('a ban', () => {
  it('is answered as a purge is', async () => {
    const desk = new TestDesk()
    const site = await filled(desk)
    expect(await api(site, 'POST /api/ban', { expression: 'req.url ~ ^/a', wait: true })).toMatchObject({
      banned: 1,
      fleet: { state: 'told', nodes: [{ objects: 1 }, { objects: 2 }, { objects: 0 }], missing: [] },
    })
    expect(await cli(site, 'ban req.url ~ ^/b')).toEqual([200, ''])
    desk.state = 'cut-off'
    expect(await api(site, 'POST /api/ban', { expression: 'req.url ~ ^/c' })).toMatchObject({ banned: 1, fleet: { state: 'queued' } })
    expect(await cli(site, 'ban req.url ~ ^/b')).toEqual([200, `Q${QUEUED.slice(1)}`])
    const text = await site.ask('BAN', '/', { 'X-Ban': 'req.url ~ ^/d' })
    expect([text.status, text.reason, text.body.toString()]).toEqual([200, 'Banned 0', `Banned 0; ${QUEUED}\n`])
  })
})

describe('GET /livez and GET /readyz', () => {
  it('are ready with a policy, a listener and a healthy backend, and need no token', async () => {
    const site = await operated(always({}), { adminToken: 'correct-horse-battery' })
    expect(await api(site, 'GET /livez')).toEqual({ status: 'ok' })
    expect(await api(site, 'GET /readyz')).toEqual({ status: 'ready', policy: 'builtin', backends: 'healthy', redis: 'off', degraded: [] })
    await problem(site, 401, 'GET /nodes')
  })

  it('take a node without Redis for ready, and say that it is degraded', async () => {
    const desk = new TestDesk()
    const site = await fleetSite(desk, tagged)
    expect(await api(site, 'GET /readyz')).toMatchObject({ redis: 'following', degraded: [] })
    desk.state = 'cut-off'
    expect(await api(site, 'GET /readyz')).toMatchObject({
      status: 'ready',
      redis: 'cut-off',
      degraded: [expect.stringContaining('Redis cannot be reached')],
    })
  })

  it('send clients elsewhere while every backend is sick, unless something is stored', async () => {
    const site = await operated()
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'sick' })
    expect(await problem(site, 503, 'GET /readyz')).toMatchObject({ detail: 'every backend is sick, and nothing is stored' })
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'auto' })
    await site.get('/')
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'sick' })
    expect(await api(site, 'GET /readyz')).toMatchObject({ backends: 'stored' })
    await api(site, 'POST /api/purge', { all: true })
    await problem(site, 503, 'GET /readyz')
    expect(await api(site, 'GET /livez')).toEqual({ status: 'ok' })
  })

  it('send clients elsewhere from the moment that it drains, while it lives on', async () => {
    const held: (() => void)[] = []
    const site = await operated((_hit, response) => void held.push(() => response.end('late')))
    const answer = site.get('/')
    await site.origin.hit(0)
    const ended = site.server.drain()
    expect(await problem(site, 503, 'GET /readyz')).toMatchObject({ detail: expect.stringMatching(/^it is draining/) })
    expect(await api(site, 'GET /livez')).toEqual({ status: 'ok' })
    expect(await api(site, 'GET /api/status')).toMatchObject({ state: 'draining' })
    held[0]?.()
    expect((await answer).body.toString()).toBe('late')
    await ended
  })

  it('send clients elsewhere where nothing listens', async () => {
    const site = await operated(always({}), { listen: [] })
    expect(await problem(site, 503, 'GET /readyz')).toMatchObject({ detail: 'no listener is open' })
  })
})
