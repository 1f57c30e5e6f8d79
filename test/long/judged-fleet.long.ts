/**
 * As `judged.long.ts`, with two nodes over one Redis, for `JUDGED_SECONDS` (default 120) each: what one node has answered to a purge holds at the
 * other within a second, and nobody gets anything wrong meanwhile. Where Redis is killed, frozen and emptied it holds at the node that was
 * asked, and at the other soon after Redis is well.
 */
import { expect, test } from 'vitest'
import { type Cli, startCli } from '../support/cli.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { type Court, judge, settle } from './judge.ts'
import { JudgedOrigin, makePages } from './judged-origin.ts'
import { Random, SEED } from './random.ts'

const SECONDS = Number(process.env['JUDGED_SECONDS'] ?? 120)
/** Milliseconds: what README promises. */
const LAG = 1000
/** Milliseconds after which nodes have found a Redis that is there again, and told each other what they had to. */
const WELL = 4000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const SERVERS = {
  server: () => startRedis({}),
  'small server': () => startRedis({ config: { maxmemory: '24mb', 'maxmemory-policy': 'allkeys-lru' } }),
  cluster: () => startRedisCluster(),
}

test.each([
  ['server', 1, '1G', ''],
  ['server', 2, '1G', ''],
  ['server', 1, '24M', ''],
  ['server', 2, '24M', ''],
  ['small server', 1, '24M', ''],
  ['cluster', 1, '24M', ''],
  ['server', 1, '24M', '--compress gzip'],
  ['server', 1, '24M', '--slice 64K'],
  ['server', 1, '24M', '--redis-claims off'],
] as const)('two nodes over a Redis %s, %i workers each, with %s %s give nobody what was purged', async (kind, workers, memory, flags) => {
  const redis = await SERVERS[kind]()
  const pages = makePages()
  const origin = await JudgedOrigin.start(pages)
  const nodes = startNodes(origin.url, redis.url, workers, memory, flags)
  const ports = await Promise.all(nodes.map(portOf))
  const court: Court = { pages, ports, lag: LAG, findings: [], kinds: new Map(), whole: memory === '1G' ? new Map() : null }
  const heard = await judge(court, SECONDS)
  const ends = await endOf(nodes)
  await origin.close()
  await redis.stop()
  console.log(`judged: two nodes, ${kind}, ${workers} workers, ${memory} ${flags}, ${heard}`)
  expect(court.findings).toEqual([])
  expect(ends).toEqual(nodes.map(() => [0, '']))
})

test.each([
  [1, '1G'],
  [2, '24M'],
])('two nodes of %i workers with %s give nobody what was purged, whatever becomes of their Redis', async (workers, memory) => {
  const redis = await startRedis({})
  const pages = makePages()
  const origin = await JudgedOrigin.start(pages)
  const nodes = startNodes(origin.url, redis.url, workers, memory, '')
  const ports = await Promise.all(nodes.map(portOf))
  const court: Court = { pages, ports, lag: null, findings: [], kinds: new Map(), whole: null }
  const random = new Random(SEED)
  const troubles = {
    killed: async () => {
      await redis.kill()
      await pause(random.below(4000))
      await redis.restart()
    },
    frozen: async () => {
      await redis.freeze()
      await pause(random.below(4000))
      redis.thaw()
    },
    emptied: () => redis.cli('FLUSHALL'),
  }
  const had: (keyof typeof troubles)[] = []
  let over = false
  const judged = judge(court, SECONDS).finally(() => {
    over = true
  })
  while (!over) {
    const trouble = random.of(['killed', 'frozen', 'emptied'] as const)
    had.push(trouble)
    await troubles[trouble]()
    await settle(court, WELL)
    await pause(random.below(1000))
  }
  const heard = await judged
  const ends = await endOf(nodes)
  await origin.close()
  await redis.stop()
  console.log(`judged: two nodes, ${workers} workers, ${memory}, ${had.join(' ')}, ${heard}`)
  expect(court.findings).toEqual([])
  expect(ends.map(([code]) => code)).toEqual([0, 0])
})

function startNodes(origin: string, redis: string, workers: number, memory: string, flags: string): Cli[] {
  const own = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log', 'none', '--purge-from', '127.0.0.1']
  const shared = ['--redis', redis, '--redis-secret', 'known-to-both-of-the-nodes', '--workers', String(workers), '--memory', memory]
  const more = flags === '' ? [] : flags.split(' ')
  return ['one', 'two'].map((name) => startCli([origin, ...own, ...shared, '--node-name', name, ...more]))
}

async function portOf(node: Cli): Promise<number> {
  const { listen } = (await node.event(({ event }) => event === 'listening')) as { readonly listen: readonly string[] }
  return Number(listen[0]?.split(':')[1])
}

/** How each ended, and what it complained of. */
async function endOf(nodes: readonly Cli[]): Promise<readonly [number | null, string][]> {
  for (const node of nodes) node.kill('SIGTERM')
  return (await Promise.all(nodes.map(({ ended }) => ended))).map(({ code, stderr }) => [code, stderr])
}
