import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Marker } from '../../src/object/marker.ts'
import { CachedObject } from '../../src/object/object.ts'
import { Seal } from '../../src/redis/seal.ts'
import { CHUNK } from '../../src/storage/chunk-frame.ts'
import { sealFrame } from '../../src/storage/frame.ts'
import { writeIndex } from '../../src/storage/index-frame.ts'
import { writeRefusal } from '../../src/storage/refusal-frame.ts'
import { plainVariant } from '../../src/wire/vary.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { anyObject, seen, told } from './framed.ts'
import { ACL, bytesOf, changed, keysIn, LOCAL, type Node, newNode, objectIn, pattern, START, stored, variantOf, wanted } from './tiers.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis({ acl: ACL })
})
beforeEach(() => redis.cli('FLUSHALL'))
afterAll(() => redis.stop())

const accept = (language: string) => ({
  names: ['accept-language'],
  variant: variantOf(['accept-language'], { 'accept-language': language }),
})
const refusal = (options: { credentialed?: boolean; type?: Marker['type']; left?: number; key?: string } = {}): Marker =>
  new Marker(
    options.key ?? 'k',
    options.type ?? 'hitForMiss',
    systemClock.now() + (options.left ?? 120_000),
    0,
    options.credentialed ?? false,
    9,
  )

async function refuse(node: Node, marker: Marker, where: { names?: readonly string[]; variant?: string } = {}): Promise<void> {
  const before = node.counters.get('tier_written')
  node.tier.refuse({ marker, names: [], variant: 'http', since: node.log.position, claim: null, ...where })
  await until(() => node.counters.get('tier_written') > before, 'the refusal to be written')
}

async function distrusted(node: Node, why: string): Promise<boolean> {
  await until(() => node.counters.reasonCount('tier_distrust', why) > 0, `a distrust (${why})`)
  return true
}

