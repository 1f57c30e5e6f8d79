/** A server under measurement, whichever program it is. */
import { connect } from 'node:net'
import { Child } from './child.ts'
import { BODY_BYTES, originAnswer } from './requests.ts'

/** `hit`: one hot URL. `pass`: nothing may be stored. `miss`: every URL is new, fetched and stored. */
export type Work = 'hit' | 'pass' | 'miss'

export interface Target {
  readonly name: string
  readonly port: number
  /** Whether its answers carry Age in this work. */
  readonly age: boolean
  /** User and system time so far of all its processes, in microseconds. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** A port of ours that answers everything with the same bytes, on the load's core. */
export async function startOrigin(work: Work): Promise<{ port: number; stop: () => Promise<void> }> {
  const { child, ready } = await Child.start('load', 'targets/echo.ts', [base64(originAnswer(work !== 'pass'))])
  return { port: ready as number, stop: () => child.stop() }
}

export function clearcoat(origin: number, work: Work, flags: readonly string[] = []): Promise<Target> {
  return nodeTarget('clearcoat', 'targets/clearcoat.ts', [String(origin)], work === 'hit', flags)
}

/** The same with a policy of three hooks. */
export function clearcoatWithPolicy(origin: number, work: Work): Promise<Target> {
  return nodeTarget('clearcoat, 3 hooks', 'targets/clearcoat.ts', [String(origin), 'policy'], work === 'hit')
}

/** The floor answers with the very bytes of `like`. */
export async function echo(work: Work, like: Target): Promise<Target> {
  const bytes = await answerOf(like.port, work)
  return nodeTarget('net echo', 'targets/echo.ts', [base64(bytes)], like.age)
}

/** Caches nothing: on a hit it has its answer ready, with the fields of `like`; else it is a proxy. */
export async function nodeHttp(origin: number, work: Work, like: Target): Promise<Target> {
  const [head = ''] = (await answerOf(like.port, work)).split('\r\n\r\n', 1)
  const fields = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(/: (.*)/s).slice(0, 2))
  const kept = fields.filter(([name = '']) => !['connection', 'keep-alive'].includes(name.toLowerCase()))
  return nodeTarget(
    'node:http',
    'targets/node-http.ts',
    [String(origin), work === 'hit' ? 'hit' : 'proxy', JSON.stringify(Object.fromEntries(kept))],
    like.age,
  )
}

async function nodeTarget(
  name: string,
  script: string,
  args: readonly string[],
  age: boolean,
  flags: readonly string[] = [],
): Promise<Target> {
  const { child, ready } = await Child.start('server', script, args, flags)
  return {
    name,
    port: ready as number,
    age,
    cpu: async () => {
      const { user, system } = await child.cpu()
      return user + system
    },
    stop: () => child.stop(),
  }
}

/** What it answers, whole, as latin-1 text: on a hit the second answer to one request, else the first. */
async function answerOf(port: number, work: Work): Promise<string> {
  const first = await readAnswer(port)
  return work === 'hit' ? readAnswer(port) : first
}

function readAnswer(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\r\n\r\n')
      if (end < 0 || text.length < end + 4 + BODY_BYTES) return
      socket.destroy()
      resolve(text)
    })
    socket.write(`GET /hot HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  })
}

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64')
}
