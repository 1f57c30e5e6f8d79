/** A Cluster that loses masters (HARDENING 279, 280), and purges that nodes cannot hear (281): no old copy ever comes back. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Seal } from '../../src/redis/seal.ts'
import { FaultBox } from '../support/fault-box.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { FRESH, joinNode, Load, openNode, originOf, pattern, SECRET } from './redis-rig.ts'
import { reply } from './site.ts'

const PREFIX = 'clearcoat:'
/** Where the fleet's log lies. */
const LOG = `${PREFIX}{${new Seal(SECRET, PREFIX).name('log')}}:s`

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.stop())

/** Who follows a master. */
async function replicaOf(master: RedisServer): Promise<RedisServer> {
  for (const node of cluster.nodes) {
    if (node.pid === 0) continue
    const told = String(await node.cli('INFO', 'replication'))
    if (told.includes('role:slave') && told.includes(`master_port:${master.port}`)) return node
  }
  throw new Error(`nobody follows ${master.port}`)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function loses(master: RedisServer): Promise<void> {
  await master.kill()
  await until(() => master.pid === 0)
}

it('never brings back what was purged when the master is lost that alone knew of it', async () => {
  const versions = new Map<string, number>()
  const origin = await originOf(({ url }, response) =>
    reply(
      response,
      200,
      { ...FRESH, 'Surrogate-Key': url.startsWith('/tagged') ? 'tag' : 'none' },
      `${url} version ${versions.get(url) ?? 0}`,
    ),
  )
  const [a, b] = [await joinNode(origin, cluster.url), await joinNode(origin, cluster.url)]
  const pages = [...Array(12)].flatMap((_, index) => [`/tagged/${index}`, `/single/${index}`])
  for (const page of pages) await a.get(page)
  for (const page of pages) expect((await b.get(page)).get('x-cache')).toBe('HIT')
  const master = await cluster.masterOf(LOG)
  const replica = await replicaOf(master)
  await master.cli('WAIT', 1, 5000)
  await replica.freeze()
  for (const page of pages) versions.set(page, 1)
  expect((await a.ask('PURGE', '/', { 'Surrogate-Key': 'tag' })).status).toBe(200)
  for (const page of pages.filter((page) => page.startsWith('/single'))) {
    const purged = await a.ask('PURGE', page)
    // It is in the log.
    expect([purged.status, purged.body.toString()]).toEqual([200, expect.not.stringContaining('queued')])
  }
  await loses(master)
  replica.thaw()
  await until(() => replica.log.includes('Failover election won'), 'the replica to be the master')
  // Old copies of this shard lie there again.
  const keys = (await replica.cli('KEYS', `${PREFIX}{*`)) as readonly string[]
  const values = await Promise.all(keys.map((key) => replica.cli('GET', key).catch(() => null)))
  expect(values.filter((value) => String(value).includes('version 0')).length).toBeGreaterThan(0)
  const c = await openNode(origin, cluster.url)
  let recalled = 0
  const fresh = async (node: typeof a): Promise<void> => {
    for (const page of pages) {
      const answer = await node.get(page)
      expect([page, answer.body.toString()]).toEqual([page, `${page} version 1`])
      if (answer.get('cache-status')?.endsWith('tier=redis') === true) recalled++
    }
  }
  for (const node of [c, b, a]) await fresh(node)
  // Nor later, on nodes that begin when the log is whole again.
  await c.sharing()
  for (let round = 0; round < 2; round++) {
    const later = await joinNode(origin, cluster.url)
    await fresh(later)
    await later.server.close()
  }
  expect(recalled).toBeGreaterThan(0)
  await master.restart()
  await cluster.settled()
}, 30_000)

it('fails no client when a master is killed under load, and shares all keys again when its replica has taken over', async () => {
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, pattern(url, 500)))
  const options = { redis: { deadline: 0.05 } }
  const nodes = [await joinNode(origin, cluster.url, options), await joinNode(origin, cluster.url, { ...options, workers: 2 })]
  const [one, two] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  const paths = Array.from({ length: 4000 }, (_, index) => (index % 2 === 0 ? `/hot/${index % 20}` : `/cold/${index}`))
  const load = new Load(
    nodes,
    paths,
    (path, { status, body }) => (status === 200 && body.toString() === pattern(path, 500) ? null : `${status} ${body.toString()}`),
    2,
  )
  await load.more(100)
  const master = await cluster.masterOf(LOG)
  const began = performance.now()
  await loses(master)
  // Each node for itself at most.
  const cold = await Promise.all(nodes.flatMap((node) => Array.from({ length: 20 }, () => node.get('/cold/while-failing-over'))))
  expect(new Set(cold.map(({ status }) => status))).toEqual(new Set([200]))
  expect(origin.fetches('/cold/while-failing-over')).toBeLessThanOrEqual(2)
  await load.more(200)
  // Keys of every shard: with thirty there is none without.
  const probes = Array.from({ length: 30 }, (_, index) => index)
  const shared = async (round: number): Promise<boolean> => {
    for (const probe of probes) {
      const path = `/probe/${round}/${probe}`
      const written = one.stat('tier_written')
      await one.get(path)
      for (let turn = 0; turn < 100 && one.stat('tier_written') === written; turn++) await pause(2)
      if ((await two.get(path)).get('cache-status')?.endsWith('tier=redis') !== true) return false
    }
    return true
  }
  await load.stop()
  for (let round = 0; !(await shared(round)); round++) {
    // The timeout of nodes is one second here.
    expect(performance.now() - began).toBeLessThan(10_000)
    await pause(50)
  }
  expect(load.failures).toEqual([])
  expect(load.answers).toBeGreaterThan(300)
  await master.restart()
  await cluster.settled()
}, 30_000)

