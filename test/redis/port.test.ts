import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aclRule } from '../../src/redis/acl.ts'
import { RedisFailure, type Script } from '../../src/redis/port.ts'
import { openFeed, readyPort } from '../support/redis-link.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let url: string

beforeAll(async () => {
  // As the reference says that it should be: nothing but what the rule allows.
  redis = await startRedis({ acl: [`user node on >a:word@ ${aclRule('clearcoat:')}`, 'user default off'] })
  url = `redis://node:a%3Aword%40@127.0.0.1:${redis.port}`
})
afterAll(() => redis.stop())

const key = (name: string): string => `clearcoat:{${name}}`
const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256))

describe('a port to Redis, as a user with the least rights', () => {
  it('writes bytes with a life and reads them back with what is left of it, in order, in one go', async () => {
    const { port } = await readyPort(url)
    const writings = [
      { key: key('a'), value: binary, life: 60_000.7 },
      { key: `${key('a')}:c`, value: Buffer.from('c'), life: 5000 },
    ]
    await port.write(writings, 'small')
    const [first, none, second] = await port.read([key('a'), `${key('a')}:x`, `${key('a')}:c`], 'small')
    expect(first?.value.equals(binary)).toBe(true)
    expect(first?.left).toBeGreaterThan(55_000)
    expect(first?.left).toBeLessThanOrEqual(60_000)
    expect(none).toBeNull()
    expect(second?.value.toString()).toBe('c')
    expect(second?.left).toBeLessThanOrEqual(5000)
    await port.remove([key('a'), `${key('a')}:c`])
    expect(await port.read([key('a'), `${key('a')}:c`], 'bulk')).toEqual([null, null])
    expect(await port.read([], 'small')).toEqual([])
  })

  it('tells a value that is empty from none, one that never ends, and what is no value at all', async () => {
    const { port } = await readyPort(url)
    await redis.cli('SET', key('empty'), '', 'PX', 60_000)
    await redis.cli('SET', key('endless'), 'e')
    await redis.cli('LPUSH', key('list'), 'l')
    const [empty] = await port.read([key('empty')], 'small')
    expect([empty?.value.length, (empty?.left ?? 0) > 0]).toEqual([0, true])
    expect((await port.read([key('endless')], 'small'))[0]?.left).toBe(Number.POSITIVE_INFINITY)
    expect(await port.read([key('list')], 'small')).toEqual([{ value: Buffer.alloc(0), left: 0 }])
  })

  it('takes no more than a megabyte of what somebody else wrote', async () => {
    const { port } = await readyPort(url)
    await redis.cli('SETRANGE', key('huge'), 100 * 1024 * 1024, 'x')
    const [huge] = await port.read([key('huge')], 'bulk')
    expect(huge?.value.length).toBe(1024 * 1024 + 1)
    await redis.cli('DEL', key('huge'))
  })

  it('runs a script by its digest, and whole where Redis does not have it', async () => {
    const { port } = await readyPort(url)
    const script: Script = {
      name: 'test',
      lua: `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return {1, redis.call('GET', KEYS[1]), false, {KEYS[1]}}`,
    }
    const answer = [1, Buffer.from([0, 255]), null, [Buffer.from(key('s'))]]
    expect(await port.run(script, [key('s')], [Buffer.from([0, 255]), 1000])).toEqual(answer)
    expect(await redis.cli('INFO', 'commandstats')).toContain('cmdstat_eval:calls=1')
    expect(await port.run(script, [key('s')], [Buffer.from([0, 255]), 1000])).toEqual(answer)
    await redis.cli('SCRIPT', 'FLUSH')
    expect(await port.run(script, [key('s')], [Buffer.from([0, 255]), 1000])).toEqual(answer)
    expect(await redis.cli('INFO', 'commandstats')).toContain('cmdstat_eval:calls=2')
  })

  it('refuses as Redis refuses: a script that fails, a key beyond its prefix, a command that is not its', async () => {
    const { port, said } = await readyPort(url)
    const wrong: Script = { name: 'wrong', lua: 'return redis.call("KEYS", "*")' }
    for (const asked of [() => port.run(wrong, [key('a')], []), () => port.read(['other:{a}'], 'small'), () => port.remove(['other'])]) {
      const failure = await asked().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(RedisFailure)
      expect(failure).toMatchObject({ fault: 'refused' })
    }
    expect(port.state).toBe('ready')
    // One line each, however often.
    await expect(port.remove(['other'])).rejects.toThrow('NOPERM')
    expect(said.map(({ fields }) => fields['command'])).toEqual(['wrong', 'getrange', 'unlink'])
    await port.remove([key('a')])
    expect(said.at(-1)).toMatchObject({ level: 'info', fields: { redis: 'takes', command: 'unlink' } })
  })

  it('hears what is said on channels, also after its connection was cut', async () => {
    const { port } = await readyPort(url)
    const heard: string[] = []
    port.subscribe('clearcoat:claims', (message) => heard.push(message))
    port.subscribe('clearcoat:claims', (message) => heard.push(`too ${message}`))
    while (heard.length === 0) await redis.cli('PUBLISH', 'clearcoat:claims', 'one')
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    heard.length = 0
    while (heard.length === 0) await redis.cli('PUBLISH', 'clearcoat:claims', Buffer.from('two ü'))
    expect(heard.slice(0, 2)).toEqual(['two ü', 'too two ü'])
  })
})

