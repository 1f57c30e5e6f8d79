/** A server under measurement, whichever program it is. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Answer, ask } from './ask.ts'
import { Child } from './child.ts'
import { firstPath } from './paths.ts'
import { ProcessorTime } from './processor-time.ts'
import { announced, startProgram } from './program.ts'
import { requestText } from './requests.ts'
import type { Scenario } from './scenario.ts'

export interface Target {
  readonly name: string
  readonly port: number
  /** Whether its answers carry Age. */
  readonly age: boolean
  /** Whether it answers each path with its own body, as all but the floor do. */
  readonly distinct: boolean
  /** The file with a line for each request, where the scenario logs and the target does. */
  readonly log: string | null
  /** How many keys it has from the beginning, and is asked for. */
  readonly keys?: number
  /** User and system time so far of all its processes, in microseconds. */
  cpu(): number
  stop(): Promise<void>
}

/** What a target is asked for. */
export function askedOf({ keys }: Target, scenario: Scenario): Scenario {
  return keys === undefined || scenario.keys === null ? scenario : { ...scenario, keys: { ...scenario.keys, count: keys } }
}

/** Where the sources of this tree are. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** A port of ours that answers everything at once, on the load's core. */
export async function startOrigin({ work, bodyBytes, coding }: Scenario): Promise<{ port: number; stop: () => Promise<void> }> {
  const control = work === 'pass' ? 'no-store' : 'store'
  const { child, ready } = await Child.start('load', 'targets/origin.ts', [control, String(bodyBytes), coding ?? ''])
  return { port: ready as number, stop: () => child.stop() }
}

/** A VCL names its backend, whose port only the run knows. */
function policyFlags({ policy }: Scenario, directory: string, origin: number): readonly string[] {
  if (policy === 'none') return []
  if (policy === 'hooks') return ['--policy', fileURLToPath(new URL('../targets/hooks.ts', import.meta.url))]
  const file = join(directory, 'hooks.vcl')
  writeFileSync(file, readFileSync(new URL('../targets/hooks.vcl', import.meta.url), 'utf8').replace('"8000"', `"${origin}"`))
  return ['--policy', file]
}

/** The command as users start it, from the sources under `root`; `flags` are more of its options. */
export async function clearcoat(
  name: string,
  root: string,
  origin: number,
  scenario: Scenario,
  flags: readonly string[] = [],
): Promise<Target> {
  const directory = temporary('clearcoat')
  const policy = policyFlags(scenario, directory, origin)
  const compress = scenario.coding === null ? [] : ['--compress', scenario.coding]
  const log = scenario.log ? join(directory, 'access.log') : null
  const fixed = [
    '--config',
    'off',
    '--listen',
    '127.0.0.1:0',
    '--admin',
    'off',
    '--memory',
    scenario.memory,
    '--log',
    log === null ? 'none' : `json:${log}`,
  ]
  const main = [process.execPath, join(root, 'src/main.ts'), 'serve', `http://127.0.0.1:${origin}`]
  const program = startProgram([...main, ...fixed, ...policy, ...compress, ...flags])
  const listening = JSON.parse(await announced(program, /^\{"event":"listening".*$/m)) as { readonly listen: readonly string[] }
  return {
    name,
    port: Number(listening.listen[0]?.split(':').at(-1)),
    age: scenario.work === 'hit',
    distinct: true,
    log,
    cpu: program.cpu,
    stop: async () => {
      await program.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** With so many keys in it from the beginning. */
export async function filled(name: string, scenario: Scenario, keys: number): Promise<Target> {
  const { child, ready } = await Child.start('server', 'targets/filled.ts', [scenario.memory, String(keys), String(scenario.bodyBytes)])
  return { name, port: ready as number, age: true, distinct: true, log: null, keys, cpu: cpuOf(child), stop: () => child.stop() }
}

/** The floor answers with the very bytes of `like`. */
export async function echo(scenario: Scenario, like: Target): Promise<Target> {
  return nodeTarget('net echo', 'targets/echo.ts', [], await answerOf(like, scenario), like.age)
}

/** The floor of what is asked of the origin: it takes no part in what it sends on. */
export async function relay(origin: number, { bodyBytes }: Scenario): Promise<Target> {
  const { child, ready } = await Child.start('server', 'targets/relay.ts', [String(origin), String(bodyBytes)])
  return { name: 'net relay', port: ready as number, age: false, distinct: true, log: null, cpu: cpuOf(child), stop: () => child.stop() }
}

/** Caches nothing: on a hit it has its answer ready, with the fields of `like`; else it is a proxy. */
export async function nodeHttp(origin: number, scenario: Scenario, like: Target): Promise<Target> {
  return nodeTarget('node:http', 'targets/node-http.ts', [String(origin), scenario.work], await answerOf(like, scenario), like.age)
}

/** A directory in memory, where there is one, that its user removes; at the latest it goes with this process. */
export function temporary(name: string): string {
  const memory = '/dev/shm'
  const directory = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), `bench-${name}-`))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The prepared answer travels in a file: a mebibyte is more than a command line holds. */
async function nodeTarget(name: string, script: string, args: readonly string[], answer: Answer, age: boolean): Promise<Target> {
  const directory = temporary('answer')
  const file = join(directory, 'answer')
  writeFileSync(file, Buffer.concat([Buffer.from(answer.head, 'latin1'), answer.body]))
  const { child, ready } = await Child.start('server', script, [...args, file])
  rmSync(directory, { recursive: true, force: true })
  return {
    name,
    port: ready as number,
    age,
    distinct: false,
    log: null,
    cpu: cpuOf(child),
    stop: () => child.stop(),
  }
}

function cpuOf({ pid }: Child): () => number {
  const time = new ProcessorTime(pid)
  return () => time.read()
}

/** What it answers: on a hit the second answer to one request, else the first. */
async function answerOf({ port }: Target, scenario: Scenario): Promise<Answer> {
  const { shape, fields, work } = scenario
  const path = firstPath(scenario)
  const request = (more: Scenario['fields']): string => requestText(shape, `127.0.0.1:${port}`, path, more)
  if (work === 'hit') await ask(port, request([]))
  return ask(port, request(fields))
}
