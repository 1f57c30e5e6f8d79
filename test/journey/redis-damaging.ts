/** Ways in which entries of running servers can be damaged or forged, by whoever can write into Redis but does not know the secret. */
import { expect, onTestFinished } from 'vitest'
import { Seal } from '../../src/redis/seal.ts'
import { sealFrame } from '../../src/storage/frame.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { object } from '../object/things.ts'
import { told } from '../storage/framed.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { type CountingOrigin, FRESH, joinNode, originOf, pattern, type RedisNode } from './redis-rig.ts'
import { message, reply } from './site.ts'

const CONNECTIONS = 10

export interface Entry {
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

export async function entriesOf(client: RespClient): Promise<Entry[]> {
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
export async function readAll(node: RedisNode, paths: readonly string[]): Promise<void> {
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

export async function started(): Promise<{ readonly redis: RedisServer; readonly origin: CountingOrigin; readonly client: RespClient }> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  const origin = await originOf(({ url }, response) => reply(response, 200, FRESH, pattern(url, 300)))
  return { redis, origin, client }
}

export const paths = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `/page/${index}`)

/** Damages so many pages' entries in each way, so often; of none anything is served, each is counted, and each is written anew. Answers how many. */
export async function damageAll(pages: number, rounds: number): Promise<number> {
  const { redis, origin, client } = await started()
  const all = paths(pages)
  const writer = await joinNode(origin, redis.url)
  const before = writer.stat('tier_written')
  await readAll(writer, all)
  await writer.written(before + pages)
  let fetched = pages
  expect(origin.all).toBe(fetched)
  for (const [how, damage] of Object.entries(DAMAGE)) {
    for (let round = 0; round < rounds; round++) {
      const entries = await entriesOf(client)
      expect([how, entries.length]).toEqual([how, pages])
      await Promise.all(entries.map((entry, index) => client.ask('SET', entry.key, damage(entry, index + round, entries), 'KEEPTTL')))
      const reader = await joinNode(origin, redis.url)
      const written = reader.stat('tier_written')
      await readAll(reader, all)
      fetched += pages
      expect([how, origin.all, reader.sum('tier_distrust_'), reader.stat('tier_hit')]).toEqual([how, fetched, pages, 0])
      // What was wrong is gone, and what was fetched lies in its place.
      await reader.written(written + pages)
      expect(reader.stat('tier_fault_bug')).toBe(0)
      await reader.server.close()
    }
  }
  const reader = await joinNode(origin, redis.url)
  await readAll(reader, all)
  expect([origin.all, reader.sum('tier_distrust_'), reader.stat('tier_hit')]).toEqual([fetched, 0, pages])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  return fetched - pages
}
