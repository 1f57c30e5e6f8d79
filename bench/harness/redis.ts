/** A redis-server of the benchmark's own, in memory only, on the load's core: what it costs is not the cache's. */
import { connect } from 'node:net'
import { freePort, listening, startProgram } from './program.ts'

export const REDIS = 'redis-server'

export interface RedisProgram {
  /** For `--redis`. */
  readonly url: string
  /** How many keys it has. */
  size(): Promise<number>
  stop(): Promise<void>
}

export async function startRedis(): Promise<RedisProgram> {
  const port = await freePort()
  const memory = ['--save', '', '--appendonly', 'no', '--dir', '/tmp', '--loglevel', 'warning', '--shutdown-timeout', '0']
  const program = startProgram([REDIS, '--port', String(port), '--bind', '127.0.0.1', ...memory], 'load')
  try {
    await listening(program, port)
  } catch (error) {
    await program.stop()
    throw error
  }
  return { url: `redis://127.0.0.1:${port}`, size: () => sizeAt(port), stop: () => program.stop() }
}

/** Resolves once no key comes any more: with how many there are. `enough`: it need not be waited longer. */
export async function settled(redis: RedisProgram, enough: number): Promise<number> {
  let size = await redis.size()
  for (let still = 0; still < STILL && size < enough; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOKS_MS))
    const now = await redis.size()
    still = now === size ? still + 1 : 0
    size = now
  }
  return size
}

const LOOKS_MS = 25
/** Looks without a change. */
const STILL = 20

function sizeAt(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('DBSIZE\r\n'))
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (text) => {
      const [, size] = /^:(\d+)\r\n/.exec(String(text)) ?? []
      socket.destroy()
      if (size === undefined) reject(new Error(`redis-server answers ${text}`))
      else resolve(Number(size))
    })
  })
}
