/**
 * Redis killed, frozen, forgetting, back, under load (HARDENING 270, 271, 282, 288): clients notice nothing, what is in memory is served as
 * ever, and afterwards the tier works again.
 */
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { FRESH, joinNode, Load, originOf, pattern } from './redis-rig.ts'
import { message, reply } from './site.ts'

const HOT = Array.from({ length: 20 }, (_, index) => `/hot/${index}`)

const right = (path: string, { status, body }: { readonly status: number; readonly body: Buffer }): string | null =>
  status === 200 && body.toString() === pattern(path, 500) ? null : `${status} ${body.toString().slice(0, 100)}`

const serving = () => originOf((hit, response) => reply(response, 200, FRESH, pattern(hit.url, 500)))

describe.each([1, 2])('with %i worker(s)', (workers) => {
  it.each(['killed', 'frozen'] as const)(
    'serves on when Redis is %s under load, asks it no more, and shares again when it is back',
    async (how) => {
      const redis = await startRedis()
      onTestFinished(() => redis.stop())
      const origin = await serving()
      const node = await joinNode(origin, redis.url, { workers, redis: { deadline: 0.05 } })
      const other = await joinNode(origin, redis.url)
      for (const path of HOT) await node.get(path)
      const hot = new Load([node], HOT, right)
      const cold = new Load(
        [node],
        // More than can be fetched until it is said that Redis is away: something is to be left to be written afterwards.
        Array.from({ length: 200_000 }, (_, index) => `/cold/${index}`),
        right,
        2,
      )
      await cold.more(50)
      const fetched = origin.all
      if (how === 'killed') await redis.kill()
      else await redis.freeze()
      await hot.more(200)
      await until(() => node.said.includes('away'), 'the line that Redis is away')
      const hits = node.stat('cache_hit')
      await hot.more(200)
      await cold.more(50)
      expect(node.stat('cache_hit') - hits).toBeGreaterThanOrEqual(200)
      expect(HOT.map((path) => origin.fetches(path))).toEqual(HOT.map(() => 1))
      expect(origin.all).toBeGreaterThan(fetched)
      // Nobody waits for what is known to be away: no look-up fails by that any more.
      const faults = node.sum('tier_fault_')
      await cold.more(100)
      expect(node.sum('tier_fault_')).toBe(faults)

      if (how === 'killed') await redis.restart()
      else redis.thaw()
      const back = performance.now()
      await until(() => node.said.at(-1) === 'ready', 'the line that Redis is back')
      await until(() => node.stat('fleet_connected') === 1, 'the log of the fleet')
      const written = node.stat('tier_written')
      await until(() => node.stat('tier_written') > written, 'what is written again')
      expect(performance.now() - back).toBeLessThan(5000)
      await Promise.all([hot.stop(), cold.stop()])
      expect([...hot.failures, ...cold.failures]).toEqual([])
      // One line for each change of state and thread.
      const threads = workers === 1 ? 1 : workers + 1
      const count = (state: string): number => node.said.filter((said) => said === state).length
      expect(count('away')).toBeLessThanOrEqual(threads)
      await until(() => count('ready') === count('away'), 'all threads to be back')
      await node.sharing()
      await other.sharing()
      expect((await node.get('/after')).get('x-cache')).toBe('MISS')
      const answer = await other.get('/after')
      expect([answer.status, answer.body.toString()]).toEqual([200, pattern('/after', 500)])
    },
  )
})

it('asks the origin once for each page when Redis forgets everything under load', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await serving()
  const nodes = [await joinNode(origin, redis.url), await joinNode(origin, redis.url, { workers: 2 })]
  for (const path of HOT) await nodes[0]?.get(path)
  const load = new Load(nodes, HOT, right)
  await load.more(300)
  await redis.cli('FLUSHALL')
  await load.more(600)
  // A node that comes now finds nothing there.
  const late = await joinNode(origin, redis.url)
  const later = new Load([late], HOT, right)
  await later.more(100)
  await Promise.all([load.stop(), later.stop()])
  expect([...load.failures, ...later.failures]).toEqual([])
  for (const path of HOT) expect([path, origin.fetches(path) <= 2]).toEqual([path, true])
  expect(nodes.map(({ said }) => said)).toEqual([[], []])
})

it('writes little by little when Redis is back, and nothing of what it has gathered meanwhile', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await serving()
  const node = await joinNode(origin, redis.url)
  await redis.kill()
  await until(() => node.said.includes('away'), 'the line that Redis is away')
  const gathered = Array.from({ length: 300 }, (_, index) => `/gathered/${index}`)
  for (const path of gathered) await node.get(path)
  const dropped = node.stat('tier_dropped')
  const written = node.stat('tier_written')
  await redis.restart()
  await until(() => node.said.at(-1) === 'ready', 'the line that Redis is back')
  const back = performance.now()
  await until(() => node.stat('fleet_connected') === 1, 'the log of the fleet')
  // Many at once, as when all that a node has is asked for anew.
  const clients = await Promise.all(Array.from({ length: 20 }, () => node.connect()))
  await Promise.all(
    clients.map(async (client, number) => {
      for (let page = 0; page < 25; page++) {
        const path = `/page/${number}/${page}`
        expect(right(path, await client.request(message('GET', path)))).toBe(null)
        // What lies in memory is not written by being asked for.
        await client.request(message('GET', gathered[(number * 25 + page) % gathered.length] as string))
      }
      client.destroy()
    }),
  )
  const seconds = (performance.now() - back) / 1000
  // Twenty at once, then fifty a second, twice as many each second.
  const most = 20 + (50 / Math.LN2) * (2 ** seconds - 1)
  expect(node.stat('tier_written') - written).toBeLessThanOrEqual(Math.ceil(most) + 1)
  expect(node.stat('tier_dropped') - dropped).toBeGreaterThan(0)
  expect(gathered.map((path) => origin.fetches(path))).toEqual(gathered.map(() => 1))
  const values = (await redis.cli('KEYS', 'clearcoat:{*')) as readonly string[]
  const pages = await Promise.all(values.map((key) => redis.cli('GET', key).catch(() => '')))
  expect(pages.filter((page) => String(page).includes('/gathered/'))).toEqual([])
  expect(pages.filter((page) => String(page).includes('/page/')).length).toBeGreaterThan(0)
})
