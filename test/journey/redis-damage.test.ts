/**
 * What lies in Redis was damaged, forged or exchanged while servers run (HARDENING 273, 274, 275): it is never served, goes away, is counted, and
 * every client gets what the origin says.
 */
import { expect, it, onTestFinished } from 'vitest'
import { Seal } from '../../src/redis/seal.ts'
import { sealFrame } from '../../src/storage/frame.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { object } from '../object/things.ts'
import { told } from '../storage/framed.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { until } from '../support/until.ts'
import { Wire } from '../support/wire.ts'
import { type CountingOrigin, FRESH, joinNode, originOf, pattern, type RedisNode } from './redis-rig.ts'
import { message, reply } from './site.ts'

const PAGES = 500
const CONNECTIONS = 10
/** What makes 10,000 entries of 500 pages. */
const ROUNDS_EACH = 2

interface Entry {
  readonly key: string
  readonly value: Buffer
}

type Damage = (entry: Entry, index: number, entries: readonly Entry[]) => Buffer

const changed = (bytes: Buffer, at: number, by: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] as number) ^ by
  return copy
}

const raw = (name: string, value: string): HeaderMap => {
  const map = new HeaderMap()
  map.appendRaw(name, name.toLowerCase(), value)
  return map
}

const EVIL: readonly (readonly [name: string, value: string])[] = [
  ['X-A', 'a\r\nSet-Cookie: session=stolen'],
  ['Transfer-Encoding', 'chunked'],
  ['Set-Cookie', 'session=stolen'],
  ['__proto__', 'polluted'],
  ['Content-Length', '5, 6'],
]

/** Well formed, and sealed by who does not know our secret. */
const forged =
  (secret: string | null): Damage =>
  ({ key }, index) => {
    const [name, value] = EVIL[index % EVIL.length] as (typeof EVIL)[0]
    const evil = object({
      key: `http://www.example/${index}`,
      headers: raw(name, value),
      fieldLines: `${name}: ${value}\r\n`,
      ttl: 2 ** 31 - 1,
    })
    return sealFrame(new Seal(secret, 'clearcoat:'), 'object', key, told({ names: [], variant: 'http', since: 2 ** 40 }, evil)) as Buffer
  }

const DAMAGE: Readonly<Record<string, Damage>> = {
  'a bit is another': ({ value }, index) => changed(value, (index * 131) % value.length, 1 << (index % 8)),
  'its end is missing': ({ value }, index) => value.subarray(0, (index * 17) % value.length),
  'there is more': ({ value }) => Buffer.concat([value, Buffer.from('more')]),
  'another version wrote it': ({ value }, index) => changed(value, 4, 1 + (index % 255)),
  'it is of another kind': ({ value }) => changed(value, 5, 3),
  'nothing lies there': () => Buffer.alloc(0),
  'it is something else': (_, index) => Buffer.from(`{"__proto__":{"polluted":${index}}}`),
  'it is longer than anything': ({ value }, index) => (index % 50 === 0 ? Buffer.alloc(2 * 1024 * 1024, 'x') : value.subarray(1)),
  'it was sealed with no secret': forged(null),
  'it was sealed with a guess': forged('known-to-all-nodes-of-it.'),
}

async function entriesOf(client: RespClient): Promise<Entry[]> {
  const keys: string[] = []
  let cursor = '0'
  do {
    const [next, found] = (await client.ask('SCAN', cursor, 'COUNT', 1000, 'MATCH', 'clearcoat:{*', 'TYPE', 'string')) as [string, string[]]
    keys.push(...found)
    cursor = next
  } while (cursor !== '0')
  const values = await Promise.all(keys.map((key) => client.ask('GET', key)))
  return keys
    .map((key, index) => ({ key, value: Buffer.from(String(values[index]), 'latin1') }))
    .filter(({ value }) => value.includes('/page/'))
}

/** Asks for every page, and returns how many answers were not from memory. Every answer has to be right. */
async function readAll(node: RedisNode, paths: readonly string[]): Promise<void> {
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, number) => {
      const client = await node.connect()
      for (let at = number; at < paths.length; at += CONNECTIONS) {
        const path = paths[at] as string
        const answer = await client.request(message('GET', path))
        if (answer.status !== 200 || answer.body.toString() !== pattern(path, 300) || answer.get('set-cookie') !== undefined)
          throw new Error(`${path} was answered by ${answer.head} ${answer.body.toString()}`)
      }
      client.destroy()
    }),
  )
}

