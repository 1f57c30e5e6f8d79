/** A program of the benchmark: started on its core, the server's where it is a target. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { onCore, type Role } from './pinning.ts'
import { ProcessorTime } from './processor-time.ts'

/** Characters of what a program says of itself that are kept. */
const LONGEST_COMPLAINT = 4000

export interface Program {
  readonly child: ChildProcess
  /** An error that says what went wrong, and what the program said. */
  failure(what: string): Error
  /** Microseconds so far, with all that descends from it. */
  cpu(): number
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
  const time = new ProcessorTime(child.pid ?? 0)
  return {
    child,
    failure: (what) => new Error(`${child.spawnargs.join(' ')} ${what}\n${complaints}`),
    cpu: () => time.read(),
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
