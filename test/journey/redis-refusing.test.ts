/** A Redis that refuses (HARDENING 278, 286, 287), evicts (291), or is slow with what is large (292): clients get what the origin says, and one line tells of it. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { aclRule } from '../../src/redis/acl.ts'
import { authority, selfSigned } from '../support/certificates.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { until } from '../support/until.ts'
import { Wire } from '../support/wire.ts'
import { type CountingOrigin, FRESH, joinNode, openNode, originOf, pattern, type RedisNode } from './redis-rig.ts'
import { reply } from './site.ts'

const WORD = 'hunter2-hunter2'

async function started(options: RedisServerOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

const pages = (): Promise<CountingOrigin> => originOf(({ url }, response) => reply(response, 200, FRESH, pattern(url, 400)))

/** Both answers are the origin's, the second from memory. */
async function serves(node: RedisNode, path: string): Promise<void> {
  for (const outcome of ['MISS', 'HIT']) {
    const answer = await node.get(path)
    expect([path, answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([path, 200, pattern(path, 400), outcome])
  }
}

interface Trouble {
  readonly options?: RedisServerOptions
  begin(redis: RedisServer): Promise<unknown>
  end(redis: RedisServer): Promise<unknown>
  /** What is said when it begins. */
  readonly says: string
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'is full (OOM)': {
    begin: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
    says: 'refuses',
  },
  'is a replica (READONLY)': {
    begin: (redis) => redis.cli('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.cli('REPLICAOF', 'NO', 'ONE'),
    says: 'away',
  },
  'loads its data (LOADING)': {
    begin: async (redis) => {
      await redis.cli('DEBUG', 'POPULATE', 500, 'k', 10)
      await redis.cli('SAVE')
      await redis.restart({ 'key-load-delay': 3000, 'loading-process-events-interval-bytes': 1024 })
    },
    end: async () => {},
    says: 'away',
  },
  'wants a password (NOAUTH)': {
    begin: async (redis) => {
      await redis.cli('CONFIG', 'SET', 'requirepass', WORD)
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    },
    end: (redis) => redis.cli('CONFIG', 'SET', 'requirepass', ''),
    says: 'away',
  },
  'runs a script (BUSY)': {
    options: { config: { 'busy-reply-threshold': 1 } },
    begin: async (redis) => {
      const client = await RespClient.open(redis.port)
      onTestFinished(() => client.close())
      client.ask('EVAL', 'while true do end', 0).catch(() => {})
    },
    end: (redis) => redis.cli('SCRIPT', 'KILL'),
    says: 'away',
  },
  'takes no more connections (maxclients)': {
    begin: async (redis) => {
      await redis.cli('CONFIG', 'SET', 'maxclients', '1')
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    },
    end: (redis) => redis.cli('CONFIG', 'SET', 'maxclients', '1000'),
    says: 'away',
  },
}

describe.each(Object.entries(TROUBLES))('a Redis that %s', (_, { options = {}, begin, end, says }) => {
  it('is told of in one line, and shares again when it has ended', async () => {
    const redis = await started(options)
    const origin = await pages()
    const node = await joinNode(origin, redis.url, { redis: { deadline: 0.1 } })
    await serves(node, '/before')
    expect(node.said).toEqual([])
    await begin(redis)
    for (let index = 0; !node.said.includes(says) && index < 500; index++) await serves(node, `/during/${index}`)
    expect(node.said).toContain(says)
    for (let index = 0; index < 10; index++) await serves(node, `/later/${index}`)
    expect((await node.get('/before')).get('x-cache')).toBe('HIT')
    await end(redis)
    await node.sharing()
    // Each command that is refused is told of once, and once when it is taken again.
    const told = node.events
      .filter(({ fields }) => fields['event'] === 'redis')
      .map(({ fields }) => `${fields['redis']} ${fields['command'] ?? ''}`)
    for (const [index, line] of told.entries()) expect([line, index]).not.toEqual([told[index - 1], index])
    if (says === 'refuses') expect(new Set(told).size).toBe(told.length)
    expect(['takes', 'ready']).toContain(node.said.at(-1))
    expect(JSON.stringify(node.events)).not.toContain(WORD)
  })
})

describe('who is not let in', () => {
  const ca = authority('authority of the test')
  const good = ca.issue({ names: ['127.0.0.1'] })

  it.each([
    ['the wrong password', { password: WORD }, `redis://:wrong-${WORD}@127.0.0.1:`, {}],
    ['no password', { password: WORD }, 'redis://127.0.0.1:', {}],
    [
      'a certificate that nobody vouches for',
      { tls: selfSigned({ names: ['127.0.0.1'] }), password: WORD },
      `rediss://:${WORD}@127.0.0.1:`,
      { ca: ca.cert },
    ],
    [
      'a certificate of another host',
      { tls: ca.issue({ names: ['redis.example'] }), password: WORD },
      `rediss://:${WORD}@127.0.0.1:`,
      { ca: ca.cert },
    ],
  ])('serves alone with %s, and tells no secret', async (_, options, url, more) => {
    const redis = await started(options)
    const origin = await pages()
    const node = await openNode(origin, `${url}${redis.port}`, { redis: more })
    await until(() => node.said.length > 0, 'a line')
    await serves(node, '/')
    expect([node.said, await redis.cli('DBSIZE')]).toEqual([['away'], 0])
    expect(JSON.stringify(node.events)).not.toContain(WORD)
  })

  it('shares over TLS with who is vouched for', async () => {
    const redis = await started({ tls: good, password: WORD })
    const origin = await pages()
    const open = () => joinNode(origin, `rediss://:${WORD}@127.0.0.1:${redis.port}`, { redis: { ca: ca.cert } })
    const [a, b] = [await open(), await open()]
    const written = a.stat('tier_written')
    await a.get('/')
    await a.written(written + 1)
    expect((await b.get('/')).get('cache-status')).toMatch(/; tier=redis$/)
  })
})

it('needs no more rights than are documented', async () => {
  const redis = await started({ acl: [`user node on >${WORD} ${aclRule('clearcoat:')}`, 'user default off'] })
  const origin = await originOf(({ url, method, headers }, response) =>
    reply(
      response,
      200,
      url.startsWith('/refused')
        ? { 'Cache-Control': 'private' }
        : { ...FRESH, 'Surrogate-Key': 'tag', ...(url.startsWith('/varies') ? { Vary: 'X-Lang' } : {}) },
      `${method} ${headers['x-lang']} `.repeat(url.startsWith('/large') ? 200_000 : 1),
    ),
  )
  const open = (workers: number) => joinNode(origin, `redis://node:${WORD}@127.0.0.1:${redis.port}`, { workers })
  const [a, b] = [await open(1), await open(2)]
  for (const node of [a, b]) {
    for (const path of ['/', '/large', '/refused']) for (let turn = 0; turn < 2; turn++) expect((await node.get(path)).status).toBe(200)
    for (const lang of ['de', 'fr']) expect((await node.get('/varies', { 'X-Lang': lang })).status).toBe(200)
  }
  expect((await a.ask('PURGE', '/')).status).toBe(200)
  expect((await b.ask('PURGE', '/', { 'Surrogate-Key': 'tag' })).status).toBe(200)
  expect((await a.ask('POST', '/large', {}, 'x')).status).toBe(200)
  const c = await open(1)
  expect((await c.get('/')).status).toBe(200)
  await Promise.all([a.server.close(), b.server.close(), c.server.close()])
  expect([a.said, b.said, c.said]).toEqual([[], [], []])
  expect(await redis.cli('ACL', 'LOG')).toEqual([])
})

const large = (url: string): string => `${url} `.repeat(Math.ceil(20_000 / url.length)).slice(0, 20_000)

it('only hits less where Redis evicts all the time', async () => {
  const redis = await started({ config: { maxmemory: '4mb', 'maxmemory-policy': 'allkeys-lru' } })
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, large(url)))
  const nodes = [await joinNode(origin, redis.url), await joinNode(origin, redis.url)]
  const paths = Array.from({ length: 250 }, (_, index) => `/page/${index}`)
  for (const node of nodes) {
    await Promise.all(
      Array.from({ length: 4 }, async (_, number) => {
        for (const path of paths.filter((_path, index) => index % 4 === number)) {
          const answer = await node.get(path)
          if (answer.status !== 200 || answer.body.toString() !== large(path)) throw new Error(`${path}: ${answer.head}`)
        }
      }),
    )
  }
  const evicted = Number(/evicted_keys:(\d+)/.exec(String(await redis.cli('INFO', 'stats')))?.[1])
  expect(evicted).toBeGreaterThan(50)
  expect(nodes.map((node) => [node.said, node.sum('tier_distrust_'), node.stat('tier_fault_bug')])).toEqual([
    [[], 0, 0],
    [[], 0, 0],
  ])
})

it('looks small answers up while Redis is slow with large ones', async () => {
  const redis = await started()
  const wire = await Wire.before(redis.port)
  onTestFinished(() => wire.close())
  const size = (path: string): number => (path.startsWith('/large') ? 300_000 : 400)
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, pattern(url, size(url))))
  const writer = await joinNode(origin, redis.url)
  const written = writer.stat('tier_written')
  const [large, small] = ['large', 'small'].map((kind) => Array.from({ length: 20 }, (_, index) => `/${kind}/${index}`)) as [
    string[],
    string[],
  ]
  for (const path of [...large, ...small]) await writer.get(path)
  await writer.written(written + large.length + small.length)
  const node = await joinNode(origin, `redis://127.0.0.1:${wire.port}`, { redis: { deadline: 0.2 } })
  // What is large gets stuck on its way.
  wire.through = (bytes) => (bytes.length < 10_000 ? [bytes] : [])
  const slow = Promise.all(large.map((path) => node.get(path)))
  for (const path of small)
    expect([path, (await node.get(path)).get('cache-status')]).toEqual([path, expect.stringMatching(/; tier=redis$/)])
  for (const [index, answer] of (await slow).entries()) {
    const path = large[index] as string
    expect([path, answer.status, answer.body.toString() === pattern(path, 300_000)]).toEqual([path, 200, true])
  }
  expect(node.said).not.toContain('away')
})
