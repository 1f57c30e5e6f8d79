/** Reads all that lies in a Redis, as whoever gets hold of it could, and as who knows the secret can. */

import { StoredBody } from '../../src/object/stored-body.ts'
import { Seal } from '../../src/redis/seal.ts'
import { openFrame } from '../../src/storage/frame.ts'
import { unkeepable } from '../../src/storage/keepable.ts'
import { objectOf, readObject } from '../../src/storage/object-frame.ts'
import { readRefusal } from '../../src/storage/refusal-frame.ts'
import type { RespClient, RespReply } from './resp-client.ts'

export interface Scanned {
  readonly objects: number
  readonly refusals: number
  readonly others: number
  /** What should not be there: key, and why. */
  readonly wrong: readonly string[]
}

export interface ScanOptions {
  readonly secret: string | null
  readonly prefix: string
  /** What personal answers carry in their bytes. */
  readonly marks: readonly string[]
}

/** All keys, or those of a pattern. */
export async function keysOf(client: RespClient, pattern: string = '*'): Promise<readonly string[]> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const [next, found] = (await client.ask('SCAN', cursor, 'COUNT', 10_000, 'MATCH', pattern)) as [string, string[]]
    for (const key of found) keys.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...keys]
}

const READS: Readonly<Record<string, readonly string[]>> = {
  string: ['GET'],
  hash: ['HGETALL'],
  stream: ['XRANGE', '-', '+'],
  list: ['LRANGE', '0', '-1'],
  set: ['SMEMBERS'],
}

export async function scanRedis(client: RespClient, { secret, prefix, marks }: ScanOptions): Promise<Scanned> {
  const seal = new Seal(secret, prefix)
  const wrong: string[] = []
  const counts = { objects: 0, refusals: 0, others: 0 }
  for (const key of await keysOf(client, `${prefix}*`)) {
    const type = String(await client.ask('TYPE', key))
    const [command = 'DUMP', ...args] = READS[type] ?? []
    const value = flat(await client.ask(command, key, ...args).catch(() => null))
    for (const mark of marks) if (value.includes(mark) || key.includes(mark)) wrong.push(`${key}: ${mark} lies in its bytes`)
    if (type !== 'string' || !key.startsWith(`${prefix}{`)) {
      counts.others++
      continue
    }
    const frame = openFrame(seal, key, Buffer.from(value, 'latin1'))
    if (typeof frame === 'string') counts.others++
    else if (frame.kind === 'object') {
      counts.objects++
      const told = readObject(frame.told)
      const object = objectOf(told, 0, 0, told.body ?? Buffer.alloc(0))
      const why = unkeepable(object, told.names, Number.POSITIVE_INFINITY)
      if (why !== null) wrong.push(`${key}: ${why} ${told.key}`)
      // What is compressed shows nothing in its bytes.
      const body = object.body instanceof StoredBody ? Buffer.concat(object.body.segments).toString('latin1') : ''
      for (const mark of marks) if (body.includes(mark)) wrong.push(`${key}: ${mark} lies in its body`)
    } else if (frame.kind === 'refusal') {
      counts.refusals++
      readRefusal(frame.told)
    } else counts.others++
  }
  return { ...counts, wrong }
}

function flat(reply: RespReply): string {
  return Array.isArray(reply) ? reply.map((part: RespReply) => flat(part)).join(' ') : String(reply ?? '')
}