describe('the tier in Redis', () => {
  it('brings another node every answer as it was, with its own position', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const kinds = fc.sample(anyObject, 60)
    for (const [index, { init, names, variant: any }] of kinds.entries()) {
      const variant = names.length === 0 ? plainVariant(any) : any
      const at = Math.floor(systemClock.now())
      const status = init.status
      const life = { ...init.life, storedAt: at, ttl: Math.max(2, init.life.ttl) }
      const headers = HeaderMap.of([...new CachedObject(init).headers].filter(([name]) => name.toLowerCase() !== 'cache-control'))
      const fieldLines = init.fieldLines
        .split(/(?<=\r\n)/)
        .filter((line) => !/^cache-control:/i.test(line))
        .join('')
      const object = new CachedObject({ ...init, key: `key ${index}`, status, life, headers, fieldLines })
      await one.keep({ object, names, variant })
      const found = objectIn(
        await other.tier.recall({
          ...wanted({ key: object.key }),
          variant: (some) => (some.length === 0 ? plainVariant(variant) : variant),
        }),
      )
      expect(seen(found)).toEqual({ ...(seen(object) as object), storedAt: found.storedAt })
      expect(found.storedAt).toBeGreaterThan(at - 500)
      expect(found.storedAt).toBeLessThanOrEqual(at + 1)
      expect(found.position).toBe(LOCAL)
    }
    expect(other.counters.get('tier_read_bytes')).toBeGreaterThan(1000)
  })

  it("tells how old an answer is by what Redis says it has left to live, and by nobody's clock", async () => {
    const [one, other] = [await newNode(redis), await newNode(redis, { clock: { ...systemClock, now: () => systemClock.now() + 1e9 } })]
    await one.keep({ object: stored({ at: Math.floor(systemClock.now()) - 7000, ttl: 3600 }) })
    const key = one.keys.base('k', 'http')
    const left = Number(await redis.cli('PTTL', key))
    expect(left).toBeGreaterThan(3_592_000)
    expect(left).toBeLessThanOrEqual(3_593_000)
    await redis.cli('PEXPIRE', key, left - 100_000)
    const asked = systemClock.now()
    const age = objectIn(await other.tier.recall(wanted({ until: 1e12 }))).age(systemClock.now() + 1e9)
    expect(age).toBeGreaterThan(106.99)
    expect(age).toBeLessThan(107.1 + (systemClock.now() - asked) / 1000)
  })

  it('lets Redis free an answer when it is worth nothing any more, under both ways to count', async () => {
    const one = await newNode(redis)
    const times = { ttl: 100, grace: 20, staleIfError: 300, keep: 50 }
    await one.keep({ object: stored({ ...times, key: 'max', retention: 'max' }) })
    await one.keep({ object: stored({ ...times, key: 'sum', retention: 'sum' }) })
    const left = async (key: string): Promise<number> => Math.ceil(Number(await redis.cli('PTTL', one.keys.base(key, 'http'))) / 1000)
    expect([await left('max'), await left('sum')]).toEqual([400, 170])
  })

  it('tells variants apart, by several lists of names', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    for (const language of ['de', 'en']) await one.keep({ object: stored({ etag: language }), ...accept(language) })
    const encoded = { names: ['accept-encoding'], variant: variantOf(['accept-encoding'], { 'accept-encoding': 'br' }) }
    await other.keep({ object: stored({ etag: 'br' }), ...encoded })
    const etag = async (fields: Readonly<Record<string, string>>): Promise<string | null | undefined> => {
      const recalled = await other.tier.recall(wanted({ fields }))
      return recalled.type === 'object' ? recalled.object.etag : undefined
    }
    expect(await etag({ 'accept-language': 'de' })).toBe('de')
    expect(await etag({ 'accept-language': 'en' })).toBe('en')
    expect(await etag({ 'accept-language': 'fr' })).toBeUndefined()
    expect(await etag({ 'accept-encoding': 'br', 'accept-language': 'de' })).toBe('br')
    expect((await keysIn(redis)).every((key) => key.startsWith(one.keys.base('k', 'http')))).toBe(true)
  })

  it('remembers refusals for requests with and without credentials apart', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    await refuse(one, refusal({ credentialed: true, type: 'hitForPass' }))
    const known = await other.tier.recall(wanted({ credentialed: true }))
    const marker = known.type === 'refused' ? known.marker : expect.fail(known.type)
    expect([marker.type, marker.credentialed, marker.xid, marker.position, marker.key]).toEqual(['hitForPass', true, 9, LOCAL, 'k'])
    expect(marker.expiresAt - systemClock.now()).toBeGreaterThan(115_000)
    expect(marker.expiresAt - systemClock.now()).toBeLessThanOrEqual(120_000)
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    // An answer that may be shared is of use to both, as it is in memory.
    await one.keep({ object: stored() })
    expect((await other.tier.recall(wanted({ credentialed: true }))).type).toBe('object')
    await refuse(one, refusal({ key: 'l' }))
    expect((await other.tier.recall(wanted({ key: 'l' }))).type).toBe('refused')
    expect((await other.tier.recall(wanted({ key: 'l', credentialed: true }))).type).toBe('nothing')
  })

  it('remembers refusals of a variant, and none in the place of what leads to variants', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    await one.keep({ object: stored(), ...accept('de') })
    await refuse(one, refusal(), accept('en'))
    await refuse(one, refusal({ credentialed: true }), accept('fr'))
    const type = async (language: string, credentialed = false): Promise<string> =>
      (await other.tier.recall(wanted({ fields: { 'accept-language': language }, credentialed }))).type
    expect([await type('de'), await type('en'), await type('fr'), await type('fr', true)]).toEqual([
      'object',
      'refused',
      'nothing',
      'refused',
    ])
    one.tier.refuse({ marker: refusal(), names: [], variant: 'http', since: one.log.position, claim: null })
    await until(() => one.counters.reasonCount('tier_kept_out', 'form') === 1, 'the refusal')
    expect(await type('de')).toBe('object')
  })

  it('gives nothing that is not newer and fresh where only that is of use', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const object = stored({ ttl: 10, grace: 100 })
    await one.keep({ object })
    const type = async (after: number | null): Promise<string> => (await other.tier.recall(wanted({ after }))).type
    expect([await type(object.storedAt - 1000), await type(object.storedAt + 1000)]).toEqual(['object', 'nothing'])
    await redis.cli('PEXPIRE', one.keys.base('k', 'http'), 90_000)
    expect([await type(null), await type(object.storedAt - 60_000)]).toEqual(['object', 'nothing'])
  })

  for (const bytes of [0, 1, 64 * 1024, 64 * 1024 + 1, CHUNK, 1024 * 1024 + 1, 8 * 1024 * 1024])
    it(`brings a body of ${bytes} bytes`, async () => {
      const [one, other] = [await newNode(redis), await newNode(redis)]
      await one.keep({ object: stored({ bytes, seed: 7 }) })
      const found = bytesOf(objectIn(await other.tier.recall(wanted())))
      expect(found.equals(pattern(bytes, 7))).toBe(true)
      const pieces = bytes > 64 * 1024 ? Math.ceil(bytes / CHUNK) : 0
      expect(await keysIn(redis)).toHaveLength(1 + pieces)
    })

  it('takes pieces of another version of a body, or of none, for a miss, and the entry away', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const base = one.keys.base('k', 'http')
    await one.keep({ object: stored({ bytes: 3 * CHUNK, seed: 3 }) })
    await redis.cli('COPY', `${base}:1`, 'old piece')
    await one.keep({ object: stored({ bytes: 3 * CHUNK, seed: 5 }) })
    expect(bytesOf(objectIn(await other.tier.recall(wanted()))).equals(pattern(3 * CHUNK, 5))).toBe(true)
    await redis.cli('COPY', 'old piece', `${base}:1`, 'REPLACE')
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    expect(other.counters.reasonCount('tier_distrust', 'chunk')).toBe(1)
    await until(() => other.counters.reasonCount('tier_distrust', 'chunk') === 1)
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    expect(await redis.cli('EXISTS', base)).toBe(0)
    await one.keep({ object: stored({ bytes: 3 * CHUNK, seed: 5 }) })
    await redis.cli('DEL', `${base}:2`)
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
  })

  it('brings one version of a body whole, or none, while it is written anew', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const bodies = [2, 3].map((seed) => pattern(4 * CHUNK, seed))
    let writing = true
    const writer = (async () => {
      for (let round = 0; round < 12; round++) await one.keep({ object: stored({ bytes: 4 * CHUNK, seed: 2 + (round % 2) }) })
      writing = false
    })()
    let whole = 0
    while (writing) {
      const recalled = await other.tier.recall(wanted())
      if (recalled.type !== 'object') continue
      expect(bodies.some((body) => body.equals(bytesOf(recalled.object)))).toBe(true)
      whole++
    }
    await writer
    expect(whole).toBeGreaterThan(0)
  })

  it("never writes what is somebody's own, a part, too large, not whole, or at its end", async () => {
    const one = await newNode(redis, { maxObject: 100_000 })
    const says = (...lines: readonly (readonly [string, string])[]) => ({ headers: HeaderMap.of(lines), fieldLines: '' })
    const out: readonly (readonly [string, CachedObject, (readonly string[])?])[] = [
      ['cookie', stored(says(['Set-Cookie', 'a=b']))],
      ['private', stored(says(['Cache-Control', 'max-age=60, private']))],
      ['private', stored(says(['Cache-Control', 'max-age=60'], ['Cache-Control', 'private="x-a"']))],
      ['no_store', stored(says(['cache-control', 'No-Store']))],
      ['credentials', stored(), ['authorization']],
      ['credentials', stored(), ['accept', 'cookie']],
      ['part', stored({ status: 206, part: { first: 0, last: 3, total: 9 } })],
      ['large', stored({ bytes: 100_001 })],
      ['short', stored({ ttl: 0.9 })],
      ['short', stored({ at: Math.floor(systemClock.now()) - 59_500 })],
      ['form', stored({ headers: HeaderMap.of([['Transfer-Encoding', 'chunked']]) })],
    ]
    for (const [why, object, names = []] of out) {
      const before = one.counters.reasonCount('tier_kept_out', why)
      await one.keep({ object, names, variant: `http ${names.join()}` })
      expect([why, one.counters.reasonCount('tier_kept_out', why)]).toEqual([why, before + 1])
    }
    one.tier.refuse({ marker: refusal(), names: ['cookie'], variant: 'http cookie:6:secret', since: START, claim: null })
    expect(await keysIn(redis)).toEqual([])
  })

  it('never writes what an invalidation overtook, in the log or on its way there, nor without a log', async () => {
    const one = await newNode(redis)
    const since = one.log.position
    one.log.apply(since + 1, { do: 'key', key: 'k', soft: false }, null)
    await one.keep({ object: stored(), since })
    one.log.apply(since + 2, { do: 'subject', subject: { by: 'tags', tags: ['t'] }, soft: true }, null)
    await one.keep({ object: stored({ key: 'l', tags: ['t'] }), since })
    one.log.pend('u', { do: 'ban', text: 'obj.status == 200' })
    await one.keep({ object: stored({ key: 'm' }), since: since + 2 })
    await one.keep({ object: stored({ key: 'n', status: 404 }), since: 5 })
    expect([await keysIn(redis), one.counters.reasonCount('tier_kept_out', 'overtaken')]).toEqual([[], 4])
    one.log.heard(false)
    await one.keep({ object: stored({ key: 'o', status: 404 }), since: since + 2 })
    expect([await keysIn(redis), one.counters.reasonCount('tier_kept_out', 'unready')]).toEqual([[], 1])
  })

  it('neither writes nor gives what is purged while the pieces of its body are on their way', async () => {
    const purge = (log: Node['log']): void => log.apply(log.position + 1, { do: 'key', key: 'k', soft: false }, null)
    const one: Node = await newNode(redis, {
      claims: false,
      around: changed({ write: (port) => (writings, lane) => port.write(writings, lane).finally(() => lane === 'bulk' && purge(one.log)) }),
    })
    await one.keep({ object: stored({ bytes: 2 * CHUNK }), since: START })
    expect([one.counters.reasonCount('tier_kept_out', 'overtaken'), await redis.cli('EXISTS', one.keys.base('k', 'http'))]).toEqual([1, 0])
    const [writer, reader]: readonly [Node, Node] = [
      await newNode(redis),
      await newNode(redis, {
        claims: false,
        around: changed({ read: (port) => (keys, lane) => port.read(keys, lane).finally(() => lane === 'bulk' && purge(reader.log)) }),
      }),
    ]
    await writer.keep({ object: stored({ bytes: 2 * CHUNK }) })
    expect((await reader.tier.recall(wanted())).type).toBe('nothing')
    expect(reader.counters.reasonCount('tier_distrust', 'log')).toBe(1)
  })

  it('gives nothing that was invalidated since, and takes it away; what is softly purged is stale', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const at = one.log.position
    await one.keep({ object: stored({ key: 'soft', grace: 60 }) })
    await one.keep({ object: stored({ key: 'hard' }) })
    await one.keep({ object: stored({ key: 'ban', status: 404 }) })
    await one.keep({ object: stored({ key: 'pending', tags: ['t'] }) })
    await refuse(one, refusal({ key: 'refusal' }))
    other.log.apply(at + 1, { do: 'key', key: 'soft', soft: true }, null)
    other.log.apply(at + 2, { do: 'key', key: 'hard', soft: false }, null)
    other.log.apply(at + 3, { do: 'ban', text: 'obj.status == 404' }, null)
    other.log.pend('u', { do: 'subject', subject: { by: 'tags', tags: ['t'] }, soft: false })
    other.log.apply(at + 4, { do: 'key', key: 'refusal', soft: false }, null)
    const soft = objectIn(await other.tier.recall(wanted({ key: 'soft' })))
    expect([soft.freshness(systemClock.now()), soft.left(systemClock.now()) <= 0]).toEqual(['grace', true])
    for (const key of ['hard', 'ban', 'pending', 'refusal']) expect((await other.tier.recall(wanted({ key }))).type).toBe('nothing')
    expect(other.counters.reasonCount('tier_distrust', 'log')).toBe(4)
    await other.tier.recall(wanted({ key: 'after all of that' }))
    expect(await keysIn(redis)).toEqual([one.keys.base('soft', 'http')])
    // Fetched since, it is there again for all who know the log as far.
    await other.keep({ object: stored({ key: 'hard' }) })
    for (const ahead of [1, 2, 3, 4]) one.log.apply(at + ahead, { do: 'key', key: 'another', soft: false }, null)
    expect((await one.tier.recall(wanted({ key: 'hard' }))).type).toBe('object')
  })

  it('says nothing while it cannot tell what was invalidated, and leaves everything where it is', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    await one.keep({ object: stored() })
    other.log.heard(false)
    expect(await other.tier.recall(wanted())).toEqual({ type: 'nothing', claim: null })
    other.log.heard(true)
    expect((await other.tier.recall(wanted())).type).toBe('object')
    // The log is lost while Redis answers, and begins where nothing is known of what came before.
    const lost = changed({
      read: (port) => (keys, lane) =>
        port.read(keys, lane).finally(() => {
          last.log.start(START + 5)
          last.log.heard(false)
        }),
    })
    const last: Node = await newNode(redis, { around: lost })
    expect((await last.tier.recall(wanted())).type).toBe('nothing')
    expect((await other.tier.recall(wanted())).type).toBe('object')
  })

  it('forgets a key with the pieces of its body, and its refusals', async () => {
    const one = await newNode(redis)
    await one.keep({ object: stored({ bytes: 2 * CHUNK }) })
    await one.keep({ object: stored({ key: 'l' }) })
    await refuse(one, refusal({ credentialed: true }))
    expect(await keysIn(redis)).toHaveLength(5)
    one.tier.forget('k')
    for (;;) if ((await keysIn(redis)).length === 1) break
    expect(await keysIn(redis)).toEqual([one.keys.base('l', 'http')])
  })

  it('never reads what a deployment with another secret or prefix wrote (HARDENING 277)', async () => {
    const kinds = [{}, { secret: 'b' }, { prefix: 'b:' }, { secret: null }]
    const nodes: Node[] = []
    for (const kind of kinds) nodes.push(await newNode(redis, { ...kind, claims: false }))
    for (const [index, node] of nodes.entries()) await node.keep({ object: stored({ seed: index + 1, bytes: 30 }) })
    expect(await keysIn(redis)).toHaveLength(4)
    for (const [index, node] of nodes.entries()) {
      expect(bytesOf(objectIn(await node.tier.recall(wanted()))).equals(pattern(30, index + 1))).toBe(true)
      for (const other of nodes) node.tier.forget(other === node ? 'nothing' : 'other')
    }
    // Moved to where the other one looks, it is not believed.
    await redis.cli('COPY', nodes[0]!.keys.base('k', 'http'), nodes[1]!.keys.base('k', 'http'), 'REPLACE')
    expect((await nodes[1]!.tier.recall(wanted())).type).toBe('nothing')
    expect(nodes[1]!.counters.reasonCount('tier_distrust', 'seal')).toBe(1)
  })

  it('serves nothing that answers another question, and believes the connection no more (HARDENING 273)', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    await one.keep({ object: stored({ key: 'a', bytes: 20 }) })
    await one.keep({ object: stored({ key: 'b', bytes: 2 * CHUNK }) })
    await redis.cli('COPY', one.keys.base('a', 'http'), one.keys.base('c', 'http'))
    const connections = async (): Promise<readonly string[]> =>
      String(await redis.cli('CLIENT', 'LIST', 'TYPE', 'normal')).match(/(?<=\bid=)\d+/g) ?? []
    const before = await connections()
    expect((await other.tier.recall(wanted({ key: 'c' }))).type).toBe('nothing')
    expect(await distrusted(other, 'key')).toBe(true)
    await until(() => other.port.state === 'ready')
    expect((await connections()).every((id) => before.includes(id))).toBe(false)
    for (;;) if ((await other.tier.recall(wanted({ key: 'a' }))).type === 'object') break
    await redis.cli('COPY', `${one.keys.base('b', 'http')}:0`, `${one.keys.base('b', 'http')}:1`, 'REPLACE')
    for (;;)
      if ((await other.tier.recall(wanted({ key: 'b' }))).type === 'nothing' && other.counters.reasonCount('tier_distrust', 'key') === 2)
        break
  })

  it('takes whatever lies in Redis damaged for a miss, and it away (HARDENING 274)', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    const base = one.keys.base('k', 'http')
    await one.keep({ object: stored({ bytes: 300 }) })
    await redis.cli('COPY', base, 'good')
    const length = Number(await redis.cli('STRLEN', 'good'))
    const random = fc.sample(fc.nat(length * 8 - 1), 150)
    for (const bit of random) {
      await redis.cli('COPY', 'good', base, 'REPLACE')
      const was = Number(await redis.cli('GETBIT', base, bit))
      await redis.cli('SETBIT', base, bit, 1 - was)
      expect((await other.tier.recall(wanted())).type).toBe('nothing')
    }
    for (const bad of ['', 'x', 'ccrf', 'y'.repeat(600_000)]) {
      await redis.cli('SET', base, bad, 'PX', 60_000)
      expect((await other.tier.recall(wanted())).type).toBe('nothing')
    }
    await redis.cli('DEL', base)
    await redis.cli('LPUSH', base, 'a list')
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    // What never ends was not written by us, whoever sealed it.
    await redis.cli('DEL', base)
    await redis.cli('COPY', 'good', base)
    await redis.cli('PERSIST', base)
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    await other.tier.recall(wanted({ key: 'after all of that' }))
    expect(await keysIn(redis)).toEqual(['good'])
    const reasons = [...other.counters.reasonsOf('tier_distrust')].reduce(
      (sum, why) => sum + other.counters.reasonCount('tier_distrust', why),
      0,
    )
    expect(reasons).toBe(random.length + 6)
  })

  it('never gives the answer of another key, variant or class, however well it is sealed', async () => {
    const other = await newNode(redis, { claims: false })
    const seal = new Seal('a secret', 'clearcoat:')
    const base = other.keys.base('k', 'http')
    const place = { key: 'k', names: [], variant: 'http', since: START, life: 60_000 }
    const object = (of: Partial<typeof place>): Buffer => told({ ...place, ...of }, stored({ key: of.key ?? 'k' }))
    const lies: readonly (readonly [string, Buffer])[] = [
      ['object', object({ key: 'l' })],
      ['object', object({ variant: 'https' })],
      ['refusal', writeRefusal(refusal({ key: 'l' }), { ...place, key: 'l' })],
      ['index', writeIndex({ key: 'l', lists: [['accept']] })],
      ['chunk', Buffer.alloc(30)],
      ['refusal', Buffer.alloc(3)],
    ]
    for (const [kind, bytes] of lies) {
      await redis.cli('SET', base, sealFrame(seal, kind as 'object', base, bytes)!, 'PX', 59_000)
      expect((await other.tier.recall(wanted())).type).toBe('nothing')
    }
    expect(other.counters.reasonCount('tier_distrust', 'head')).toBe(lies.length)
    await redis.cli('SET', base, sealFrame(seal, 'object', base, object({}))!, 'PX', 59_000)
    expect((await other.tier.recall(wanted())).type).toBe('object')
    await redis.cli('SET', base, sealFrame(seal, 'object', base, object({}))!, 'PX', 90_000)
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
  })

  it('leaves entries of another form alone, and goes on beside them (HARDENING 289)', async () => {
    const [one, other] = [await newNode(redis, { claims: false }), await newNode(redis, { claims: false })]
    await one.keep({ object: stored() })
    const base = one.keys.base('k', 'http')
    await redis.cli('SETRANGE', base, 4, '\x02')
    expect((await other.tier.recall(wanted())).type).toBe('nothing')
    expect(other.counters.reasonCount('tier_distrust', 'version')).toBe(1)
    await one.keep({ object: stored() })
    expect((await other.tier.recall(wanted())).type).toBe('object')
  })

  it('asks the origin after Redis has lost everything, and fills it again (HARDENING 282)', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    await one.keep({ object: stored() })
    await redis.cli('FLUSHALL')
    const recalled = await other.tier.recall(wanted({ wait: 1000 }))
    const claim = recalled.type === 'nothing' ? recalled.claim : null
    expect(claim).not.toBeNull()
    await other.keep({ object: stored(), claim })
    expect((await one.tier.recall(wanted())).type).toBe('object')
  })

  it('looks for no longer than a deadline, however many questions that takes', async () => {
    let asked = 0
    const slow = changed({
      read: (port) => async (keys, lane) => {
        asked++
        const began = systemClock.now()
        await until(() => systemClock.now() - began > 150)
        return port.read(keys, lane)
      },
    })
    const [one, other] = [await newNode(redis), await newNode(redis, { around: slow })]
    await one.keep({ object: stored(), ...accept('de') })
    // Each question is answered in time, both together are not.
    expect(await other.tier.recall(wanted({ fields: { 'accept-language': 'de' }, wait: 5000 }))).toEqual({ type: 'nothing', claim: null })
    expect([asked, other.counters.reasonCount('tier_fault', 'timeout')]).toEqual([2, 1])
  })

  it('has nothing while Redis is frozen, soon at once, and all again when it goes on', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    await one.keep({ object: stored() })
    redis.freeze()
    const times: number[] = []
    for (let ask = 0; ask < 7; ask++) {
      const began = systemClock.now()
      expect(await other.tier.recall(wanted({ wait: 5000 }))).toEqual({ type: 'nothing', claim: null })
      times.push(systemClock.now() - began)
    }
    expect(Math.max(...times)).toBeLessThan(1000)
    expect(Math.min(...times.slice(0, 5))).toBeGreaterThan(200)
    expect(Math.max(...times.slice(5))).toBeLessThan(100)
    other.tier.keep({ object: stored({ key: 'l' }), names: [], variant: 'http', since: START, claim: null })
    expect(other.counters.get('tier_dropped')).toBe(1)
    redis.thaw()
    await until(() => other.port.state === 'ready', 'Redis to be back')
    expect((await other.tier.recall(wanted({ wait: 5000 }))).type).toBe('object')
  })

  it('ends what a frozen Redis writes late when it should end', async () => {
    const [one, other] = [await newNode(redis), await newNode(redis)]
    const recalled = await one.tier.recall(wanted({ wait: 1000 }))
    const claim = recalled.type === 'nothing' ? recalled.claim : null
    redis.freeze()
    const at = Math.floor(systemClock.now())
    await one.keep({ object: stored({ at, ttl: 100 }), claim })
    expect(one.counters.reasonCount('tier_fault', 'timeout')).toBeGreaterThan(0)
    redis.thaw()
    const key = one.keys.base('k', 'http')
    for (;;) if ((await redis.cli('EXISTS', key)) === 1) break
    const late = systemClock.now() - at
    const left = Number(await redis.cli('PTTL', key))
    expect(left).toBeLessThanOrEqual(100_000 - late + 60)
    await until(() => other.port.state === 'ready')
    expect(objectIn(await other.tier.recall(wanted())).storedAt).toBeLessThanOrEqual(at + 60)
  })
})
