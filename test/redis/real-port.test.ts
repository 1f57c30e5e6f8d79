/** The contract that the model is held to, of a real server. */
import { afterAll, beforeAll } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openRedisFeed } from '../../src/redis/redis-feed.ts'
import { openRedisPort } from '../../src/redis/redis-port.ts'
import { redisSettings, standing } from '../support/redis-link.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { portContract } from './port-contract.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

portContract('a real server', async () => {
  await redis.cli('FLUSHALL')
  const settings = redisSettings(redis.url)
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const [port, other] = [0, 1].map(() => openRedisPort({ settings, clock: systemClock, log: quiet }))
  if (port === undefined || other === undefined) throw new Error('there are two')
  const feed = openRedisFeed({ settings, clock: systemClock })
  await Promise.all([standing(port), standing(other)])
  return {
    ...{ port, other, feed },
    settle: (promise) => promise,
    async stop() {
      feed.stop()
      port.stop()
      other.stop()
    },
  }
})
