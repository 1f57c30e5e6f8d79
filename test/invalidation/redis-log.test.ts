import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Invalidated } from '../../src/invalidation/invalidation.ts'
import { keyOf } from '../../src/object/key-text.ts'
import { Seal } from '../../src/redis/seal.ts'
import { object } from '../object/things.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { follow, inTime, Node, REDIS } from './fleet-rig.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.cli('FLUSHALL')
})

const PLACE = { url: '/shop/shoe', host: 'a.test' }
const KEY = keyOf(PLACE)

type Do = (node: Node) => Invalidated | Promise<Invalidated>

describe('what is invalidated on one node', () => {
  it.each<[string, Do, 'none' | 'stale']>([
    ['a key', ({ stores }) => stores.invalidation.purgeKey(KEY, false), 'none'],
    ['a key, softly', ({ stores }) => stores.invalidation.purgeKey(KEY, true), 'stale'],
    ['tags', ({ stores }) => stores.invalidation.purge({ by: 'tags', tags: ['shoes'] }, false), 'none'],
    ['a URL', ({ stores }) => stores.invalidation.purge({ by: 'url', ...PLACE }, true), 'stale'],
    ['a prefix', ({ stores }) => stores.invalidation.purge({ by: 'prefix', prefix: '/shop', host: PLACE.host }, false), 'none'],
    ['a host', ({ stores }) => stores.invalidation.purge({ by: 'host', host: PLACE.host }, false), 'none'],
    ['all', ({ stores }) => stores.invalidation.purge({ by: 'all' }, true), 'stale'],
    ['a ban', ({ stores }) => stores.invalidation.purge({ by: 'ban', expression: 'obj.url ~ "^/shop"' }, false), 'none'],
  ])('is on the others, too: %s', async (what, invalidate, left) => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    for (const node of [a, b]) {
      node.store({ key: KEY, tags: new Set(['shoes']) })
      node.store({ key: keyOf({ url: '/other', host: 'b.test' }) })
    }
    const since = b.position
    const result = await invalidate(a)
    expect([result.objects, result.fleet?.state]).toEqual([what === 'all' ? 2 : 1, 'told'])
    const position = result.fleet?.position ?? 0
    expect(a.has(KEY)).toBe(left)
    await until(() => b.position === position && a.position === position, 'both have read it')
    expect(b.has(KEY)).toBe(left)
    // What lies in Redis is judged by it, from whatever node.
    const stored = object({ key: KEY, tags: new Set(['shoes']) })
    for (const node of [a, b]) {
      expect(node.verdict(stored, since)).toBe(left === 'none' ? 'hard' : 'soft')
      expect(node.verdict(stored, position)).toBe('valid')
    }
  })

  it('is told quietly where an unsafe method changed it', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    b.store({ key: KEY })
    expect(a.stores.invalidation.unsafe({ key: KEY })).toMatchObject({ objects: 0 })
    await until(() => b.has(KEY) === 'none')
    b.store({ key: KEY, tags: new Set(['g']) })
    expect(a.stores.invalidation.unsafe({ tags: ['g'] })).toMatchObject({ objects: 0 })
    await until(() => b.has(KEY) === 'none')
  })

  it('is not carried out twice, and housekeeping of a node stays its own', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    const { fleet } = await a.stores.invalidation.purgeKey(KEY, false)
    const local = a.stores.table.position
    await until(() => a.position === fleet?.position)
    expect(a.stores.table.position).toBe(local)
    b.store({ key: KEY })
    a.stores.table.purge(KEY, false)
    await a.stores.invalidation.purgeKey('another', false)
    await until(() => b.position === a.position)
    expect(b.has(KEY)).toBe('fresh')
  })

  it('is not told when it is no ban', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    expect(() => a.stores.invalidation.purge({ by: 'ban', expression: 'nonsense' }, false)).toThrow(/nonsense/)
    expect(() => a.stores.invalidation.purge({ by: 'ban', expression: 'req.http.x-unknown == 1' }, false)).toThrow(/not known/)
    expect(a.desk.glance().queued).toBe(0)
    expect(a.verdict(object({ key: 'k' }), 0)).toBe('valid')
  })

  it('passes over a ban on nodes that store nothing that it could name', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    const varied = object({ key: 'v', at: 0, ttl: 600 })
    const { table } = a.stores
    table.publish(null, varied, ['x-lang'], 'x-lang=de', true)
    table.complete(varied)
    b.store({ key: KEY })
    const { fleet } = await a.stores.invalidation.purge({ by: 'ban', expression: 'req.http.x-lang == de' }, false)
    await until(() => b.position === fleet?.position)
    expect([b.has(KEY), b.logged]).toEqual(['fresh', []])
  })
})

