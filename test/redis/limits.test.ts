/** Limits of three nodes over a real Redis: the script of a round, the channel, and the threads that take. */
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type BucketMemory, Buckets, bucketRule } from '../../src/policy/services/buckets.ts'
import { LIMIT_LEAVE, LIMIT_ROUND } from '../../src/policy/services/limit-script.ts'
import { LimitSync, sharedLimits } from '../../src/policy/services/redis-limits.ts'
import { aclRule } from '../../src/redis/acl.ts'
import type { RedisPort, Reply } from '../../src/redis/port.ts'
import { Seal } from '../../src/redis/seal.ts'
import { openPort, standing } from '../support/redis-link.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis({ acl: [`user node on >password ${aclRule('limits:')}`] })
})
afterAll(() => server.stop())

const seal = new Seal('a secret of this fleet', 'limits:')
const now = (): bigint => BigInt(Math.round(performance.now() * 1e6))

/** Of a user who may do no more than is said. */
async function standingPort(): Promise<RedisPort> {
  const { port } = openPort(`redis://node:password@127.0.0.1:${server.port}`, { deadline: 1 })
  await standing(port, 'limits:{standing}')
  return port
}

interface Node {
  readonly memory: BucketMemory
  readonly buckets: Buckets
  readonly sync: LimitSync
  readonly logged: string[]
}

async function withNodes(count: number, use: (nodes: readonly Node[]) => Promise<void>): Promise<void> {
  const ports = await Promise.all(Array.from({ length: count }, () => standingPort()))
  const nodes = ports.map((port): Node => {
    const memory = sharedLimits(seal)
    const logged: string[] = []
    const say = (fields: object, text: string): void => void logged.push(`${text} ${JSON.stringify(fields)}`)
    const log = { info: say, warn: say, error: say }
    const buckets = new Buckets(memory)
    const sync = new LimitSync({ memory, port, seal, prefix: 'limits:', clock: systemClock, log })
    buckets.fleet?.declare()
    sync.start()
    return { memory, buckets, sync, logged }
  })
  try {
    await until(() => nodes.every(({ sync }) => sync.nodes === count))
    await use(nodes)
  } finally {
    await Promise.all(nodes.map(({ sync }) => sync.stop()))
  }
}

