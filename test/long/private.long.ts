/**
 * All journeys and attacks once more with a Redis behind every server, and then a look at all that lies there: nothing is anybody's own. Whether
 * those tests pass does not matter here, as they count what goes differently with one.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { keysOf, scanRedis } from '../support/redis-scan.ts'
import { startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { REDIS_SECRET } from '../support/serving.ts'

/** What personal answers of tests carry. */
const MARKS = ['PERSONAL']

test('no journey leaves anything in Redis that is somebody’s own', async () => {
  const redis = await startRedis({ config: { maxclients: 10_000 } })
  try {
    const runs = spawn('npx', ['vitest', 'run', '--project', 'one', 'test/journey', 'test/cache-attacks', 'test/rfc9111/server-'], {
      env: { ...process.env, CLEARCOAT_TEST_REDIS: redis.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    runs.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await once(runs, 'close')
    console.info(said.split('\n').slice(-6).join('\n'))
    const client = await RespClient.open(redis.port)
    const prefixes = new Set((await keysOf(client)).map((key) => key.slice(0, key.indexOf('{'))))
    const sum = { objects: 0, refusals: 0, others: 0 }
    const wrong: string[] = []
    for (const prefix of prefixes) {
      const scanned = await scanRedis(client, { secret: REDIS_SECRET, prefix, marks: MARKS })
      for (const kind of ['objects', 'refusals', 'others'] as const) sum[kind] += scanned[kind]
      wrong.push(...scanned.wrong)
    }
    client.close()
    console.info(`${prefixes.size} servers left ${JSON.stringify(sum)}`)
    expect(wrong).toEqual([])
    expect(sum.objects).toBeGreaterThan(100)
    expect(sum.refusals).toBeGreaterThan(10)
  } finally {
    await redis.stop()
  }
})
