/** Pushes many times as much through a cache with two workers as it may store, and measures what its process takes. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { expect, onTestFinished } from 'vitest'
import { command } from '../cli/command-line.ts'
import { drink } from '../journey/site.ts'
import { Random } from '../long/random.ts'
import { startCli } from '../support/cli.ts'
import { bodyFor, HashedOrigin } from './hashed-origin.ts'

const MIB = 1024 * 1024
const WORKERS = 2
const CLIENTS = 6
/** Of so many objects one is large; the rest have at most 64 KiB. */
const LARGE = 9

export interface Pressed {
  readonly pushed: number
  readonly objects: number
  /** Most bytes that were resident. */
  readonly peak: number
  readonly allowed: number
  /** Bytes that the supervisor's thread takes beside. */
  readonly supervisor: number
  readonly stored: number
}

/** `memory` in MiB: eight times as much is pushed. */
export async function press(memory: number): Promise<Pressed> {
  const origin = await HashedOrigin.start()
  const cli = startCli([
    ...[origin.url, '--workers', String(WORKERS), '--memory', `${memory}M`, '--log', 'none'],
    ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
  ])
  onTestFinished(async () => {
    cli.kill('SIGKILL')
    await cli.ended
  })
  const { listen, admin } = await cli.event(({ event }) => event === 'listening')
  const [address = ''] = listen as string[]
  const limit = memory * MIB
  const random = new Random(memory)
  const cap = limit / 16
  let pushed = 0
  let objects = 0
  const wrong: string[] = []
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const ask = async (path: string): Promise<string | string[] | undefined> => {
    const [host = '', port = ''] = address.split(':')
    const [answer] = (await once(get({ host, port, path, agent }), 'response')) as [IncomingMessage]
    if (answer.statusCode !== 200 || !(await drink(answer)).equals(bodyFor(path))) wrong.push(path)
    return answer.headers['x-cache']
  }
  const push = async (): Promise<void> => {
    while (pushed < 8 * limit && wrong.length === 0) {
      // Of 1 B to more than may be stored, each power of two as likely as another.
      const most = random.once(LARGE) ? cap * 1.25 : 64 * 1024
      const size = Math.max(1, Math.floor(most / 2 ** random.below(Math.log2(most))) - random.below(10))
      const url = `/${random.of(['keep', 'chunked'])}/${objects++}/${size}`
      pushed += size
      await ask(url)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, push))
  // What is too large to be stored is sent all the same, each time anew; what fits is there again.
  const outcomes: (string | string[] | undefined)[] = []
  for (const url of [`/keep/over/${Math.floor(cap * 1.25)}`, '/keep/last/70000'])
    for (let times = 0; times < 2; times++) outcomes.push(await ask(url))
  expect(wrong).toEqual([])
  expect(outcomes).toEqual(['MISS', 'MISS', 'MISS', 'HIT'])
  const stat = JSON.parse((await command(['stat', '--json', '--admin', String(admin)])).stdout) as Record<string, number>
  const status = readFileSync(`/proc/${cli.child.pid}/status`, 'utf8')
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  return { pushed, objects, peak, allowed: 1.25 * limit + 150 * MIB * WORKERS, supervisor: 75 * MIB, stored: stat['g_bytes'] ?? Number.NaN }
}