describe('a node that could not reach Redis for a while', () => {
  it('is told of what it missed, and tells what it did itself', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    for (const node of [a, b]) for (const key of ['x', 'y', 'z']) node.store({ key })
    b.link.cut()
    expect((await a.stores.invalidation.purgeKey('x', false)).fleet?.state).toBe('told')
    expect((await b.stores.invalidation.purgeKey('y', false)).fleet).toEqual({ state: 'queued', position: null })
    expect([b.has('x'), b.has('y'), a.has('y')]).toEqual(['fresh', 'none', 'fresh'])
    await cutOff(b)
    expect(b.desk.glance().queued).toBe(1)
    // In force for whatever lies in Redis, although it has no place in the log yet.
    expect(b.verdict(object({ key: 'y' }), Number.MAX_SAFE_INTEGER)).toBe('hard')
    b.link.mend()
    await inTime([a, b], () => b.has('x') === 'none' && a.has('y') === 'none', 'both know all')
    await inTime([a, b], () => b.desk.glance().queued === 0 && b.desk.glance().state === 'following', 'b follows')
    expect([a.has('z'), b.has('z')]).toEqual(['fresh', 'fresh'])
    expect(b.lines('cannot be followed').length).toBe(1)
    expect(b.lines('followed again').length).toBe(1)
  })

  it('does not vouch for what lies in Redis after two seconds, nor for what it stores after the limit', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    a.link.cut()
    await until(() => a.link.refused > 0, 'it was asked in vain')
    a.clock.advance(1999)
    expect(a.following).toBe(true)
    expect([a.desk.glance().state, a.logged]).toEqual(['following', []])
    a.clock.advance(1)
    expect([a.following, a.desk.glance().state]).toEqual([false, 'cut-off'])
    expect([a.stores.vouching.from, a.stores.vouching.limit]).toEqual([Number.POSITIVE_INFINITY, 60_000])
    a.clock.advance(58_000)
    expect(a.stores.vouching.from).toBe(60_000)
    a.link.mend()
    await inTime([a], () => a.following, 'a follows')
    expect(a.stores.vouching.from).toBe(Number.POSITIVE_INFINITY)
  })

  it('carries out the snapshot where the log no longer goes back so far', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    for (const key of ['x', 'y', 'z']) b.store({ key, tags: new Set([`tag of ${key}`]) })
    b.link.cut()
    await a.stores.invalidation.purgeKey('x', false)
    await a.stores.invalidation.purge({ by: 'tags', tags: ['tag of y'] }, true)
    for (let i = 0; i < 1000; i++) void a.stores.invalidation.purgeKey(`other ${i}`, false)
    await until(() => a.link.ran.includes('fleet-snapshot'), 'a snapshot was written')
    await until(() => a.desk.glance().queued === 0)
    await trim(2)
    b.link.mend()
    await inTime([b], () => b.following && b.position === a.position, 'b follows')
    expect(['x', 'y', 'z'].map((key) => b.has(key))).toEqual(['none', 'stale', 'fresh'])
    expect(b.lines('dropped')).toEqual([])
    expect(b.verdict(object({ key: 'x' }), 0)).toBe('hard')
  })

  it('drops all, and says so once, where nobody can tell any more', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    b.store({ key: 'z' })
    b.link.cut()
    const first = await a.stores.invalidation.purgeKey('x', false)
    for (let i = 0; i < 20; i++) await a.stores.invalidation.purgeKey(`other ${i}`, false)
    await trim(2)
    b.link.mend()
    await inTime([b], () => b.following && b.position === a.position, 'b follows')
    expect(b.has('z')).toBe('none')
    expect(b.lines('everything stored here is dropped').length).toBe(1)
    expect(b.verdict(object({ key: 'z' }), first.fleet?.position ?? 0)).toBe('unknown')
  })

  it('tells of everything as one where too much waited', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    a.store({ key: 'z' })
    b.link.cut()
    for (let i = 0; i <= 1000; i++) void b.stores.invalidation.purge({ by: 'prefix', prefix: `/${i}`, host: 'h' }, true)
    expect(b.desk.glance().queued).toBe(1)
    expect(b.lines('everything is invalid').length).toBe(1)
    b.link.mend()
    await inTime([a, b], () => a.has('z') === 'stale', 'a knows')
  })
})

