import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Seal } from '../../src/redis/seal.ts'
import type { Stores } from '../../src/stores.ts'
import { Fleet as Workers } from '../object/shared/fleet.ts'
import { ask, claimOf, object } from '../object/things.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { follow, type Node, REDIS } from './fleet-rig.ts'
import { PlainLink } from './plain-link.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.cli('FLUSHALL')
})

/** A node with workers. */
function withWorkers(): { readonly node: Workers; readonly link: PlainLink; each(): readonly Stores[] } {
  const link = new PlainLink(redis.port)
  const settings = { ...REDIS, node: 'b' }
  const quiet = { info() {}, warn() {}, error() {} }
  const node = new Workers({
    redis: { settings, parts: { port: link, feed: link, seal: new Seal(REDIS.secret, REDIS.prefix), log: quiet, id: 'b-1' } },
  })
  node.librarian.start()
  onTestFinished(() => link.stop())
  return { node, link, each: () => [node.librarian, ...node.workers.filter((stores) => stores !== undefined)] }
}

function store({ table }: Stores, key: string): void {
  const stored = object({ key, ttl: 600, position: table.position })
  table.publish(claimOf(table.find(ask({ key }))), stored, [], '', true)
  if (!table.complete(stored)) throw new Error('it was not stored')
}

function has({ table }: Stores, key: string): boolean {
  const found = table.find(ask({ key }))
  if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) table.release(found.claim, { type: 'again' })
  return found.type === 'object'
}

describe('a node with workers', () => {
  it('carries out in all of them what another node is asked to, and judges by it in each what lies in Redis', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    const { node, each } = withWorkers()
    await until(() => each().every(({ fleetView }) => fleetView?.ready === true), 'all know the log')
    store(node.workers[1] as Stores, 'x')
    await node.settle()
    expect(each().map((stores) => has(stores, 'x'))).toEqual([true, true, true])
    const { fleet } = await a.stores.invalidation.purgeKey('x', false)
    const position = fleet?.position ?? 0
    await until(() => !has(node.workers[2] as Stores, 'x'), 'it is gone')
    expect(each().map((stores) => has(stores, 'x'))).toEqual([false, false, false])
    // Whoever no longer finds it judges by the entry, too: it is told first.
    for (const { fleetView } of each()) {
      expect(fleetView?.position).toBe(position)
      expect(fleetView?.verdict(object({ key: 'x' }), [], '', position - 1, 0)).toBe('hard')
    }
  })

  it('tells the others what a worker is asked to', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    const { node, each } = withWorkers()
    await until(() => each().every(({ fleetView }) => fleetView?.ready === true), 'all know the log')
    for (const key of ['k', 't', 'b', 'u']) a.store({ key, tags: new Set([`tag of ${key}`]) })
    const { invalidation } = node.workers[1] as Stores
    store(node.workers[2] as Stores, 'k')
    await expect(invalidation.purgeKey('k', false)).resolves.toMatchObject({ objects: 1, fleet: { state: 'told' } })
    await invalidation.purge({ by: 'tags', tags: ['tag of t'] }, true)
    await invalidation.purge({ by: 'ban', expression: 'obj.tags has "tag of b"' }, false)
    await expect(invalidation.unsafe({ key: 'u' })).resolves.toMatchObject({ objects: 0 })
    await until(() => a.has('u') === 'none')
    expect(['k', 't', 'b'].map((key) => a.has(key))).toEqual(['none', 'stale', 'none'])
    await expect(invalidation.purge({ by: 'ban', expression: 'nonsense' }, false)).rejects.toThrow(/nonsense/)
    await until(() => each().every(({ fleetView }) => fleetView?.position === a.position))
    expect(node.librarian.fleet?.glance().queued).toBe(0)
    // Nothing is pending any more: what was fetched since is valid.
    for (const { fleetView } of each()) expect(fleetView?.verdict(object({ key: 'k' }), [], '', a.position, 0)).toBe('valid')
  })

  it('keeps in force what has no place in the log yet, in workers that begin meanwhile as well', async () => {
    const { node, link, each } = withWorkers()
    await until(() => each().every(({ fleetView }) => fleetView?.ready === true), 'all know the log')
    link.cut()
    await expect((node.workers[1] as Stores).invalidation.purgeKey('k', false)).resolves.toMatchObject({ fleet: { state: 'queued' } })
    node.kill(2)
    node.begin(2)
    await until(() => node.workers[2]?.fleetView?.ready === true, 'it has begun')
    const judged = (): readonly unknown[] =>
      each().map(({ fleetView }) => fleetView?.verdict(object({ key: 'k' }), [], '', fleetView.position, 0))
    expect(judged()).toEqual(['hard', 'hard', 'hard'])
    node.clock.advance(60_000)
    await node.settle()
    expect(each().map(({ vouching, fleetView }) => [vouching.from, fleetView?.ready])).toEqual(each().map(() => [60_000, false]))
    link.mend()
    await until(() => {
      node.clock.advance(50)
      return judged().every((verdict) => verdict === 'valid') && each().every(({ fleetView }) => fleetView?.ready === true)
    }, 'it has its place')
    expect(each().map(({ vouching }) => vouching.from)).toEqual(each().map(() => Number.POSITIVE_INFINITY))
  })
})
