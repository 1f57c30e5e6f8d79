/** Runs the command line as a child process on the pinned runtime, and reads what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Cli {
  readonly child: ChildProcess
  /** The first JSON line on standard output for which it holds. Rejects when the process ends before. */
  event(holds: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

export interface CliOptions {
  /** A module that runs before it, as source. */
  readonly before?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `clearcoat` with these arguments; variables of the surroundings that would change it are left out. */
export function startCli(args: readonly string[], { env = {}, before }: CliOptions = {}): Cli {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CLEARCOAT_')))
  const preload = before === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`]
  const child = spawn(process.execPath, [...preload, MAIN, ...args], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let over = false
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    changed()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    over = true
    changed()
    return { code, signal, stdout, stderr }
  })
  return {
    child,
    ended,
    kill: (signal) => child.kill(signal),
    event: (holds) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = jsonLines(stdout).find(holds)
          if (found === undefined && !over) return
          listeners.delete(look)
          if (found !== undefined) resolve(found)
          else reject(new Error(`ended without the event\n${stdout}\n${stderr}`))
        }
        listeners.add(look)
        look()
      }),
  }
}

/** Runs it to its end. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<Ended> {
  return startCli(args, options).ended
}

function jsonLines(text: string): Record<string, unknown>[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
