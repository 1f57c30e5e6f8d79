/** The scripts run on a real server, their twins on the model: in random sequences of calls they answer the same and leave the same behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markOf } from '../../src/invalidation/fleet-entry.ts'
import { APPEND, BEAT, NO_ID, NO_MARK, RAISE, SNAPSHOT } from '../../src/invalidation/fleet-scripts.ts'
import type { Script } from '../../src/redis/port.ts'
import { INDEX_KIND, KIND_AT } from '../../src/storage/frame.ts'
import { CLAIM, KEEP, NOW, RELEASE, RENEW } from '../../src/storage/redis-scripts.ts'
import { Random } from '../long/random.ts'
import { Keyspace } from '../support/model-keyspace.ts'
import { TWINS } from '../support/model-scripts.ts'
import type { Answer } from '../support/model-twin.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import type { RespReply } from '../support/resp-client.ts'

const RUNS = 40
const CALLS = 40

describe('the twins of scripts', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  /** The same call of a script at both. */
  async function both({ name, lua }: Script, keyspace: Keyspace, keys: string[], args: (string | number | Buffer)[]): Promise<Answer> {
    const twin = TWINS.get(name)
    if (twin === undefined) throw new Error(`the model has no twin of ${name}`)
    const published: string[] = []
    const publish = (channel: string, message: string): number => {
      published.push(`${channel} ${message}`)
      return 0
    }
    const answer = twin(
      { keys: keyspace, publish },
      keys,
      args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)),
    )
    const real = await server.cli('EVAL', lua, keys.length, ...keys, ...args)
    expect(timeless(plain(answer))).toEqual(timeless(real))
    return answer
  }

  async function compare(keyspace: Keyspace): Promise<void> {
    const keys = (await server.cli('KEYS', '*')) as string[]
    expect([...keyspace.keys].sort()).toEqual([...keys].sort())
    for (const key of keys) expect(timeless(held(keyspace, key))).toEqual(timeless(await heldBy(server, key)))
  }

  test('of the log append, beat, raise and keep snapshots as they do', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = new Random(seed)
      await server.cli('FLUSHALL')
      const keyspace = new Keyspace(() => Date.now())
      // What nodes know, some of it of logs that are no more.
      const known: { id: string; mark: string }[] = [{ id: NO_ID, mark: NO_MARK }]
      const note = (): void => {
        for (const { id, fields } of keyspace.xrange('s', '-', '+')) known.push({ id, mark: markOf(fields[1] as Buffer) })
      }
      for (let call = 0; call < CALLS; call++) {
        const { id, mark } = random.once(3) ? random.of(known) : (known.at(-1) as { id: string; mark: string })
        switch (random.below(8)) {
          case 0:
          case 1:
          case 2: {
            const entries = random.many(1, 3, () => Buffer.from(`entry ${random.below(1000)} \xff`, 'latin1'))
            const most = random.once(4) ? 100 : 10_000
            const ids = await both(APPEND, keyspace, ['s'], [most, id, mark, ...entries])
            outcomes.add((ids as unknown[]).length === 0 ? 'append refused' : 'appended')
            note()
            break
          }
          case 3:
            await both(BEAT, keyspace, ['s', 'n'], [random.of(['a', 'b', 'c']), `name ${call}`, id, mark, random.once(6) ? -1 : 1e9])
            break
          case 4: {
            const path = random.many(0, 3, () => random.of(known)).flatMap((one) => [one.id, one.mark, 'generation'])
            const generation = Number(id.split('-')[0])
            const found = await both(
              RAISE,
              keyspace,
              ['s'],
              [10_000, generation, id, mark, 'generation', ...path, NO_ID, NO_MARK, 'generation'],
            )
            outcomes.add(found === 0 ? 'too late to raise' : found === 1 ? 'nothing to raise' : 'raised')
            note()
            break
          }
          case 5: {
            const position = String(random.below(50)).padStart(16, '0')
            const kept = await both(SNAPSHOT, keyspace, ['snap'], [position, `${position} of ${call}`, 60_000])
            outcomes.add(kept === 1 ? 'snapshot kept' : 'snapshot is old')
            break
          }
          case 6: {
            // The end of the log is lost, as by a failover.
            if (!random.once(3)) break
            const newest = keyspace.xnewest('s', 1 + random.below(3))
            const left = keyspace.xrange('s', '-', '+').slice(0, -newest.length || undefined)
            keyspace.del('s')
            await server.cli('DEL', 's')
            for (const item of left) {
              keyspace.xadd('s', item.id, item.fields)
              await server.cli('XADD', 's', item.id, ...item.fields)
            }
            break
          }
          default: {
            if (!random.once(4)) break
            const most = random.below(4)
            keyspace.xtrim('s', most)
            await server.cli('XTRIM', 's', 'MAXLEN', most)
          }
        }
      }
      await compare(keyspace)
    }
    expect([...outcomes].sort()).toEqual([
      'append refused',
      'appended',
      'nothing to raise',
      'raised',
      'snapshot is old',
      'snapshot kept',
      'too late to raise',
    ])
  })

  test('of the tier claim, renew, release and keep as they do', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = new Random(seed)
      await server.cli('FLUSHALL')
      const keyspace = new Keyspace(() => Date.now())
      const seals = ['', ...['a', 'b'].map((letter) => letter.repeat(16))]
      const frameOf = (index: boolean): Buffer => {
        const frame = Buffer.alloc(60, 255)
        frame[KIND_AT] = index ? INDEX_KIND : INDEX_KIND + 1
        frame.write(random.of(seals.slice(1)), 44, 'latin1')
        return frame
      }
      for (let call = 0; call < CALLS; call++) {
        const object = random.of(['o1', 'o2'])
        const lock = `${object}:l`
        const owner = random.of(['me:1', 'me:2', 'you:1'])
        switch (random.below(6)) {
          case 0:
          case 1: {
            const [got, changed] = (await both(CLAIM, keyspace, [object, lock], [owner, 60_000, random.of(seals)])) as number[]
            outcomes.add(`${got === 1 ? 'claimed' : 'waits'}${changed === 1 ? ', changed' : ''}`)
            break
          }
          case 2:
            outcomes.add((await both(RENEW, keyspace, [lock], [owner, 90_000])) === 1 ? 'renewed' : 'not renewed')
            break
          case 3:
            outcomes.add((await both(RELEASE, keyspace, [lock], [owner, 'channel', `${lock} again`])) === 1 ? 'released' : 'not released')
            break
          case 4:
            await both(NOW, keyspace, [object], [])
            break
          default: {
            // What should have ended is not there when it has been written.
            const until = Date.now() + (random.once(5) ? -1000 : 60_000)
            const mode = random.of(['set', 'refuse'])
            const by = random.once(3) ? '' : owner
            const kept = await both(KEEP, keyspace, [object, lock], [frameOf(random.once(2)), until, mode, by, 'channel', `${lock} kept`])
            outcomes.add(kept === 1 ? 'kept' : 'an index stays')
          }
        }
      }
      await compare(keyspace)
    }
    expect([...outcomes].sort()).toEqual([
      'an index stays',
      'claimed',
      'claimed, changed',
      'kept',
      'not released',
      'not renewed',
      'released',
      'renewed',
      'waits',
      'waits, changed',
    ])
  })
})