describe('a log that lost its end', () => {
  it.each(['FLUSHALL', 'a restart'])('begins a generation, and has what was told of late once more: %s', async (how) => {
    const own = await startRedis()
    try {
      const [a, b] = (await follow(own.port, 'a', 'b')) as [Node, Node]
      const { fleet } = await a.stores.invalidation.purgeKey('x', false)
      await until(() => b.position === fleet?.position)
      const before = b.position
      if (how === 'FLUSHALL') await own.cli('FLUSHALL')
      else await own.restart()
      await inTime([a, b], () => [a, b].every(({ position }) => position > 2 * 2 ** 32), 'both are in the second generation')
      // The object may have come back with a replica.
      for (const node of [a, b]) {
        expect(node.verdict(object({ key: 'x' }), before - 1)).not.toBe('valid')
        expect(node.verdict(object({ key: 'o' }), before)).toBe('unknown')
        expect(node.verdict(object({ key: 'o' }), node.position)).toBe('valid')
      }
      // A node that begins hears of the purge, too.
      const c = new Node(own.port, 'c')
      await inTime([a, b, c], () => c.following && c.position >= a.position, 'c follows')
      expect(c.verdict(object({ key: 'x' }), 0)).not.toBe('valid')
      expect(a.lines('lost its end').length + b.lines('lost its end').length).toBeGreaterThan(0)
      expect([a.has('x'), a.lines('dropped')]).toEqual(['none', []])
    } finally {
      await own.stop()
    }
  })

  // HARDENING.md 280.
  it('does not bring a purge back that was acknowledged before its primary was lost, and never replicated', async () => {
    const [primary, replica] = [await startRedis(), await startRedis()]
    try {
      await replica.cli('REPLICAOF', '127.0.0.1', primary.port)
      const [a, b] = (await follow(primary.port, 'a', 'b')) as [Node, Node]
      await a.stores.invalidation.purgeKey('early', false)
      await until(() => b.position === a.position)
      while ((await replica.cli('XLEN', streamOf())) !== 1) await new Promise((resolve) => setImmediate(resolve))
      const since = a.position
      // What lies in Redis since then.
      const old = object({ key: 'x' })
      await replica.cli('REPLICAOF', '127.0.0.1', 1)
      for (const node of [a, b]) node.store({ key: 'y', tags: new Set(['z']) })
      expect((await a.stores.invalidation.purgeKey('x', false)).fleet?.state).toBe('told')
      expect((await b.stores.invalidation.purge({ by: 'tags', tags: ['z'] }, false)).fleet?.state).toBe('told')
      await until(() => a.position === b.position && a.position === since + 2)
      await primary.kill()
      await replica.cli('REPLICAOF', 'NO', 'ONE')
      const c = new Node(replica.port, 'c')
      for (const node of [a, b]) node.link.mend(replica.port)
      const tagged = object({ key: 't', tags: new Set(['z']) })
      const knows = (node: Node): boolean => node.following && [old, tagged].every((each) => node.verdict(each, since) === 'hard')
      await inTime([a, b, c], () => [a, b, c].every(knows), 'all know of both purges again')
      for (const node of [a, b, c]) {
        expect(node.verdict(object({ key: 'o' }), since + 1)).toBe('unknown')
        expect(node.verdict(object({ key: 'early' }), since)).toBe('valid')
      }
      await inTime([a, b, c], () => a.position === b.position && b.position === c.position, 'all are at the same place')
      expect([a.has('y'), b.has('y'), a.lines('dropped'), b.lines('dropped')]).toEqual(['none', 'none', [], []])
    } finally {
      await primary.stop()
      await replica.stop()
    }
  })

  it('is told anew of what a node had put there that is gone itself', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    await a.stores.invalidation.purgeKey('early', false)
    await until(() => b.position === a.position)
    const left = (await redis.cli('DUMP', streamOf())) as string
    const since = a.position
    await b.stores.invalidation.purgeKey('x', false)
    await until(() => b.position === a.position && a.position > since)
    b.stop()
    await redis.cli('RESTORE', streamOf(), 0, Buffer.from(left, 'latin1'), 'REPLACE')
    const c = new Node(redis.port, 'c')
    await inTime(
      [a, c],
      () => c.following && a.desk.glance().queued === 0 && c.position === a.position && c.position > 2 ** 33,
      'c knows all',
    )
    expect(c.verdict(object({ key: 'x' }), since)).toBe('hard')
  })

  it('is seen although others have written on behind what is left', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    const stream = streamOf()
    await a.stores.invalidation.purgeKey('early', false)
    await until(() => b.position === a.position)
    const left = (await redis.cli('DUMP', stream)) as string
    b.link.cut()
    await cutOff(b)
    // Two entries that only `a` has read are lost.
    await a.stores.invalidation.purgeKey('lost 1', false)
    await a.stores.invalidation.purgeKey('lost 2', false)
    await until(() => a.desk.glance().behind === 0 && a.position % 2 ** 32 === 2)
    a.link.cut()
    a.store({ key: 'b 1' })
    a.store({ key: 'b 2' })
    a.store({ key: 'b 3' })
    await redis.cli('RESTORE', stream, 0, Buffer.from(left, 'latin1'), 'REPLACE')
    b.store({ key: 'lost 1' })
    b.link.mend()
    await inTime([b], () => b.following && b.desk.glance().state === 'following', 'b follows')
    for (const key of ['b 1', 'b 2', 'b 3']) expect((await b.stores.invalidation.purgeKey(key, false)).fleet?.state).toBe('told')
    const since = a.position
    a.link.mend()
    await inTime([a, b], () => a.position > 2 ** 33 && b.position === a.position && b.has('lost 1') === 'none', 'both agree')
    expect(['b 1', 'b 2', 'b 3'].map((key) => a.has(key))).toEqual(['none', 'none', 'none'])
    expect([a, b].map((node) => node.verdict(object({ key: 'o' }), since))).toEqual(['unknown', 'unknown'])
    expect([a, b].map((node) => node.verdict(object({ key: 'lost 2' }), 0))).toEqual(['hard', 'hard'])
  })
})

