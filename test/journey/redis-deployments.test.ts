/** Nodes that come, go and differ: warm at once (figures: restart), apart from other deployments (HARDENING 277), beside other versions (289, 359), with many keys (362). */
import { expect, it, onTestFinished } from 'vitest'
import { Seal } from '../../src/redis/seal.ts'
import { FRAME_VERSION } from '../../src/storage/frame.ts'
import { keysOf } from '../support/redis-scan.ts'
import { startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { until } from '../support/until.ts'
import { FRESH, joinNode, openNode, originOf, type RedisNode, SECRET } from './redis-rig.ts'
import { message, reply } from './site.ts'

async function started() {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  return redis
}

it.each([1, 2])('is warm at once after a restart, with %i worker(s): same fields, right age, no fetch', async (workers) => {
  const redis = await started()
  const origin = await originOf(({ url }, response) =>
    reply(
      response,
      200,
      {
        ...FRESH,
        Age: '100',
        ETag: '"v1"',
        'Last-Modified': 'Mon, 02 Nov 2026 10:00:00 GMT',
        Date: new Date().toUTCString(),
        'X-Twice': 'a, b',
        'Content-Type': 'text/plain',
      },
      `answer to ${url}`,
    ),
  )
  const first = await joinNode(origin, redis.url, { workers })
  const written = first.stat('tier_written')
  const before = await first.get('/')
  const fetched = performance.now()
  await first.written(written + 1)
  await first.server.close()
  const second = await joinNode(origin, redis.url, { workers })
  const after = await second.get('/')
  const elapsed = Math.ceil((performance.now() - fetched) / 1000)
  expect(after.get('cache-status')).toMatch(/^Clearcoat; hit; .*tier=redis$/)
  const VARIES = ['age', 'cache-status', 'x-cache', 'connection']
  const fields = ({ fields: all }: typeof after) => all.filter(([name]) => !VARIES.includes(name.toLowerCase()))
  expect(fields(after)).toEqual(fields(before))
  expect([after.status, after.reason, after.body.toString()]).toEqual([200, before.reason, 'answer to /'])
  expect(Number(after.get('age'))).toBeGreaterThanOrEqual(100)
  expect(Number(after.get('age'))).toBeLessThanOrEqual(100 + elapsed)
  // What it has from Redis does for conditions, too.
  expect((await second.get('/', { 'If-None-Match': '"v1"' })).status).toBe(304)
  expect(origin.fetches('/')).toBe(1)
})

it('keeps deployments apart that have another secret or another prefix', async () => {
  const redis = await started()
  const deployments = [
    { secret: SECRET, prefix: 'clearcoat:' },
    { secret: 'another-secret-of-others', prefix: 'clearcoat:' },
    { secret: SECRET, prefix: 'other:' },
    { secret: null, prefix: 'clearcoat:' },
  ]
  const origins = await Promise.all(
    deployments.map((_, which) =>
      originOf((_hit, response) => reply(response, 200, { ...FRESH, 'Surrogate-Key': 'tag' }, `of deployment ${which}`)),
    ),
  )
  const open = (which: number) => joinNode(origins[which] as (typeof origins)[0], redis.url, { redis: deployments[which] as object })
  const nodes: RedisNode[] = []
  for (const which of deployments.keys()) nodes.push(await open(which))
  for (const [which, node] of nodes.entries()) {
    const written = node.stat('tier_written')
    expect((await node.get('/')).body.toString()).toBe(`of deployment ${which}`)
    await node.written(written + 1)
  }
  // Of two nodes of one deployment each reads what the other wrote, and nothing else.
  for (const which of deployments.keys()) {
    const answer = await (await open(which)).get('/')
    expect([answer.body.toString(), answer.get('cache-status')]).toEqual([`of deployment ${which}`, expect.stringMatching(/tier=redis$/)])
  }
  // Nor does one's purge reach another.
  expect((await nodes[0]?.ask('PURGE', '/', { 'Surrogate-Key': 'tag' }))?.status).toBe(200)
  await until(() => nodes[0]?.stat('n_obj_purged') === 1, 'the purge')
  for (const which of [1, 2, 3]) expect((await nodes[which]?.get('/'))?.get('x-cache')).toBe('HIT')
  expect(nodes.map((node) => node.sum('tier_distrust_'))).toEqual([0, 0, 0, 0])
})

it('leaves alone what another version wrote', async () => {
  const redis = await started()
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  const origin = await originOf((_, response) => reply(response, 200, FRESH, 'of this version'))
  const seal = new Seal(SECRET, 'clearcoat:')
  // As another version names them: of the same page, with frames that this one cannot read.
  const foreign = [FRAME_VERSION - 1, FRAME_VERSION + 1].map(
    (version) => `clearcoat:{${seal.name(`${version} http://www.example/`)}}:s${seal.name('http')}`,
  )
  for (const key of foreign) await client.ask('SET', key, Buffer.concat([Buffer.from('ccrf'), Buffer.from([2, 0])]), 'PX', 600_000)
  for (let turn = 0; turn < 2; turn++) {
    const node = await joinNode(origin, redis.url)
    const written = node.stat('tier_written')
    expect((await node.get('/')).body.toString()).toBe('of this version')
    if (turn === 0) await node.written(written + 1)
    else expect(node.stat('tier_hit')).toBe(1)
    expect([node.sum('tier_distrust_'), node.said]).toEqual([0, []])
  }
  for (const key of foreign) expect(await client.ask('EXISTS', key)).toBe(1)
})

it('starts as quickly among fifty thousand keys, and never walks them', async () => {
  const redis = await started()
  const origin = await originOf((_, response) => reply(response, 200, FRESH, 'answer'))
  const writer = await joinNode(origin, redis.url)
  const written = writer.stat('tier_written')
  await writer.get('/')
  await writer.written(written + 1)
  await redis.cli('DEBUG', 'POPULATE', 50_000, 'clearcoat:{AAAAAAAAAAAAAAAAAAAAAA}', 200)
  await redis.cli('CONFIG', 'RESETSTAT')
  const began = performance.now()
  const node = await openNode(origin, redis.url)
  expect((await node.get('/other')).status).toBe(200)
  expect(performance.now() - began).toBeLessThan(2000)
  await node.sharing()
  expect((await node.get('/')).get('cache-status')).toMatch(/; tier=redis$/)
  const stats = String(await redis.cli('INFO', 'commandstats'))
  expect(stats).toContain('cmdstat_getrange')
  expect(stats).not.toMatch(/cmdstat_(keys|scan|hscan|sscan|zscan|randomkey|dbsize|sort|flushall|flushdb)\b/)
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  expect((await keysOf(client)).length).toBeGreaterThan(50_000)
})

it('answers a purge before it has found Redis, and tells the others when it has', async () => {
  const redis = await started()
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, `answer to ${url} ${origin.fetches(url)}`))
  const other = await joinNode(origin, redis.url)
  const written = other.stat('tier_written')
  await other.get('/page')
  await other.written(written + 1)
  await redis.freeze()
  const node = await openNode(origin, redis.url)
  const began = performance.now()
  const purged = await node.ask('PURGE', '/page')
  expect([purged.status, purged.body.toString()]).toEqual([200, expect.stringContaining('queued')])
  expect(performance.now() - began).toBeLessThan(5000)
  redis.thaw()
  await until(() => other.stat('n_obj_purged') === 1, 'the purge on the other node')
  // Either may not have heard again of the log's end, and would fetch for itself.
  for (const each of [node, other]) await each.sharing()
  const before = node.stat('tier_written')
  expect((await node.get('/page')).body.toString()).toBe('answer to /page 2')
  await node.written(before + 1)
  expect((await other.get('/page')).body.toString()).toBe('answer to /page 2')
})

it('never runs a request that is the body of another, where Redis has an answer to that', async () => {
  const redis = await started()
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, `answer to ${url}`))
  const writer = await joinNode(origin, redis.url)
  const written = writer.stat('tier_written')
  await writer.get('/page')
  await writer.written(written + 1)
  const node = await joinNode(origin, redis.url)
  const client = await node.connect()
  onTestFinished(() => client.destroy())
  const inner = message('GET', '/inner')
  const first = await client.request(message('GET', '/page', {}, inner))
  // What brings a body is the origin's to answer, whatever lies here.
  expect([first.body.toString(), first.get('cache-status')]).toEqual(['answer to /page', expect.stringMatching(/detail=REQUEST_BODY$/)])
  const second = await client.request(message('GET', '/next')).catch(() => null)
  if (second !== null) expect(second.body.toString()).toBe('answer to /next')
  expect((await node.get('/page')).get('cache-status')).toMatch(/tier=redis$/)
  expect(origin.fetches('/inner')).toBe(0)
})
