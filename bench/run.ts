/** `npm run bench`: Clearcoat beside bare sockets and `node:http`; with `--peers` also beside nginx and Varnish, and driven by wrk, where installed. */
import { parseArgs } from 'node:util'
import { type Verdict, verdicts } from './goals.ts'
import { type Checkout, checkOut, difference, differenceLine } from './harness/compare.ts'
import { type Fleet, measureFleet } from './harness/fleet.ts'
import { startAutocannon } from './harness/load.ts'
import { type Figures, joined, measure, prove } from './harness/measure.ts'
import { type Latency, latencyTable, Sender, SHARES } from './harness/open-loop.ts'
import { installed, pinned } from './harness/pinning.ts'
import { REDIS, type RedisProgram, startRedis } from './harness/redis.ts'
import { figuresTable, goalsTable } from './harness/report.ts'
import { circumstances, type ScenarioResult, targetResult, writeResult } from './harness/result.ts'
import type { Scenario } from './harness/scenario.ts'
import { median } from './harness/statistics.ts'
import { askedOf, clearcoat, echo, filled, nodeHttp, ROOT, relay, startOrigin, type Target } from './harness/target.ts'
import { peers } from './peers/peers.ts'
import { startWrk } from './peers/wrk.ts'
import { scenariosNamed } from './scenarios.ts'

/** Pages that each cache has fetched before its hits count, as any in use has: what V8 makes of a server that never fetched is cheaper. */
const FETCHED = 4000
/** Bytes of them, where they are large. */
const FETCHED_BYTES = 16 * 1024 * 1024

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    scenario: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    slice: { type: 'string', default: '100' },
    starts: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    keys: { type: 'string' },
    flags: { type: 'string', default: '' },
    ours: { type: 'boolean', default: false },
    compare: { type: 'string' },
    'open-loop': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

const scenarios = scenariosNamed(list(values.scenario, ',')).map(withKeys)
const flags = list(values.flags, ' ')
const plan = {
  connections: count('connections'),
  rounds: count('rounds'),
  starts: count('starts'),
  seconds: count('seconds'),
  slice: count('slice'),
  warmUp: count('warm-up'),
}
const other: Checkout | null = values.compare === undefined ? null : checkOut(values.compare)
process.setMaxListeners(0)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    other?.remove()
    process.exit(130)
  })
}
const load = (values.peers || other !== null ? await startWrk() : null) ?? startAutocannon()
const sender = await Sender.start()
const begun = circumstances(load.name, flags, plan)
const results: ScenarioResult[] = []

const { machine, versions } = begun
const programs = Object.entries(versions).map((entry) => entry.join(' '))
say(
  `${machine.processor}, ${machine.cores} cores, ${machine.system}, load average ${machine.loadAverage}; ${programs.join(', ')}; load: ${load.name}`,
)
if (!pinned) say('not pinned (one core, or no taskset): server and load take processor time from each other')
try {
  for (const scenario of scenarios) {
    if (scenario.redis !== 'none' && !installed(REDIS)) {
      say(`left out: ${scenario.name}, since ${REDIS} is not installed`)
      continue
    }
    results.push(await (scenario.redis === 'source' ? runFleet(scenario) : run(scenario)))
    // A long run that is broken off keeps what it has.
    if (values.json !== undefined) writeResult(values.json, begun, results)
  }
} finally {
  other?.remove()
  await load.stop()
  await sender.stop()
}
const judged: readonly Verdict[] = results.flatMap((result) => result.verdicts)
if (judged.length > 0) say(goalsTable(judged))
if (results.some(({ targets }) => targets.some(({ wrong }) => wrong > 0))) process.exitCode = 1

/** All starts, and what they say together. */
async function run(scenario: Scenario): Promise<ScenarioResult> {
  const starts: (readonly Figures[])[] = []
  let latencies: readonly Latency[] = []
  for (let start = 1; start <= plan.starts; start++) {
    const started = await runOnce(scenario, values['open-loop'] && start === plan.starts)
    starts.push(started.figures)
    latencies = started.latencies
  }
  const figures = joined(starts)
  say(figuresTable(scenario.title, figures))
  const [ours, theirs] = figures
  if (values.compare !== undefined && ours && theirs) say(`\n${differenceLine(scenario.name, values.compare, difference(ours, theirs))}`)
  if (latencies.length > 0) say(latencyTable(`${scenario.title}: latency in an open loop`, latencies))
  const { name, title } = scenario
  return { name, title, targets: figures.map(targetResult), verdicts: other === null ? verdicts(name, figures) : [], latencies }
}

interface Started {
  readonly figures: readonly Figures[]
  readonly latencies: readonly Latency[]
}

async function runOnce(scenario: Scenario, open: boolean): Promise<Started> {
  const origin = await startOrigin(scenario)
  const redis = scenario.redis === 'beside' ? await startRedis() : null
  const targets: Target[] = []
  try {
    await startTargets(scenario, origin.port, redis, targets)
    for (const target of [...targets]) {
      const fault = await store(target, scenario).then(
        () => null,
        (error: unknown) => error,
      )
      if (fault === null) continue
      if (target === targets[0]) throw fault
      say(`left out: ${fault}`)
      process.exitCode = 1
      await target.stop()
      targets.splice(targets.indexOf(target), 1)
    }
    const figures = await measure({ ...plan, scenario }, targets, load)
    return { figures, latencies: open ? await openLoops(scenario, targets, figures) : [] }
  } finally {
    for (const target of targets) await target.stop()
    await redis?.stop()
    await origin.stop()
  }
}