describe('a node that begins while nobody has seen yet that the log was lost', () => {
  it('reads nothing from Redis before the others have', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    await a.stores.invalidation.purgeKey('one', false)
    await a.stores.invalidation.purgeKey('two', false)
    await until(() => b.position === a.position && a.position % 2 ** 32 === 1)
    b.tick()
    await b.desk.status()
    const since = b.position
    await redis.cli('DEL', streamOf())
    const c = new Node(redis.port, 'c')
    await c.stores.invalidation.purgeKey('x', false)
    await c.stores.invalidation.purgeKey('y', false)
    await c.stores.invalidation.purgeKey('z', false)
    await until(() => c.position > since && c.desk.glance().nodes > 1, 'it has read all that there is')
    expect(c.following).toBe(false)
    await inTime([a, b, c], () => c.following, 'they have seen it')
    expect(c.verdict(object({ key: 'x' }), since)).toBe('unknown')
  })
})

describe('the log itself', () => {
  it('is read from the snapshot by a node that begins, and from the end of it on', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    for (let i = 0; i < 1200; i++) void a.stores.invalidation.purgeKey(`key ${i}`, false)
    await until(() => a.link.ran.includes('fleet-snapshot') && a.desk.glance().queued === 0)
    await until(() => a.position % 2 ** 32 === 1199)
    const c = new Node(redis.port, 'c')
    await until(() => c.following && c.position === a.position)
    expect(['key 0', 'key 1199', 'other'].map((key) => c.verdict(object({ key }), 0))).toEqual(['hard', 'hard', 'valid'])
  })

  it('has entries that cannot be believed passed over, and told of once a minute', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    const forger = new Node(redis.port, 'forger', { settings: { secret: 'another one' } })
    await until(() => forger.following)
    const stream = streamOf()
    for (let i = 0; i < 3; i++)
      await redis.cli('XADD', stream, '1-*', 'e', `${'0'.repeat(40)}{"u":"x:1","e":{"do":"subject","subject":{"by":"all"}}}`)
    a.store({ key: 'x' })
    await until(() => a.desk.unread === 3, 'all were read')
    expect(a.lines('cannot be believed').length).toBe(1)
    expect(a.has('x')).toBe('fresh')
    expect((await a.stores.invalidation.purgeKey('x', false)).fleet?.state).toBe('told')
  })

  it('is not followed where it has places that no node can have given', async () => {
    const [a] = (await follow(redis.port, 'a')) as [Node]
    await redis.cli('XADD', streamOf(), '*', 'e', 'anything')
    await cutOff(a)
    expect(a.lines('cannot be followed')[0]?.fields['why']).toMatch(/no node of a fleet has made; delete the stream/)
    await redis.cli('DEL', streamOf())
    await inTime([a], () => a.desk.glance().state === 'following', 'it is followed again')
  })
})

