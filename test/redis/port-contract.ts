/** What whoever uses Redis may rely on, of a real server and of the model that simulations run on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RedisFailure, type RedisFeed, type RedisPort, type Script, type StreamEntry } from '../../src/redis/port.ts'
import type { Twin } from '../support/model-twin.ts'

/** A Redis that is empty, and two nodes' doors to it. */
export interface PortUnderTest {
  readonly port: RedisPort
  readonly other: RedisPort
  readonly feed: RedisFeed
  /** Waits for a promise, while time passes. */
  settle<T>(promise: Promise<T>): Promise<T>
  stop(): Promise<void>
}

/** A script, and what the model does in its place. */
export interface Twinned {
  readonly script: Script
  readonly twin: Twin
}

const APPEND: Twinned = {
  script: { name: 'contract-append', lua: "return redis.call('XADD', KEYS[1], ARGV[1], 'e', ARGV[2])" },
  twin: ({ keys }, [stream = ''], [id, value]) => keys.xadd(stream, String(id), ['e', value ?? '']),
}
const TRIM: Twinned = {
  script: { name: 'contract-trim', lua: "redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1]) return 1" },
  twin: ({ keys }, [stream = ''], [most]) => {
    keys.xtrim(stream, Number(most))
    return 1
  },
}
const PUBLISH: Twinned = {
  script: { name: 'contract-publish', lua: "redis.call('GET', KEYS[1]) return redis.call('PUBLISH', ARGV[1], ARGV[2])" },
  twin: (redis, [key = ''], [channel, message]) => {
    redis.keys.get(key)
    return redis.publish(String(channel), String(message))
  },
}
const KINDS: Twinned = {
  script: {
    name: 'contract-kinds',
    lua: "return {1, 'two', false, {redis.call('GET', KEYS[1]), 3.9}, true, redis.call('PTTL', KEYS[1]), nil, 'never'}",
  },
  twin: ({ keys }, [key = '']) => [1, 'two', false, [keys.get(key) ?? false, 3.9], true, keys.pttl(key), null, 'never'],
}
const CLAIM: Twinned = {
  script: {
    name: 'contract-claim',
    lua: "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end return redis.call('GET', KEYS[1])",
  },
  twin: ({ keys }, [key = ''], [value, px]) => (keys.setAbsent(key, value ?? '', Number(px)) ? 1 : keys.get(key)),
}
const COUNT: Twinned = {
  script: { name: 'contract-count', lua: "return redis.call('HINCRBY', KEYS[1], 'f', 1)" },
  twin: ({ keys }, [key = '']) => {
    const count = Number(keys.hget(key, 'f') ?? 0) + 1
    keys.hset(key, 'f', count)
    return count
  },
}

/** Those that the contract itself uses. */
export const CONTRACT_TWINS: ReadonlyMap<string, Twin> = new Map(
  [APPEND, TRIM, PUBLISH, KINDS, CLAIM, COUNT].map(({ script, twin }) => [script.name, twin]),
)

const bytes = (text: string): Buffer => Buffer.from(text)

