/** Asks a Redis by hand, beside everything that is tested: plain RESP2 over a socket, one question after the other. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type RespReply = string | number | null | readonly RespReply[]

export class RespClient {
  readonly #socket: Socket
  readonly #waiting: { resolve(reply: RespReply): void; reject(error: Error): void }[] = []
  #bytes: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes])
      this.#answer()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection to Redis ended'))
    })
  }

  /** `where`: a port of loopback or a socket's path. Rejects if nobody is there. */
  static async open(where: number | string): Promise<RespClient> {
    const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where)
    await once(socket, 'connect')
    return new RespClient(socket)
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  /** Text is latin1 both ways, so that bytes survive. Rejects with what Redis answers as an error. */
  ask(...args: readonly (string | number | Buffer)[]): Promise<RespReply> {
    const parts = args.map((arg) => (Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg), 'latin1')))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(
        Buffer.concat([
          Buffer.from(`*${parts.length}\r\n`),
          ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
        ]),
      )
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #answer(): void {
    for (;;) {
      const found = parse(this.#bytes, 0)
      if (found === null) return
      this.#bytes = this.#bytes.subarray(found.end)
      const asked = this.#waiting.shift()
      if (found.reply instanceof Error) asked?.reject(found.reply)
      else asked?.resolve(found.reply)
    }
  }
}

interface Parsed {
  readonly reply: RespReply | Error
  readonly end: number
}

function parse(bytes: Buffer, at: number): Parsed | null {
  const line = bytes.indexOf('\r\n', at)
  if (line < 0) return null
  const text = bytes.toString('latin1', at + 1, line)
  const next = line + 2
  switch (bytes[at]) {
    case 43: // +
      return { reply: text, end: next }
    case 45: // -
      return { reply: new Error(text), end: next }
    case 58: // :
      return { reply: Number(text), end: next }
    case 36: {
      // $
      const length = Number(text)
      if (length < 0) return { reply: null, end: next }
      if (bytes.length < next + length + 2) return null
      return { reply: bytes.toString('latin1', next, next + length), end: next + length + 2 }
    }
    default:
      return parseArray(bytes, Number(text), next)
  }
}

function parseArray(bytes: Buffer, length: number, at: number): Parsed | null {
  if (length < 0) return { reply: null, end: at }
  const replies: RespReply[] = []
  let end = at
  for (let index = 0; index < length; index++) {
    const item = parse(bytes, end)
    if (item === null) return null
    replies.push(item.reply instanceof Error ? item.reply.message : item.reply)
    end = item.end
  }
  return { reply: replies, end }
}
