/**
 * As `judged.long.ts`, with two nodes over one Redis, for `JUDGED_SECONDS` (default 120) each: what one node has answered to a purge holds at the
 * other within a second, and nobody gets anything wrong meanwhile.
 */
import { expect, test } from 'vitest'
import { type Cli, startCli } from '../support/cli.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { type Court, judge } from './judge.ts'
import { JudgedOrigin, makePages } from './judged-origin.ts'

const SECONDS = Number(process.env['JUDGED_SECONDS'] ?? 120)
/** Milliseconds: what README promises. */
const LAG = 1000

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
  const own = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log', 'none', '--purge-from', '127.0.0.1']
  const shared = ['--redis', redis.url, '--redis-secret', 'known-to-both-of-the-nodes', '--workers', String(workers), '--memory', memory]
  const nodes = ['one', 'two'].map((name) =>
    startCli([origin.url, ...own, ...shared, '--node-name', name, ...(flags === '' ? [] : flags.split(' '))]),
  )
  const ports = await Promise.all(nodes.map(portOf))
  const court: Court = { pages, ports, lag: LAG, findings: [], kinds: new Map(), whole: memory === '1G' ? new Map() : null }
  const heard = await judge(court, SECONDS)
  for (const node of nodes) node.kill('SIGTERM')
  const ends = await Promise.all(nodes.map(({ ended }) => ended))
  await origin.close()
  await redis.stop()
  console.log(`judged: two nodes, ${kind}, ${workers} workers, ${memory} ${flags}, ${heard}`)
  expect(court.findings).toEqual([])
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(nodes.map(() => [0, '']))
})

async function portOf(node: Cli): Promise<number> {
  const { listen } = (await node.event(({ event }) => event === 'listening')) as { readonly listen: readonly string[] }
  return Number(listen[0]?.split(':')[1])
}
