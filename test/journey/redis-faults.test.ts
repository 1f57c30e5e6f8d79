/**
 * Eight kinds of faults between a node and Redis, in both directions, upon what lies in memory, what lies in Redis, what is stale and what is
 * missing (HARDENING 272, 331): what the client gets is pinned, always whole and right, and soon; afterwards the tier works again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Server } from '../../src/index.ts'
import { type Direction, type Fault, FaultBox } from '../support/fault-box.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { pattern, type RedisNode, startNode, WARMING } from './redis-rig.ts'
import { reply } from './site.ts'

const LENGTH = 600
/** Milliseconds. Nothing may take much longer than what Redis has to answer in. */
const DEADLINE = 100
const SOON = 15 * DEADLINE
/** Of nodes between which and Redis all arrives, if slowly. */
const PATIENT = 1000
/** Pages that are asked for until one comes from Redis; a busy machine may be late once. */
const AFTER = 5

type Kind = Fault['kind']
type Scene = 'memory' | 'redis' | 'stale' | 'missing'
type Outcome = 'HIT' | 'HIT of Redis' | 'MISS'

/** The fault, and what becomes of what lies in Redis; all else is the same with every fault. */
const FAULTS: Readonly<Record<Kind, { readonly fault: Fault; readonly redis: Readonly<Record<Direction, Outcome>> }>> = {
  latency: { fault: { kind: 'latency', ms: 200 }, redis: { to: 'MISS', from: 'MISS' } },
  down: { fault: { kind: 'down' }, redis: { to: 'MISS', from: 'MISS' } },
  bandwidth: { fault: { kind: 'bandwidth', rate: 20 }, redis: { to: 'MISS', from: 'MISS' } },
  'slow close': { fault: { kind: 'slow close', ms: 10_000 }, redis: { to: 'HIT of Redis', from: 'HIT of Redis' } },
  'black hole': { fault: { kind: 'black hole' }, redis: { to: 'MISS', from: 'MISS' } },
  // In the middle of the first question, or of what is answered to it.
  reset: { fault: { kind: 'reset', after: 50 }, redis: { to: 'MISS', from: 'MISS' } },
  slicer: { fault: { kind: 'slicer' }, redis: { to: 'HIT of Redis', from: 'HIT of Redis' } },
  cut: { fault: { kind: 'cut', after: 50 }, redis: { to: 'MISS', from: 'MISS' } },
}

const KINDS = Object.keys(FAULTS) as Kind[]
const DIRECTIONS: readonly Direction[] = ['to', 'from']

interface Cell {
  readonly name: string
  readonly node: RedisNode
  readonly box: FaultBox
}

let redis: RedisServer
let origin: ScriptedOrigin
let writer: RedisNode
const clock = new ManualClock()
const cells = new Map<string, Cell>()
const servers: Server[] = []
let ticking: NodeJS.Timeout

/** Whether all arrives, if slowly. */
const works = (kind: Kind): boolean => kind === 'slow close' || kind === 'slicer'
const cellOf = (kind: Kind, direction: Direction): Cell => cells.get(`${kind} ${direction}`) as Cell
const path = (name: string, scene: Scene | `after${number}`): string => `/${encodeURIComponent(name)}/${scene}`

beforeAll(async () => {
  redis = await startRedis()
  const seen = new Set<string>()
  origin = await ScriptedOrigin.start(({ url }, response) => {
    if (url.startsWith(WARMING)) return reply(response, 200, { 'Cache-Control': 'max-age=1' }, 'warming')
    const again = seen.has(url)
    seen.add(url)
    const control = url.endsWith('/stale') && !again ? 'max-age=1, stale-if-error=600, stale-while-revalidate=0' : 'max-age=600'
    return reply(response, 200, { 'Cache-Control': control }, pattern(`${url} ${again ? 'new' : 'old'}`, LENGTH))
  })
  const start = async (url: string, deadline: number): Promise<RedisNode> => {
    const node = await startNode(origin, url, { redis: { deadline: deadline / 1000 } })
    servers.push(node.server)
    return node
  }
  // Time passes in the boxes as it does outside.
  let last = performance.now()
  ticking = setInterval(() => {
    const now = performance.now()
    clock.advance(Math.floor(now - last))
    last += Math.floor(now - last)
  }, 5)
  writer = await start(redis.url, 1000)
  await writer.sharing()
  await Promise.all(
    KINDS.flatMap((kind) =>
      DIRECTIONS.map(async (direction) => {
        const box = await FaultBox.start()
        box.lead(redis.port, clock)
        const node = await start(`redis://127.0.0.1:${box.port}`, works(kind) ? PATIENT : DEADLINE)
        await node.sharing()
        const name = `${kind} ${direction}`
        cells.set(name, { name, node, box })
        await writer.get(path(name, 'redis'))
        expect((await node.get(path(name, 'memory'))).get('x-cache')).toBe('MISS')
        expect((await node.get(path(name, 'stale'))).get('x-cache')).toBe('MISS')
      }),
    ),
  )
  await writer.written(KINDS.length * 2)
  // What is kept for one second is stale.
  await new Promise((resolve) => setTimeout(resolve, 1200))
})

