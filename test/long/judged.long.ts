/**
 * For `JUDGED_SECONDS` (default 120) each, one, two and four workers are asked for pages that are purged all the time, and every answer is judged:
 * its version, its variant, every byte of it, and whether it had to be a hit; the last unless there is room for a part of them alone.
 */
import { expect, test } from 'vitest'
import { startCli } from '../support/cli.ts'
import { type Court, judge } from './judge.ts'
import { JudgedOrigin, makePages } from './judged-origin.ts'

const SECONDS = Number(process.env['JUDGED_SECONDS'] ?? 120)

test.each([
  [1, '1G', ''],
  [2, '1G', ''],
  [4, '1G', ''],
  [1, '24M', ''],
  [2, '24M', ''],
  [2, '1G', '--compress gzip'],
  [2, '1G', '--slice 64K'],
])('%i workers with %s %s give nobody what was purged, nor anything wrong, and forget nothing', async (workers, memory, flags) => {
  const pages = makePages()
  const origin = await JudgedOrigin.start(pages)
  const args = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log', 'none', '--purge-from', '127.0.0.1']
  const server = startCli([
    origin.url,
    ...args,
    '--workers',
    String(workers),
    '--memory',
    memory,
    ...(flags === '' ? [] : flags.split(' ')),
  ])
  const { listen } = (await server.event(({ event }) => event === 'listening')) as { readonly listen: readonly string[] }
  const ports = [Number(listen[0]?.split(':')[1])]
  const court: Court = { pages, ports, lag: 0, findings: [], kinds: new Map(), whole: memory === '1G' ? new Map() : null }
  const heard = await judge(court, SECONDS)
  server.kill('SIGTERM')
  const { code, stderr } = await server.ended
  await origin.close()
  console.log(`judged: ${workers} workers, ${memory} ${flags}, ${heard}`)
  expect(court.findings).toEqual([])
  expect([code, stderr]).toEqual([0, ''])
})
