/** `npm run bench`: Clearcoat beside bare sockets and `node:http`; with `--peers` also beside nginx and Varnish, and driven by wrk, where installed. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startAutocannon } from './harness/load.ts'
import { measure, type Plan, report } from './harness/measure.ts'
import { pinned } from './harness/pinning.ts'
import type { Shape } from './harness/requests.ts'
import { clearcoat, clearcoatWithPolicy, echo, nodeHttp, startOrigin, type Target, type Work } from './harness/target.ts'
import { peers } from './peers/peers.ts'
import { startWrk } from './peers/wrk.ts'

const SCENARIOS: readonly (readonly [work: Work, shape: Shape])[] = [
  ['hit', 'lean'],
  ['hit', 'browser'],
  ['pass', 'lean'],
  ['miss', 'lean'],
]

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    ours: { type: 'boolean', default: false },
  },
})

const load = (values.peers ? await startWrk() : null) ?? (await startAutocannon())
process.stdout.write(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, node ${process.versions.node}, load: ${load.name}\n`,
)
if (!pinned) process.stdout.write('not pinned (one core, or no taskset): server and load take processor time from each other\n')
for (const [work, shape] of SCENARIOS) {
  if (!`${work} ${shape}`.startsWith(values.only)) continue
  const plan: Plan = {
    work,
    shape,
    connections: Number(values.connections),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUp: 2,
  }
  const origin = await startOrigin(work)
  const targets = await startTargets(work, origin.port)
  process.stdout.write(`${report(`${work}, 1 KiB, ${shape} request`, await measure(plan, targets, load))}\n`)
  for (const target of targets) await target.stop()
  await origin.stop()
}
await load.stop()

async function startTargets(work: Work, origin: number): Promise<readonly Target[]> {
  const ours = await clearcoat(origin, work)
  const floor = await echo(work, ours)
  const own = [ours, ...(work === 'hit' ? [await clearcoatWithPolicy(origin, work)] : []), floor]
  if (values.ours) return own
  return [...own, await nodeHttp(origin, work, ours), ...(values.peers ? await peers(origin, work) : [])]
}
