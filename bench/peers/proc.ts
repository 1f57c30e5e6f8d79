/** A program of another author as a target: started on the server's core, its processor time read from /proc with that of its children. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { onCore } from '../harness/pinning.ts'

/** Linux counts processor time in hundredths of a second for every program that asks (`USER_HZ`). */
const MICROSECONDS_PER_TICK = 10_000

export interface Program {
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** Starts it and waits until it answers on `port`. */
export async function startProgram(command: readonly string[], port: number): Promise<Program> {
  const [program = '', ...args] = onCore('server', command)
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const kill = (): boolean => child.kill('SIGTERM')
  process.once('exit', kill)
  await answers(port, child)
  return {
    cpu: async () => family(child.pid ?? 0).reduce((sum, pid) => sum + ticksOf(pid), 0) * MICROSECONDS_PER_TICK,
    stop: () =>
      new Promise((resolve) => {
        process.off('exit', kill)
        child.once('exit', () => resolve())
        kill()
      }),
  }
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

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`)
    if (await canConnect(port)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${child.spawnargs.join(' ')} does not listen on ${port}`)
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

/** `utime` and `stime` (proc(5)). */
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