async function started(): Promise<{ readonly redis: RedisServer; readonly origin: CountingOrigin; readonly client: RespClient }> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, pattern(url, 300)))
  return { redis, origin, client }
}

const paths = Array.from({ length: PAGES }, (_, index) => `/page/${index}`)

it('serves none of ten thousand entries that are not what was written', async () => {
  const { redis, origin, client } = await started()
  const writer = await joinNode(origin, redis.url)
  const before = writer.stat('tier_written')
  await readAll(writer, paths)
  await writer.written(before + PAGES)
  let fetched = PAGES
  expect(origin.all).toBe(fetched)
  for (const [how, damage] of Object.entries(DAMAGE)) {
    for (let round = 0; round < ROUNDS_EACH; round++) {
      const entries = await entriesOf(client)
      expect([how, entries.length]).toEqual([how, PAGES])
      await Promise.all(entries.map((entry, index) => client.ask('SET', entry.key, damage(entry, index + round, entries), 'KEEPTTL')))
      const reader = await joinNode(origin, redis.url)
      const written = reader.stat('tier_written')
      await readAll(reader, paths)
      fetched += PAGES
      expect([how, origin.all, reader.sum('tier_distrust_'), reader.stat('tier_hit')]).toEqual([how, fetched, PAGES, 0])
      // What was wrong is gone, and what was fetched lies in its place.
      await reader.written(written + PAGES)
      expect(reader.stat('tier_fault_bug')).toBe(0)
      await reader.server.close()
    }
  }
  const reader = await joinNode(origin, redis.url)
  await readAll(reader, paths)
  expect([origin.all, reader.sum('tier_distrust_'), reader.stat('tier_hit')]).toEqual([fetched, 0, PAGES])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
}, 120_000)

it('serves nothing that was put under another key', async () => {
  const { redis, origin, client } = await started()
  const writer = await joinNode(origin, redis.url)
  const before = writer.stat('tier_written')
  await readAll(writer, paths.slice(0, 60))
  await writer.written(before + 60)
  const entries = await entriesOf(client)
  await Promise.all(
    entries.map(({ key }, index) => client.ask('SET', key, (entries[(index + 1) % entries.length] as Entry).value, 'KEEPTTL')),
  )
  const reader = await joinNode(origin, redis.url)
  for (const path of paths.slice(0, 60)) {
    await readAll(reader, [path])
    if (reader.said.at(-1) === 'away') await until(() => reader.said.at(-1) === 'ready', 'a connection that can be believed')
  }
  // Each costs a connection: they cannot be told from answers to another question.
  expect(reader.stat('tier_distrust_key')).toBeGreaterThan(0)
  expect(reader.stat('tier_hit')).toBe(0)
}, 60_000)

it('serves no wrong page when answers are off by one', async () => {
  const { redis, origin, client } = await started()
  const wire = await Wire.before(redis.port)
  onTestFinished(() => wire.close())
  const writer = await joinNode(origin, redis.url)
  const some = paths.slice(0, 80)
  const before = writer.stat('tier_written')
  await readAll(writer, some)
  await writer.written(before + some.length)
  const [other] = await entriesOf(client)
  const value = other?.value ?? Buffer.alloc(0)
  const bulk = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])
  const strays = [
    bulk,
    Buffer.concat([bulk, Buffer.from(':600000\r\n')]),
    Buffer.from('$-1\r\n:-2\r\n'),
    Buffer.from('+OK\r\n'),
    Buffer.from(':1\r\n'),
  ]
  const node = await joinNode(origin, `redis://127.0.0.1:${wire.port}`)
  const hits: number[] = []
  for (const [index, path] of some.entries()) {
    const stray = strays[index % strays.length] as Buffer
    let injected = false
    // Before the answer to the question for this page, and nothing else.
    wire.through = (bytes) => {
      if (injected || !bytes.includes('ccrf')) return [bytes]
      injected = true
      return index % 2 === 0 ? [Buffer.concat([stray, bytes])] : [stray, bytes]
    }
    await readAll(node, [path, ...some.slice(0, 3)])
    wire.through = (bytes) => [bytes]
    if (index % 8 === 7) {
      await node.sharing()
      hits.push(node.stat('tier_hit'))
    }
  }
  expect(node.said).toContain('away')
  await node.sharing()
  await readAll(node, some)
}, 60_000)
