/**
 * How much later the client has the first byte of an answer that arrives piece by piece: by hand, `node bench/first-byte.ts [requests]`.
 * Origin and client share this process, and so its clock; the server is on a core of its own. One request at a time; the floor is the
 * same client at the origin itself.
 */
import { connect, createServer, type Socket } from 'node:net'
import { quantile } from './harness/statistics.ts'
import { clearcoat, ROOT } from './harness/target.ts'
import { scenariosNamed } from './scenarios.ts'

/** Milliseconds between the first piece and the last. */
const PAUSE = 5
const PIECE = 'x'.repeat(1024)
const WARMING = 200
const count = Number(process.argv[2] ?? 500)

interface Streamed {
  readonly control: string
  readonly framing: string
  /** What comes at once behind the fields, and what comes later. */
  readonly first: string
  readonly last: string
}

const KINDS: Readonly<Record<string, Streamed>> = {
  'pass, known length': { control: 'no-store', framing: 'Content-Length: 2048', first: PIECE, last: PIECE },
  'pass, head alone first': { control: 'no-store', framing: 'Content-Length: 1024', first: '', last: PIECE },
  'pass, chunked': { control: 'no-store', framing: 'Transfer-Encoding: chunked', first: `400\r\n${PIECE}\r\n`, last: '0\r\n\r\n' },
  'miss and store, known length': { control: 'max-age=60', framing: 'Content-Length: 2048', first: PIECE, last: PIECE },
  'miss and store, chunked': {
    control: 'max-age=60',
    framing: 'Transfer-Encoding: chunked',
    first: `400\r\n${PIECE}\r\n`,
    last: '0\r\n\r\n',
  },
}

let sent = 0

/** Answers `/N/…` as the kind of that number. */
const origin = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.setEncoding('latin1').on('data', (text: string) => {
    const kind = Object.values(KINDS)[Number(text.split('/')[1])]
    if (kind === undefined) return
    const head = `HTTP/1.1 200 OK\r\nCache-Control: ${kind.control}\r\n${kind.framing}\r\n\r\n`
    sent = performance.now()
    socket.write(head + kind.first, 'latin1')
    setTimeout(() => socket.write(kind.last, 'latin1'), PAUSE)
  })
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const bound = origin.address()
const port = typeof bound === 'object' && bound !== null ? bound.port : 0
const [scenario] = scenariosNamed(['pass'])
if (scenario === undefined) throw new Error('there is no scenario of this name')
const server = await clearcoat('clearcoat', ROOT, port, scenario)
const figures: Record<string, Record<string, string>> = {}
for (const [index, name] of Object.keys(KINDS).entries()) {
  const direct = await delays(port, index)
  const through = await delays(server.port, index)
  const added = (share: number): string => ((quantile(through, share) - quantile(direct, share)) * 1000).toFixed(0)
  figures[name] = {
    'p50 floor': micros(direct, 0.5),
    p50: micros(through, 0.5),
    p99: micros(through, 0.99),
    'p50 − floor': added(0.5),
    max: micros(through, 1),
  }
}
await server.stop()
origin.close()
console.log(`µs from the origin's write of the first byte to the client's read of it, ${count} requests each`)
console.table(figures)
process.exit()

/** In milliseconds, ascending. */
async function delays(to: number, kind: number): Promise<readonly number[]> {
  const socket = connect({ port: to, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  const found: number[] = []
  for (let round = 0; round < WARMING + count; round++) {
    const delay = await ask(socket, `GET /${kind}/${to}/${round} HTTP/1.1\r\nHost: bench\r\n\r\n`)
    if (round >= WARMING) found.push(delay)
  }
  socket.destroy()
  return found.toSorted((a, b) => a - b)
}

function ask(socket: Socket, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let delay = -1
    let text = ''
    const onData = (bytes: Buffer): void => {
      if (delay < 0) delay = performance.now() - sent
      text += bytes.toString('latin1')
      const whole = /^transfer-encoding: chunked/im.test(text)
        ? text.endsWith('\r\n0\r\n\r\n')
        : text.length - text.indexOf('\r\n\r\n') - 4 === Number(/content-length: (\d+)/i.exec(text)?.[1])
      if (!whole) return
      socket.off('data', onData)
      if (!text.startsWith('HTTP/1.1 200 ')) reject(new Error(`a wrong answer: ${text.slice(0, 100)}`))
      resolve(delay)
    }
    socket.on('data', onData)
    socket.write(request, 'latin1')
  })
}

function micros(ascending: readonly number[], share: number): string {
  return (quantile(ascending, share) * 1000).toFixed(0)
}