afterAll(async () => {
  clearInterval(ticking)
  await Promise.all(servers.map((server) => server.close()))
  await Promise.all([...cells.values()].map(({ box }) => box.close()))
  await origin.close()
  await redis.stop()
})

/** What a client gets, which has to be right and in time. */
async function outcomeOf({ name, node }: Cell, scene: Scene): Promise<Outcome> {
  const began = performance.now()
  const answer = await node.get(path(name, scene))
  expect(performance.now() - began).toBeLessThan(SOON)
  expect(answer.status).toBe(200)
  const age = scene === 'stale' || (scene === 'redis' && answer.get('x-cache') === 'MISS') ? 'new' : 'old'
  expect(answer.body.toString()).toBe(pattern(`${path(name, scene)} ${age}`, LENGTH))
  if (answer.get('x-cache') === 'MISS') return 'MISS'
  return answer.get('cache-status')?.endsWith('tier=redis') === true ? 'HIT of Redis' : 'HIT'
}

describe.each(KINDS)('%s', (kind) => {
  it.each(DIRECTIONS)('%s Redis', async (direction) => {
    const cell = cellOf(kind, direction)
    const { fault, redis: expected } = FAULTS[kind]
    await cell.box.set(direction, fault)
    const asked = cell.node.stat('tier_hit') + cell.node.stat('tier_miss')
    expect(await outcomeOf(cell, 'memory')).toBe('HIT')
    // Redis is not asked for what is in memory.
    expect(cell.node.stat('tier_hit') + cell.node.stat('tier_miss')).toBe(asked)
    const outcomes: Partial<Record<Scene, Outcome>> = {}
    for (const scene of ['redis', 'stale', 'missing', 'memory'] as const) outcomes[scene] = await outcomeOf(cell, scene)
    expect(outcomes).toEqual({ redis: expected[direction], stale: 'MISS', missing: 'MISS', memory: 'HIT' })
    // What was asked for in vain is in memory now.
    for (const scene of ['redis', 'stale', 'missing'] as const)
      expect((await cell.node.get(path(cell.name, scene))).get('x-cache')).toBe('HIT')
    await cell.box.set(direction, null)
  })
})

it('shares again within five seconds when the faults are over', async () => {
  const began = performance.now()
  const pages = Array.from({ length: AFTER }, (_, index) => `after${index}` as const)
  await Promise.all([...cells.values()].flatMap(({ name }) => pages.map((page) => writer.get(path(name, page)))))
  await Promise.all(
    [...cells.values()].map(async ({ node, name }) => {
      await node.sharing()
      const statuses: (string | undefined)[] = []
      for (const page of pages) {
        const answer = await node.get(path(name, page))
        expect(answer.body.toString()).toMatch(/ (old|new):0;/)
        statuses.push(answer.get('cache-status'))
      }
      expect([name, ...statuses].join()).toMatch(/; tier=redis/)
    }),
  )
  expect(performance.now() - began).toBeLessThan(5000)
  await until(() => writer.stat('fleet_nodes') === cells.size + 1, 'all nodes')
})

it('has believed what came whole, and said each change once', () => {
  for (const kind of KINDS) {
    for (const direction of DIRECTIONS) {
      const { name, node } = cellOf(kind, direction)
      if (works(kind)) expect([name, node.sum('tier_fault_')]).toEqual([name, 0])
      expect([name, node.sum('tier_distrust_')]).toEqual([name, 0])
      for (const [index, state] of node.said.entries()) expect([name, state]).not.toEqual([name, node.said[index - 1]])
    }
  }
})
