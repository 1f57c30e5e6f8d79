/** Nodes over the connections that a server has, by the real time. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, ManualClock, systemClock } from '../../src/clock.ts'
import { resolveSettings } from '../../src/config/resolve.ts'
import { Counters } from '../../src/counters.ts'
import { Seal } from '../../src/redis/seal.ts'
import { createStores, type Stores } from '../../src/stores.ts'
import { ask, claimOf, object } from '../object/things.ts'
import { FaultBox } from '../support/fault-box.ts'
import { openFeed, readyPort } from '../support/redis-link.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { REDIS } from './fleet-rig.ts'

let redis: RedisServer
let joined = 0

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

async function join(url: string, name: string): Promise<Stores> {
  const { port } = await readyPort(url)
  const stores = createStores(
    {
      settings: { ...resolveSettings({ memory: 16 * 1024 * 1024 }), redis: { ...REDIS, node: name } },
      clock: systemClock,
      counters: new Counters(),
      fleet: {
        ...{ port, feed: openFeed(url), seal: new Seal(REDIS.secret, REDIS.prefix), id: `${name}-${++joined}` },
        log: { info() {}, warn() {}, error() {} },
      },
    },
    null,
  )
  stores.start()
  onTestFinished(() => stores.stop())
  await until(() => stores.fleetView?.ready === true, `${name} follows`)
  return stores
}

function store({ table }: Stores, key: string, clock: Clock = systemClock): void {
  const now = clock.now()
  const stored = object({ key, at: now, ttl: 600, position: table.position })
  table.publish(claimOf(table.find(ask({ key, now }))), stored, [], '', true)
  if (!table.complete(stored)) throw new Error('it was not stored')
}

function has({ table }: Stores, key: string): boolean {
  const found = table.find(ask({ key, now: systemClock.now() }))
  if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) table.release(found.claim, { type: 'again' })
  return found.type === 'object'
}

describe('nodes over connections of their own', () => {
  it('have on the others within a second what was answered on one', async () => {
    const nodes = [await join(redis.url, 'a'), await join(redis.url, 'b'), await join(redis.url, 'c')] as const
    const [a, b, c] = nodes
    for (let i = 0; i < 20; i++) {
      for (const node of nodes) store(node, `key ${i}`)
      const { fleet } = await a.invalidation.purgeKey(`key ${i}`, false)
      expect(fleet?.state).toBe('told')
      const answered = systemClock.now()
      await until(() => !has(b, `key ${i}`) && !has(c, `key ${i}`), 'it is gone')
      expect(systemClock.now() - answered).toBeLessThan(1000)
    }
    const { nodes: told, missing } = (await a.fleet?.applied(a.fleetView?.position ?? 0, 5000)) ?? { nodes: [], missing: ['all'] }
    expect([told.map(({ name, objects }) => [name, objects]).sort(), missing]).toEqual([
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ],
      [],
    ])
  })

  // HARDENING.md 281.
  it('know within a second of being reached again what they missed', async () => {
    const box = await FaultBox.start()
    try {
      box.lead(redis.port, new ManualClock())
      const a = await join(redis.url, 'a')
      const b = await join(`redis://127.0.0.1:${box.port}`, 'b')
      for (const key of ['x', 'y', 'z']) store(b, key)
      await box.set('to', { kind: 'down' })
      await until(() => b.fleet?.glance().state === 'cut-off', 'b is cut off')
      await a.invalidation.purgeKey('x', false)
      await a.invalidation.purge({ by: 'ban', expression: 'obj.url == "/y"' }, false)
      expect((await b.invalidation.purgeKey('y', false)).fleet?.state).toBe('queued')
      expect(has(b, 'x')).toBe(true)
      await box.set('to', null)
      await until(() => b.fleet?.glance().state === 'following', 'b follows again')
      expect([has(b, 'x'), has(b, 'z')]).toEqual([false, true])
      await until(() => b.fleet?.glance().queued === 0, 'a is told')
    } finally {
      await box.close()
    }
  })

  it('end at their deadline where Redis is frozen, and go on where it is not', async () => {
    const own = await startRedis()
    try {
      const a = await join(own.url, 'a')
      store(a, 'x')
      await own.freeze()
      const asked = systemClock.now()
      expect((await a.invalidation.purgeKey('x', false)).fleet?.state).toBe('queued')
      expect(systemClock.now() - asked).toBeLessThan(5000)
      expect(has(a, 'x')).toBe(false)
      own.thaw()
      await until(() => a.fleet?.glance().queued === 0 && a.fleet.glance().state === 'following', 'it is told')
    } finally {
      await own.stop()
    }
  })
})
