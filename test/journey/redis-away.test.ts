/**
 * Redis killed, frozen, forgetting, back, under load (HARDENING 270, 271, 282, 288): clients notice nothing, what is in memory is served as
 * ever, and afterwards the tier works again.
 */
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { FRESH, joinNode, Load, originOf, pattern } from './redis-rig.ts'
import { reply } from './site.ts'

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
        Array.from({ length: 5000 }, (_, index) => `/cold/${index}`),
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
