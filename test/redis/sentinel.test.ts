import { expect, it, onTestFinished } from 'vitest'
import { openPort, standing } from '../support/redis-link.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const KEY = 'clearcoat:{a}'

async function started(options: RedisServerOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

it('finds the master that Sentinels tell of, and the one that they make of a replica', async () => {
  const password = 'hunter2'
  const master = await started({ password })
  const replica = await started({ password, config: { replicaof: `127.0.0.1 ${master.port}`, masterauth: password } })
  const sentinel = await started({ watches: { name: 'shop', port: master.port } })
  await sentinel.cli('SENTINEL', 'SET', 'shop', 'auth-pass', password)
  // One of the Sentinels is not there.
  const url = `redis+sentinel://:${password}@127.0.0.1:1,127.0.0.1:${sentinel.port}/shop`
  const { port, said, states } = openPort(url)
  await standing(port)
  await port.write([{ key: KEY, value: Buffer.from('v'), life: 60_000 }], 'small')
  expect(await master.cli('WAIT', 1, 5000)).toBe(1)
  // It tells of replicas after its next look at the master.
  await expect
    .poll(async () => String(await sentinel.cli('SENTINEL', 'REPLICAS', 'shop')), { timeout: 15_000 })
    .toContain(String(replica.port))
  await master.kill()
  await until(() => port.state === 'away')
  await until(() => port.state === 'ready', 'the new master')
  expect((await port.read([KEY], 'small'))[0]?.value.toString()).toBe('v')
  await port.write([{ key: KEY, value: Buffer.from('w'), life: 60_000 }], 'small')
  expect(await replica.cli('GET', KEY)).toBe('w')
  expect(states()).toEqual(['warn away', 'info ready'])
  expect(JSON.stringify(said)).not.toContain(password)
})

it('says what is wrong with Sentinels that are asked for another name, and with a Sentinel that is taken for a Redis', async () => {
  const master = await started()
  const sentinel = await started({ watches: { name: 'shop', port: master.port } })
  const other = openPort(`redis+sentinel://127.0.0.1:${sentinel.port}/stock`)
  const direct = openPort(`redis://127.0.0.1:${sentinel.port}`)
  await until(() => other.said.length > 0 && direct.said.length > 0, 'both lines')
  expect(String(other.said[0]?.fields['reason'])).toMatch(/sentinel/i)
  expect(String(direct.said[0]?.fields['reason'])).toContain('redis+sentinel://')
})
