/** One request on a connection of its own, and its answer whole. */
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  /** With the line that ends it. */
  readonly head: string
  readonly body: Buffer
}

/** Rejects when the connection breaks, or says nothing for 10 s. */
export function ask(port: number, request: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within 10 s')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed before the answer was whole')))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const answer = parse(Buffer.concat(chunks))
      if (answer === null) return
      resolve(answer)
      socket.destroy()
    })
    socket.write(request, 'latin1')
  })
}

function parse(bytes: Buffer): Answer | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = bytes.toString('latin1', 0, end + 4)
  const status = Number(head.slice(9, 12))
  const body = bytes.subarray(end + 4)
  const length = status === 304 ? 0 : Number(fieldOf(head, 'Content-Length') ?? Number.NaN)
  return body.length < length ? null : { status, head, body }
}

/** The value of a field, its name taken as it is written. */
export function fieldOf(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}: `)
  return at < 0 ? undefined : head.slice(at + name.length + 4, head.indexOf('\r\n', at + 2))
}