export function portContract(name: string, open: () => Promise<PortUnderTest>): void {
  describe(`a door to ${name}`, () => {
    let under: PortUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.stop())

    const read = async (...keys: string[]): Promise<(string | null)[]> =>
      (await under.settle(under.port.read(keys, 'small'))).map((stored) => stored?.value.toString() ?? null)
    const run = (twinned: Twinned, keys: string[], ...args: (string | number | Buffer)[]): Promise<unknown> =>
      under.settle(under.port.run(twinned.script, keys, args))
    const follow = (after: string, wait: number, count: number = 10): Promise<readonly StreamEntry[]> =>
      under.settle(under.feed.follow('c:{a}:s', after, wait, count))
    const fault = (promise: Promise<unknown>): Promise<unknown> =>
      under.settle(
        promise.then(
          () => 'no failure',
          (error: unknown) => (error instanceof RedisFailure ? error.fault : error),
        ),
      )

    test('reads what was written in the order of the keys, and nothing where nothing is', async () => {
      await under.settle(
        under.port.write(
          [
            { key: 'c:{a}', value: bytes('one'), life: 10_000 },
            { key: 'c:{a}:v', value: bytes('two'), life: 10_000 },
          ],
          'small',
        ),
      )
      expect(await read('c:{a}:v', 'c:{a}:none', 'c:{a}')).toEqual(['two', null, 'one'])
      const others = await under.settle(under.other.read(['c:{a}'], 'bulk'))
      expect(others.map((stored) => stored?.value.toString())).toEqual(['one'])
    })

    test('keeps bytes as they are', async () => {
      const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      await under.settle(under.port.write([{ key: 'c:{a}', value, life: 10_000 }], 'bulk'))
      const [stored] = await under.settle(under.port.read(['c:{a}'], 'bulk'))
      expect(stored?.value.equals(value)).toBe(true)
    })

    test('the last write of a key counts, with its life', async () => {
      await under.settle(
        under.port.write(
          [
            { key: 'c:{a}', value: bytes('old'), life: 60_000 },
            { key: 'c:{a}', value: bytes('new'), life: 10_000 },
          ],
          'small',
        ),
      )
      const [stored] = await under.settle(under.port.read(['c:{a}'], 'small'))
      expect(stored?.value.toString()).toBe('new')
      expect(stored?.left).toBeGreaterThan(5000)
      expect(stored?.left).toBeLessThanOrEqual(10_000)
    })

    test('a value is gone when its life is over', async () => {
      await under.settle(under.port.write([{ key: 'c:{a}', value: bytes('short'), life: 20 }], 'small'))
      let last = Number.POSITIVE_INFINITY
      for (;;) {
        const [stored] = await under.settle(under.port.read(['c:{a}'], 'small'))
        if (stored === null || stored === undefined) break
        expect(stored.left).toBeLessThanOrEqual(Math.min(last, 20))
        last = stored.left
      }
      expect(await read('c:{a}')).toEqual([null])
    })

    test('removes what is there, and does not mind what is not', async () => {
      await under.settle(under.port.write([{ key: 'c:{a}', value: bytes('one'), life: 10_000 }], 'small'))
      await under.settle(under.port.remove(['c:{a}:none', 'c:{a}']))
      expect(await read('c:{a}')).toEqual([null])
    })

    test('answers of scripts keep their kinds', async () => {
      expect(await run(KINDS, ['c:{a}'])).toEqual([1, bytes('two'), null, [null, 3], 1, -2])
      await under.settle(under.port.write([{ key: 'c:{a}', value: bytes('x'), life: 10_000 }], 'small'))
      expect(await run(KINDS, ['c:{a}'])).toEqual([1, bytes('two'), null, [bytes('x'), 3], 1, expect.closeTo(9900, -3)])
    })

    test('a claim is one owner’s until its time is over', async () => {
      expect(await run(CLAIM, ['c:{a}:l'], 'me', 30)).toBe(1)
      let owner: unknown = bytes('me')
      while (owner !== 1) {
        expect(owner).toEqual(bytes('me'))
        owner = await run(CLAIM, ['c:{a}:l'], 'you', 10_000)
      }
      expect(await read('c:{a}:l')).toEqual(['you'])
    })

    test('what a server refuses is told as refused, and others are served', async () => {
      await run(COUNT, ['c:{a}:h'])
      expect(await fault(under.port.run(CLAIM.script, ['c:{a}:h'], ['me', 0]))).toBe('refused')
      expect(await fault(under.port.run(APPEND.script, ['c:{a}:h'], ['1-1', 'x']))).toBe('refused')
      expect(await run(COUNT, ['c:{a}:h'])).toBe(2)
    })

    test('calls on one connection are carried out in their order', async () => {
      const calls = Array.from({ length: 50 }, () => under.port.run(COUNT.script, ['c:{a}:h'], []))
      expect(await under.settle(Promise.all(calls))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    })

    test('ids of a stream go up within a generation, begin anew in the next, and never go back', async () => {
      const ids = []
      for (const id of ['1-*', '1-*', '3-*', '3-*', '7-9', '7-*']) ids.push(String(await run(APPEND, ['c:{a}:s'], id, 'x')))
      expect(ids).toEqual(['1-0', '1-1', '3-0', '3-1', '7-9', '7-10'])
      expect(await fault(under.port.run(APPEND.script, ['c:{a}:s'], ['7-10', 'x']))).toBe('refused')
      expect(await fault(under.port.run(APPEND.script, ['c:{a}:s'], ['6-*', 'x']))).toBe('refused')
    })

    test('follows a stream from any place, in order, so many at a time', async () => {
      for (let i = 0; i < 5; i++) await run(APPEND, ['c:{a}:s'], '1-*', `entry ${i}`)
      const entries = await follow('1-1', 100, 2)
      expect(entries.map(({ id, value }) => [id, value.toString()])).toEqual([
        ['1-2', 'entry 2'],
        ['1-3', 'entry 3'],
      ])
      expect((await follow('0-0', 100)).length).toBe(5)
    })

    test('what was trimmed is not followed any more', async () => {
      for (let i = 0; i < 5; i++) await run(APPEND, ['c:{a}:s'], '1-*', `entry ${i}`)
      await run(TRIM, ['c:{a}:s'], 2)
      expect((await follow('1-0', 100)).map(({ id }) => id)).toEqual(['1-3', '1-4'])
    })

    test('answers nothing when nothing comes for the time that it waits', async () => {
      expect(await follow('0-0', 30)).toEqual([])
      await run(APPEND, ['c:{a}:s'], '1-*', 'x')
      expect(await follow('1-0', 30)).toEqual([])
    })

    test('a wait ends as soon as something is appended, also to a stream that was not there', async () => {
      const waiting = under.feed.follow('c:{a}:s', '0-0', 10_000, 10)
      await run(APPEND, ['c:{a}:s'], '1-*', 'first')
      expect((await under.settle(waiting)).map(({ value }) => value.toString())).toEqual(['first'])
      const again = under.feed.follow('c:{a}:s', '1-0', 10_000, 10)
      await run(APPEND, ['c:{a}:s'], '1-*', 'second')
      expect((await under.settle(again)).map(({ value }) => value.toString())).toEqual(['second'])
    })

    test('all who subscribed hear a channel, in order, and no other one', async () => {
      const heard: string[] = []
      const others: string[] = []
      under.port.subscribe('claims', (message) => heard.push(message))
      under.port.subscribe('else', (message) => heard.push(`else ${message}`))
      under.other.subscribe('claims', (message) => others.push(message))
      // Until a subscription is there nobody is told how many hear.
      while ((await run(PUBLISH, ['c:{a}'], 'claims', 'begin')) !== 2);
      while ((await run(PUBLISH, ['c:{a}'], 'else', 'begin')) === 0);
      for (const message of ['one', 'two', 'three']) await run(PUBLISH, ['c:{a}'], 'claims', message)
      await run(PUBLISH, ['c:{a}'], 'neither', 'x')
      while (!heard.includes('three') || !others.includes('three')) await read('c:{a}')
      expect(heard.filter((message) => !message.includes('begin'))).toEqual(['one', 'two', 'three'])
      expect(others.filter((message) => !message.includes('begin'))).toEqual(['one', 'two', 'three'])
      expect(heard).toContain('else begin')
    })

    test('is not asked any more when it has been stopped', async () => {
      under.port.stop()
      expect(await fault(under.port.read(['c:{a}'], 'small'))).toBe('away')
      under.feed.stop()
      expect(await fault(under.feed.follow('c:{a}:s', '0-0', 10, 10))).toMatch(/^(?:away|lost)$/)
      under.other.stop()
    })
  })
}