describe('a feed, as a user with the least rights', () => {
  it('waits for entries, reads them in order and goes on behind them', async () => {
    const feed = openFeed(url)
    expect(await feed.follow('clearcoat:{log}:s', '0-0', 20, 10)).toEqual([])
    const waiting = feed.follow('clearcoat:{log}:s', '0-0', 5000, 10)
    await redis.cli('XADD', 'clearcoat:{log}:s', '1-1', 'e', Buffer.from([0, 200]))
    expect(await waiting).toEqual([{ id: '1-1', value: Buffer.from([0, 200]) }])
    await redis.cli('XADD', 'clearcoat:{log}:s', '1-2', 'e', 'b')
    await redis.cli('XADD', 'clearcoat:{log}:s', '2-0', 'other', 'c')
    await redis.cli('XADD', 'clearcoat:{log}:s', '2-1', 'e', 'd')
    const rest = await feed.follow('clearcoat:{log}:s', '1-1', 5000, 2)
    expect(rest.map(({ id, value }) => [id, value.toString()])).toEqual([
      ['1-2', 'b'],
      ['2-0', ''],
    ])
    expect((await feed.follow('clearcoat:{log}:s', '2-0', 5000, 2)).map(({ id }) => id)).toEqual(['2-1'])
  })

  it('fails when its connection is cut, connects again, and ends when it is stopped', async () => {
    const feed = openFeed(url)
    await feed.follow('clearcoat:{log}:s', '9-0', 1, 10)
    const cut = expect(feed.follow('clearcoat:{log}:s', '9-0', 5000, 10)).rejects.toMatchObject({ fault: 'lost' })
    await redis.cli('CLIENT', 'KILL', 'USER', 'node')
    await cut
    expect(await feed.follow('clearcoat:{log}:s', '9-0', 1, 10)).toEqual([])
    const waiting = expect(feed.follow('clearcoat:{log}:s', '9-0', 5000, 10)).rejects.toBeInstanceOf(RedisFailure)
    feed.stop()
    await waiting
    await expect(feed.follow('clearcoat:{log}:s', '9-0', 5000, 10)).rejects.toBeInstanceOf(RedisFailure)
  })

  it('refuses a stream that is none', async () => {
    await redis.cli('SET', 'clearcoat:{log}:x', 'text')
    await expect(openFeed(url).follow('clearcoat:{log}:x', '0-0', 10, 10)).rejects.toMatchObject({ fault: 'refused' })
  })
})
