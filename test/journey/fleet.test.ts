/** Nodes and a real Redis: what one fetched all have, what one purged is gone everywhere, and without Redis each goes on by itself. */
import { expect, it, onTestFinished } from 'vitest'
import type { ServerOptions } from '../../src/index.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { Gate, type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { serve } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { FRESH, RedisNode, SECRET } from './redis-rig.ts'
import { always, reply } from './site.ts'

interface Rig {
  readonly redis: RedisServer
  readonly origin: ScriptedOrigin
  join(): Promise<RedisNode>
}

async function rig(script: OriginScript, options: ServerOptions = {}): Promise<Rig> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const join = async (): Promise<RedisNode> => {
    const server = await serve({
      ...{ origin: origin.url, listen: ['127.0.0.1:0'], memory: 64 * 1024 * 1024, eventLog: quiet, purgeFrom: ['127.0.0.0/8'] },
      redis: { servers: `redis://127.0.0.1:${redis.port}`, secret: SECRET, deadline: 1 },
      ...options,
    })
    onTestFinished(() => server.close())
    return new RedisNode(server, [])
  }
  return { redis, origin, join }
}

it('answers on one node from what another fetched, and on a new one at once', async () => {
  const { origin, join } = await rig(always(FRESH))
  const a = await join()
  const b = await join()
  expect((await a.get('/')).get('x-cache')).toBe('MISS')
  await a.written(1)
  const first = await b.get('/')
  expect([first.body.toString(), first.get('x-cache')]).toEqual(['answer 0', 'HIT'])
  expect(first.get('cache-status')).toMatch(/^Clearcoat; hit; ttl=\d+; detail=HIT; tier=redis$/)
  expect((await b.get('/')).get('cache-status')).toMatch(/detail=HIT$/)
  await a.server.close()
  await b.server.close()
  const c = await join()
  expect((await c.get('/')).get('cache-status')).toMatch(/; tier=redis$/)
  expect(origin.hits.length).toBe(1)
})

it('carries large bodies, and variants', async () => {
  const { origin, join } = await rig((hit, response) =>
    reply(response, 200, { ...FRESH, Vary: 'X-Lang' }, String(hit.headers['x-lang']).repeat(700_000)),
  )
  const a = await join()
  const b = await join()
  for (const lang of ['de', 'fr']) await a.get('/', { 'X-Lang': lang })
  await a.written(2)
  for (const lang of ['fr', 'de']) {
    const answer = await b.get('/', { 'X-Lang': lang })
    expect([answer.body.equals(Buffer.from(lang.repeat(700_000))), answer.get('x-cache')]).toEqual([true, 'HIT'])
  }
  expect(origin.hits.length).toBe(2)
})

it('asks the origin once for what is cold on all nodes', async () => {
  const gate = new Gate()
  const { origin, join } = await rig(async (hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, `answer ${hit.index}`)
  })
  const nodes = [await join(), await join(), await join()]
  const answers = nodes.flatMap((node) => Array.from({ length: 40 }, () => node.get('/')))
  await origin.hit(0)
  await until(() => nodes.reduce((sum, node) => sum + node.stat('busy_sleep'), 0) >= 3 * 40 - 6)
  gate.open()
  expect(new Set((await Promise.all(answers)).map(({ body }) => body.toString()))).toEqual(new Set(['answer 0']))
  expect(origin.hits.length).toBe(1)
})

it('has a purge of one node in force on the others, memory and Redis', async () => {
  const { origin, join } = await rig(always({ ...FRESH, 'Surrogate-Key': 'all' }))
  const a = await join()
  const b = await join()
  await a.get('/')
  await a.written(1)
  expect((await b.get('/')).body.toString()).toBe('answer 0')
  expect((await a.ask('PURGE', '/')).status).toBe(200)
  await until(() => b.stat('n_obj_purged') > 0, 'the purge on the other node')
  expect((await b.get('/')).body.toString()).toBe('answer 1')
  await b.written(1)
  expect((await a.get('/')).body.toString()).toBe('answer 1')
  expect(origin.hits.length).toBe(2)
  // An unsafe method is heard of, too.
  expect((await b.ask('POST', '/', {}, 'x')).status).toBe(200)
  await until(() => a.stat('n_obj_purged') > 1, 'what the POST made unusable')
  expect((await a.get('/')).body.toString()).toBe('answer 3')
  // A node that comes later knows of it.
  const c = await join()
  await a.written(2)
  expect((await c.get('/')).body.toString()).toBe('answer 3')
})

it('shares refusals', async () => {
  const { origin, join } = await rig(always({ 'Cache-Control': 'private' }))
  const a = await join()
  const b = await join()
  await a.get('/')
  await until(() => a.stat('tier_written') >= 1)
  await b.get('/')
  expect([b.stat('tier_refused'), b.stat('cache_hitmiss'), origin.hits.length]).toEqual([1, 1, 2])
})

it('goes on without Redis, and with it again', async () => {
  const { redis, origin, join } = await rig(always(FRESH))
  const a = await join()
  const b = await join()
  await a.get('/')
  await a.written(1)
  expect((await b.get('/')).get('x-cache')).toBe('HIT')
  await redis.kill()
  for (const node of [a, b]) expect((await node.get('/')).get('x-cache')).toBe('HIT')
  expect((await a.get('/new')).body.toString()).toBe('answer 1')
  expect((await b.get('/new')).body.toString()).toBe('answer 2')
  expect((await a.ask('PURGE', '/')).status).toBe(200)
  expect((await a.get('/')).body.toString()).toBe('answer 3')
  await redis.restart()
  await until(() => b.stat('n_obj_purged') > 0, 'the purge that waited for Redis')
  expect((await b.get('/')).status).toBe(200)
  await a.get('/later')
  await until(() => a.stat('tier_written') >= 2, 'writes after Redis is back')
  expect((await b.get('/later')).get('cache-status')).toMatch(/; tier=redis$/)
  expect(origin.hits.length).toBeLessThanOrEqual(6)
})

it('serves when Redis is not there at the start', async () => {
  const { redis, join } = await rig(always(FRESH))
  await redis.kill()
  const a = await join()
  expect((await a.get('/')).get('x-cache')).toBe('MISS')
  expect((await a.get('/')).get('x-cache')).toBe('HIT')
})
