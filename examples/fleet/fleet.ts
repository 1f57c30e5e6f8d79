/** Nodes that share a Redis: each is the command `clearcoat` in a process of its own, as on machines of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CountingOrigin, startOrigin } from './origin.ts'
import { type OwnRedis, startRedis } from './redis.ts'

export interface FleetNode {
  readonly name: string
  /** `http://127.0.0.1:port`, for clients. */
  readonly url: string
  /** `127.0.0.1:port`, for operators. */
  readonly admin: string
  readonly pid: number
}

export interface RunningFleet {
  readonly origin: CountingOrigin
  /** Its URL, and its process where it is the fleet's own. */
  readonly redis: { readonly url: string; readonly pid: number | null }
  readonly nodes: readonly FleetNode[]
  /** Ends the nodes in good order, then what was started for them. */
  close(): Promise<void>
}

export interface FleetInit {
  /** Default 3. */
  readonly nodes?: number
  /** Of a Redis that runs already; default: one is started. */
  readonly redis?: string
  /** More options of the command, for each node. */
  readonly options?: readonly string[]
  /** What nodes say while they run, but for each request. */
  readonly say?: (line: string) => void
}

/** The command, as this file is: TypeScript in a checkout, JavaScript where it was built. */
export const MAIN: string = fileURLToPath(new URL(`../../src/main${extname(import.meta.url)}`, import.meta.url))

/** Milliseconds that nodes have to hear of each other. They serve before, each for itself. */
const MEETING = 15_000

/** Resolves when all serve and know each other. */
export async function startFleet({ nodes = 3, redis: url, options = [], say = () => {} }: FleetInit = {}): Promise<RunningFleet> {
  const ends: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const origin = await startOrigin()
    ends.push(origin.close)
    const own: OwnRedis | null = url === undefined ? await startRedis() : null
    if (own !== null) ends.push(own.close)
    const redis = { url: own?.url ?? url ?? '', pid: own?.pid ?? null }
    // Entries in Redis are authenticated by it: the same for all nodes, and nobody else's.
    const secret = randomBytes(24).toString('base64url')
    const children: ChildProcess[] = []
    ends.push(async () => void (await Promise.all(children.map(ended))))
    const started = await Promise.all(
      Array.from({ length: nodes }, (_, index) =>
        startNode(`cache-${index + 1}`, [origin.url, '--redis', redis.url, ...options], secret, children, say),
      ),
    )
    const late = performance.now() + MEETING
    for (const node of started) await met(node, nodes, late)
    return { origin, redis, nodes: started, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startNode(
  name: string,
  options: readonly string[],
  secret: string,
  children: ChildProcess[],
  say: (line: string) => void,
): Promise<FleetNode> {
  const where = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--config', 'off', '--log', 'none']
  const child = spawn(process.execPath, [MAIN, ...options, ...where, '--node-name', name], {
    env: { ...process.env, CLEARCOAT_REDIS_SECRET: secret },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The terminal's Ctrl-C is for the example, which asks the nodes to end.
    detached: true,
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    eachLine(child, (line) => {
      const event = parsed(line)
      const { listen, admin } = event
      if (event['event'] !== 'listening') say(`${name}: ${String(event['msg'] ?? line)}`)
      else resolve({ name, url: `http://${(listen as string[])[0]}`, admin: String(admin), pid: child.pid ?? 0 })
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`${name} did not start\n${complaint}`)))
  })
}

/** Resolves when it follows the log of the fleet and sees so many nodes. Rejects when that takes too long. */
async function met({ name, admin }: FleetNode, nodes: number, late: number): Promise<void> {
  for (;;) {
    const answer = (await (await fetch(`http://${admin}/nodes`)).json()) as { readonly state: string; readonly nodes: readonly object[] }
    if (answer.state === 'following' && answer.nodes.length >= nodes) return
    if (performance.now() > late)
      throw new Error(`${name} does not find the others: it is ${answer.state}, and sees ${answer.nodes.length} of ${nodes} nodes`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Asks it to end, and waits until it has. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
}

function eachLine({ stdout }: ChildProcess, each: (line: string) => void): void {
  let rest = ''
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) each(line)
  })
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return {}
  }
}
