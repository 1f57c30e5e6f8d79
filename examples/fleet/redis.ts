/** A Redis of one's own for as long as the example runs: in memory only, on loopback. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

export interface OwnRedis {
  /** `redis://127.0.0.1:port` */
  readonly url: string
  readonly pid: number
  close(): Promise<void>
}

const PROGRAMS: readonly string[] = ['redis-server', 'valkey-server']
const ATTEMPTS = 5

/** Resolves when it answers. Rejects with what to do where neither Redis nor Valkey is installed. */
export async function startRedis(): Promise<OwnRedis> {
  const program = PROGRAMS.find((name) => spawnSync(name, ['--version']).status === 0)
  if (program === undefined)
    throw new Error(
      `neither ${PROGRAMS.join(' nor ')} is on PATH: install one (Debian: apt-get install redis-server), or name one that runs: node run.ts redis://host:6379`,
    )
  for (let attempt = 1; ; attempt++) {
    const found = await startAt(program, await freePort())
    if (found !== null) return found
    // Somebody else may have taken the port meanwhile.
    if (attempt === ATTEMPTS) throw new Error(`${program} did not start`)
  }
}

/** `null`: it ended. */
async function startAt(program: string, port: number): Promise<OwnRedis | null> {
  const asked = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--maxmemory', '256mb']
  // A process group of its own: the terminal's Ctrl-C is for the example, which ends it last.
  const child = spawn(program, [...asked, '--maxmemory-policy', 'allkeys-lru'], { stdio: 'ignore', detached: true })
  const ended = once(child, 'close')
  const alive = (): boolean => child.exitCode === null && child.signalCode === null
  while (alive()) {
    if (await answers(port))
      return {
        url: `redis://127.0.0.1:${port}`,
        pid: child.pid ?? 0,
        close: async () => {
          // It may be frozen, as the example suggests.
          if (alive()) child.kill('SIGKILL')
          await ended
        },
      }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return null
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (bytes) => {
      resolve(bytes.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.once('error', () => resolve(false)).once('close', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