it('serves alone while the Cluster is down (CLUSTERDOWN), and shares again', async () => {
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, `answer to ${url}`))
  const node = await joinNode(origin, cluster.url, { redis: { deadline: 0.1 } })
  const masters: RedisServer[] = []
  for (const each of cluster.nodes) if (String(await each.cli('INFO', 'replication')).includes('role:master')) masters.push(each)
  // Without a majority of masters nobody takes over, and those that are left serve nothing.
  const gone = masters.slice(1)
  await Promise.all(gone.map((master) => master.kill()))
  const [left] = masters
  for (let page = 0, down = false; !down; page++) {
    for (const outcome of ['MISS', 'HIT']) {
      const answer = await node.get(`/down/${page}`)
      expect([answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([200, `answer to /down/${page}`, outcome])
    }
    down = String(await left?.cli('CLUSTER', 'INFO')).includes('cluster_state:fail') && node.said.at(-1) === 'away'
  }
  expect(node.stat('tier_fault_bug')).toBe(0)
  await Promise.all(gone.map((master) => master.restart()))
  await cluster.settled()
  await node.sharing()
  await until(() => node.said.at(-1) === 'ready', 'the line that all is well')
  for (const [index, state] of node.said.entries()) expect([state, index]).not.toEqual([node.said[index - 1], index])
}, 30_000)

it.each([
  // Connections end, and are refused.
  ['cut off', { kind: 'down' }, 1000],
  // Nothing comes any more; what waits for entries finds out by itself.
  ['not answered', { kind: 'black hole' }, 3000],
] as const)(
  'checks all in memory against what was purged while a node was %s',
  async (_, fault, most) => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const box = await FaultBox.start()
    onTestFinished(() => box.close())
    box.lead(redis.port, new ManualClock())
    let version = 0
    const origin = await originOf(({ url }, response) =>
      reply(response, 200, { ...FRESH, 'Surrogate-Key': url.slice(1, 4) }, `${url} ${version}`),
    )
    const a = await joinNode(origin, redis.url)
    const b = await joinNode(origin, `redis://127.0.0.1:${box.port}`, { workers: 2, redis: { deadline: 0.25 } })
    const pages = ['/tag/1', '/tag/2', '/one', '/two', '/kept']
    for (const page of pages) await b.get(page)
    await box.set('from', fault)
    version = 1
    expect((await a.ask('PURGE', '/', { 'Surrogate-Key': 'tag' })).status).toBe(200)
    for (const page of ['/one', '/two']) expect((await a.ask('PURGE', page)).status).toBe(200)
    // It has not heard: what it has is as old as its news.
    await until(() => b.stat('fleet_connected') === 0, 'the node to know that it is cut off')
    for (const page of pages) expect((await b.get(page)).body.toString()).toBe(`${page} 0`)
    await box.set('from', null)
    await until(() => b.stat('fleet_connected') === 1, 'the log of the fleet')
    const connected = performance.now()
    const stale = new Set(pages.filter((page) => page !== '/kept'))
    while (stale.size > 0) {
      for (const page of stale) if ((await b.get(page)).body.toString() === `${page} 1`) stale.delete(page)
      expect(performance.now() - connected).toBeLessThan(most)
    }
    expect((await b.get('/kept')).body.toString()).toBe('/kept 0')
  },
  20_000,
)