describe('limits over Redis', () => {
  it('hold across nodes within a fifth, whichever of them is asked', async () => {
    await withNodes(3, async (nodes) => {
      const rule = bucketRule(300, 1, 0)
      let [passed, debt, last, worst] = [0, 0, now(), 0]
      const ask = (node: Node, times: number): void => {
        for (let i = 0; i < times; i++) {
          if (!node.buckets.take('a', rule, now())) continue
          const at = now()
          debt = Math.max(0, debt - Number(at - last) / Number(rule.step)) + 1
          last = at
          worst = Math.max(worst, debt)
          passed++
        }
      }
      // At once on all, then on one alone, then evenly; one bucket has 300 tokens, and 300 a second.
      const begin = now()
      for (const node of nodes) ask(node, 400)
      while (now() - begin < 500_000_000n) {
        ask(nodes[0]!, 5)
        await new Promise((resolve) => setImmediate(resolve))
      }
      while (now() - begin < 1_000_000_000n) {
        for (const node of nodes) ask(node, 5)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(worst).toBeLessThanOrEqual(360.01)
      const one = 300 + (300 * Number(now() - begin)) / 1e9
      expect(passed).toBeLessThanOrEqual(one + 60)
      expect(passed).toBeGreaterThan(one * 0.8)
    })
  })

  it('give a node that is asked alone the whole limit soon, also when another thread of it takes', async () => {
    await withNodes(3, async (nodes) => {
      const source = new URL('../../src/policy/services/buckets.ts', import.meta.url).href
      const code = `
        const { parentPort, workerData } = require('node:worker_threads')
        import(${JSON.stringify(source)}).then(({ Buckets, bucketRule }) => {
          const buckets = new Buckets(workerData.memory)
          const rule = bucketRule(100, 3600, 0)
          let passed = 0
          const ask = () => {
            for (let i = 0; i < 200; i++) if (buckets.take('thread', rule, BigInt(workerData.now))) passed++
            if (passed < 100) setImmediate(ask)
            else parentPort.postMessage(passed)
          }
          ask()
        })`
      const worker = new Worker(code, { eval: true, workerData: { memory: nodes[1]!.memory, now: String(now()) } })
      const passed = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      expect(passed).toBe(100)
      await until(() => nodes.every(({ buckets }) => buckets.remaining('thread', bucketRule(100, 3600, 0), now()) === 0))
      await worker.terminate()
    })
  })

  it('lie in one slot under the prefix, bounded, and go when nobody needs them', async () => {
    await withNodes(2, async (nodes) => {
      nodes[0]!.buckets.take('b', bucketRule(10, 60, 0), now())
      await until(() => nodes[1]!.buckets.remaining('b', bucketRule(10, 60, 0), now()) === 9)
      const keys = (await server.cli('KEYS', '*')) as string[]
      expect(keys.sort()).toEqual([expect.stringMatching(/^limits:\{[\w-]{22}\}:n$/), expect.stringMatching(/^limits:\{[\w-]{22}\}:r$/)])
      expect(new Set(keys.map((key) => key.slice(0, -2))).size).toBe(1)
      for (const key of keys) expect(await server.cli('PTTL', key)).toBeGreaterThan(500_000)
      expect(await server.cli('HLEN', keys[0]!)).toBe(2)
    })
    expect(await server.cli('EXISTS', ...((await server.cli('KEYS', '*:n')) as string[]), 'none')).toBe(0)
  })

  it('are told by a script that reports once, reads on from where a node was, and knows who is gone', async () => {
    const port = await standingPort()
    const keys = ['limits:{script}:r', 'limits:{script}:n']
    const round = async (node: string, cursor: string, number: number, report: string, patience = 60_000): Promise<string[]> => {
      const reply = (await port.run(LIMIT_ROUND, keys, [node, cursor, number, report, '', patience])) as readonly Reply[]
      return reply.map(String)
    }
    const [live, read, own, cursor] = await round('one', '0-0', 1, 'first')
    expect([live, read, cursor]).toEqual(['1', '', own])
    // Asked again, because its answer was lost.
    expect((await round('one', '0-0', 1, 'first')).slice(0, 3)).toEqual(['1', '', own])
    expect(await server.cli('XLEN', keys[0]!)).toBe(1)

    const other = await round('other', '0-0', 1, 'second')
    expect(other.slice(0, 2)).toEqual(['2', '0-0'])
    expect(other.slice(5)).toEqual(['0', own, 'first'])
    // It is known to have counted in what it had when it asked, not what it was answered.
    expect((await round('one', own!, 1, '')).slice(1, 2)).toEqual(['0-0'])
    expect((await round('other', other[3]!, 1, '')).slice(1, 2)).toEqual([own])
    const last = await round('one', own!, 1, '')
    expect(last[1]).toBe(other[3])
    expect(last.slice(6)).toEqual([other[2], 'second'])

    // Behind the end, as after a failover that lost some: from the end on.
    expect((await round('one', '9999999999999-0', 1, ''))[3]).toBe(other[2])
    expect((await round('one', '$', 1, '')).slice(6)).toEqual([])
    for (let number = 2; number < 300; number++) await round('other', '$', number, 'more')
    const much = await round('one', last[3]!, 1, '')
    expect([much[5], much.length]).toEqual(['1', 6 + 400])
    expect((await round('one', much[3]!, 1, '')).length).toBe(6 + 2 * 98)

    await server.cli('HSET', keys[1]!, 'other', '1000 0-0 1 0-0')
    expect((await round('one', '$', 1, '')).slice(0, 2)).toEqual(['1', ''])
    await server.cli('HSET', keys[1]!, 'odd', 'what is this')
    expect((await round('one', '$', 1, '')).slice(0, 2)).toEqual(['1', ''])
    await port.run(LIMIT_LEAVE, [keys[1]!], ['one'])
    expect(await server.cli('HLEN', keys[1]!)).toBe(0)
    await server.cli('DEL', ...keys)
  })

  it('are counted by each node alone while Redis is away, and together when it is back empty', async () => {
    await withNodes(2, async (nodes) => {
      await server.kill()
      const rule = bucketRule(100, 3600, 0)
      await until(() => nodes.every(({ sync }) => sync.nodes === 1))
      const passed = nodes.map(({ buckets }) => Array.from({ length: 200 }).filter(() => buckets.take('away', rule, now())).length)
      expect(passed).toEqual([100, 100])
      await server.restart()
      await until(() => nodes.every(({ sync }) => sync.nodes === 2))
      nodes[0]!.buckets.take('back', rule, now())
      await until(() => nodes[1]!.buckets.remaining('back', rule, now()) === 99)
      expect(nodes[0]!.logged).toEqual([
        expect.stringMatching(/^limits are counted by each node alone until Redis answers/),
        expect.stringMatching(/^limits are counted together with the other nodes again/),
      ])
    })
  })
})