/** A model's answer as `RespClient` tells one. */
function plain(answer: Answer): RespReply {
  if (Buffer.isBuffer(answer)) return answer.toString('latin1')
  if (Array.isArray(answer)) {
    const end = (answer as readonly Answer[]).indexOf(null)
    return (answer as readonly Answer[]).slice(0, end < 0 ? undefined : end).map(plain)
  }
  if (typeof answer === 'boolean') return answer ? 1 : null
  return typeof answer === 'number' ? Math.trunc(answer) : (answer as string | null)
}

/** Moments of Redis's clock are not the same. */
function timeless(reply: RespReply): RespReply {
  if (typeof reply === 'string') return reply.replace(/\b1[789]\d{11}\b/g, 'TIME')
  if (typeof reply === 'number') return reply > 1_700_000_000_000 ? 'TIME' : reply
  return reply === null ? null : reply.map(timeless)
}

function held(keyspace: Keyspace, key: string): RespReply {
  if (keyspace.kind(key) === 'stream') return keyspace.xrange(key, '-', '+').map(({ id, fields }) => [id, fields.map(plain)])
  if (keyspace.kind(key) === 'hash') return keyspace.hgetall(key).flatMap(([field, value]) => [field, plain(value)])
  return plain(keyspace.get(key))
}

async function heldBy(server: RedisServer, key: string): Promise<RespReply> {
  const kind = await server.cli('TYPE', key)
  if (kind === 'stream') return server.cli('XRANGE', key, '-', '+')
  return kind === 'hash' ? server.cli('HGETALL', key) : server.cli('GET', key)
}
