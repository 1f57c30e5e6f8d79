/** A program of the benchmark: started on its core, the server's where it is a target, its processor time read from /proc with that of its children. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { onCore, type Role } from './pinning.ts'

/** Linux counts processor time in hundredths of a second for every program that asks (`USER_HZ`). */
const MICROSECONDS_PER_TICK = 10_000
/** Characters of what a program says of itself that are kept. */
const LONGEST_COMPLAINT = 4000

export interface Program {
  readonly child: ChildProcess
  /** An error that says what went wrong, and what the program said. */
  failure(what: string): Error
  cpu(): Promise<number>
  stop(): Promise<void>
}

export function startProgram(command: readonly string[], role: Role = 'server'): Program {
  const [program = '', ...args] = onCore(role, command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    complaints = (complaints + chunk).slice(-LONGEST_COMPLAINT)
  })
  const kill = (): boolean => child.kill('SIGTERM')
  process.once('exit', kill)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    child,
    failure: (what) => new Error(`${child.spawnargs.join(' ')} ${what}\n${complaints}`),
    cpu: async () => family(child.pid ?? 0).reduce((sum, pid) => sum + ticksOf(pid), 0) * MICROSECONDS_PER_TICK,
    stop: () => {
      process.off('exit', kill)
      kill()
      return gone
    },
  }
}

/** Waits until it answers on `port`. */
export async function listening({ child, failure }: Program, port: number): Promise<void> {
  child.stdout?.resume()
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw failure(`ended with ${child.exitCode}`)
    if (await canConnect(port)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw failure(`does not listen on ${port}`)
}

/** Waits for a line of its output. */
export function announced({ child, failure }: Program, line: RegExp): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(failure(`ended with ${code}`)))
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const [found] = line.exec(text) ?? []
      if (found === undefined) return
      child.stdout?.removeAllListeners('data').resume()
      resolve(found)
    })
  })
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A process and all that descend from it. */
function family(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statOf(Number(name))[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

/** `utime` and `stime` (proc(5)), of all threads. */
function ticksOf(pid: number): number {
  const stat = statOf(pid)
  return Number(stat[11] ?? 0) + Number(stat[12] ?? 0)
}

/** The fields behind the program's name, which may hold spaces; none when the process has gone. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