/** Hits in Redis beside misses: of servers of ours only, which tell each other. */
async function runFleet(scenario: Scenario): Promise<ScenarioResult> {
  const origin = await startOrigin(scenario)
  const redis = await startRedis()
  const started: Target[] = []
  const start = async (more: readonly string[]): Promise<Target> => {
    const target = await clearcoat('clearcoat', ROOT, origin.port, scenario, [...more, ...flags])
    started.push(target)
    return target
  }
  try {
    const nodes: Fleet['nodes'] = [await start(redisFlags(redis)), await start(redisFlags(redis))]
    const { figures, written } = await measureFleet({ ...plan, scenario }, { redis, nodes, alone: await start([]) }, sender)
    const { name, title } = scenario
    say(figuresTable(title, figures))
    say(`\nof what was fetched beside Redis ${(written * 100).toFixed(2)} % was written there`)
    return { name, title, targets: figures.map(targetResult), verdicts: verdicts(name, figures), latencies: [] }
  } finally {
    for (const target of started) await target.stop()
    await redis.stop()
    await origin.stop()
  }
}

/** Entries are sealed, as they are to be. Whether Redis keeps its deadline on the load's busy core is not what is measured. */
function redisFlags({ url }: RedisProgram): readonly string[] {
  return ['--redis', url, '--redis-secret', 'a-secret-that-nobody-has-to-keep', '--redis-deadline', '1s']
}

/** Ours first. What has started is in `targets` even when the next one does not. */
async function startTargets(scenario: Scenario, origin: number, redis: RedisProgram | null, targets: Target[]): Promise<void> {
  if (scenario.few !== null && scenario.keys !== null) {
    targets.push(await filled('clearcoat', scenario, scenario.keys.count))
    targets.push(await filled(`clearcoat, ${scenario.few} keys`, scenario, scenario.few))
    return
  }
  if (redis !== null) {
    targets.push(await clearcoat('clearcoat, Redis', ROOT, origin, scenario, [...redisFlags(redis), ...flags]))
    targets.push(await clearcoat('clearcoat, no Redis', ROOT, origin, scenario, flags))
    return
  }
  const ours = await clearcoat('clearcoat', ROOT, origin, scenario, flags)
  targets.push(ours)
  if (other !== null) {
    targets.push(await clearcoat(values.compare ?? '', other.root, origin, scenario))
    return
  }
  targets.push(await echo(scenario, ours))
  if (scenario.work !== 'hit') targets.push(await relay(origin, scenario))
  if (values.ours) return
  targets.push(await nodeHttp(origin, scenario, ours))
  if (values.peers) targets.push(...(await peers(origin, scenario)))
}

async function store(target: Target, whole: Scenario): Promise<void> {
  const scenario = askedOf(target, whole)
  await prove(target, scenario)
  const { port, distinct } = target
  if (!distinct || scenario.work !== 'hit' || target.keys !== undefined) return
  const errand = { port, scenario: { ...scenario, fields: [], expect: wholeAnswer(scenario) }, distinct, age: null }
  await sender.fill(errand, scenario.keys?.count ?? Math.min(FETCHED, Math.floor(FETCHED_BYTES / scenario.bodyBytes)))
}

/** To a request without conditions. */
function wholeAnswer({ bodyBytes, expect }: Scenario): Scenario['expect'] {
  return { ...expect, status: 200, from: 0, bytes: bodyBytes }
}

/** Of the caches alone, each at shares of its own capacity. */
async function openLoops(scenario: Scenario, targets: readonly Target[], figures: readonly Figures[]): Promise<readonly Latency[]> {
  const found: Latency[] = []
  for (const [index, target] of targets.entries()) {
    const { name, port, age, distinct } = target
    if (!distinct) continue
    const pace = {
      errand: { port, scenario: askedOf(target, scenario), age, distinct },
      seconds: plan.seconds,
      connections: plan.connections,
      seed: index + 1,
    }
    const server = median(figures[index]?.rate ?? [])
    const capacity = Math.min(server, await sender.capacity(pace))
    const limit = capacity < server * 0.9 ? 'sender' : 'server'
    for (const share of SHARES) {
      const rate = capacity * share
      found.push({ name, share, rate, limit, ...(await sender.run({ ...pace, rate })) })
    }
  }
  return found
}

function withKeys(scenario: Scenario): Scenario {
  if (values.keys === undefined || scenario.keys === null) return scenario
  const keys = { ...scenario.keys, count: count('keys') }
  return { ...scenario, keys, title: scenario.title.replace(String(scenario.keys.count), String(keys.count)) }
}

function count(name: 'connections' | 'rounds' | 'starts' | 'seconds' | 'slice' | 'warm-up' | 'keys'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${values[name]} is no whole number above 0`)
  return value
}

function list(text: string, separator: string): readonly string[] {
  return text.split(separator).filter((part) => part !== '')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