describe('the nodes of a fleet', () => {
  it('are listed with what they have read, and gone when they are dead', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    await a.stores.invalidation.purgeKey('x', false)
    await until(() => b.position === a.position && a.position > 0)
    b.tick()
    await until(() => b.desk.glance().nodes === 2)
    const { nodes, state, queued, position } = await a.desk.status()
    expect({ state, queued, position }).toEqual({ state: 'following', queued: 0, position: a.position })
    expect(nodes.map(({ name, self }) => [name, self]).sort()).toEqual([
      ['a', true],
      ['b', false],
    ])
    b.stop()
    await redis.cli('HSET', ((await redis.cli('KEYS', '*:n')) as string[])[0] ?? '', 'b-1', '1000 {"name":"b","at":"1-0","went":[]}')
    expect((await a.desk.status()).nodes.map(({ name }) => name)).toEqual(['a'])
  })

  it('acknowledge an entry with the objects that went', async () => {
    const [a, b, c] = (await follow(redis.port, 'a', 'b', 'c')) as [Node, Node, Node]
    b.store({ key: 'x' })
    const { fleet } = await a.stores.invalidation.purgeKey('x', false)
    const position = fleet?.position ?? 0
    const applied = a.desk.applied(position, 10_000)
    let done = false
    void applied.then(() => {
      done = true
    })
    await inTime([a, b, c], () => done, 'all have acknowledged')
    const { nodes, missing } = await applied
    expect(missing).toEqual([])
    expect(nodes.map(({ name, objects }) => [name, objects]).sort()).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ])
  })

  it('are missed by name when they do not', async () => {
    const [a, b] = (await follow(redis.port, 'a', 'b')) as [Node, Node]
    b.link.deafen()
    const { fleet } = await a.stores.invalidation.purgeKey('x', false)
    await until(() => a.position === fleet?.position)
    const { nodes, missing } = await a.desk.applied(fleet?.position ?? 0, 0)
    expect([nodes.map(({ name }) => name), missing]).toEqual([['a'], ['b']])
  })
})

async function cutOff(node: Node): Promise<void> {
  await until(() => {
    node.clock.advance(100)
    return node.desk.glance().state === 'cut-off'
  }, 'it is cut off')
}

function streamOf(): string {
  return `${REDIS.prefix}{${new Seal(REDIS.secret, REDIS.prefix).name('log')}}:s`
}

async function trim(length: number): Promise<void> {
  await redis.cli('XTRIM', streamOf(), 'MAXLEN', length)
}
