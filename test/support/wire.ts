/** A wire between a client and a server on loopback that can hold back, add and cut what the server sends, without understanding it. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class Wire {
  /** What the server sent while it was held back, of the latest connection. */
  held: Buffer = Buffer.alloc(0)
  /** Is given each piece that the server sends; what it answers goes on instead. */
  through: (bytes: Buffer) => readonly Buffer[] = (bytes) => [bytes]
  /** The same of what the client sends; `first`: a connection begins with it. */
  onward: (bytes: Buffer, first: boolean) => Buffer = (bytes) => bytes
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #holding = false
  #client: Socket | null = null
  #wake: () => void = () => {}

  private constructor(port: number) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      this.#client = client
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => this.#sockets.delete(socket))
      }
      let first = true
      client.on('data', (bytes: Buffer) => {
        server.write(this.onward(bytes, first))
        first = false
      })
      client.on('end', () => server.end())
      client.on('close', () => server.destroy())
      server.on('data', (bytes: Buffer) => {
        if (!this.#holding) {
          for (const piece of this.through(bytes)) client.write(piece)
          return
        }
        this.held = Buffer.concat([this.held, bytes])
        this.#wake()
      })
      server.on('end', () => client.end())
    })
  }

  /** In front of a port of loopback. */
  static async before(port: number): Promise<Wire> {
    const wire = new Wire(port)
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on what the server sends stays here. */
  hold(): void {
    this.#holding = true
  }

  /** Waits until what is held fulfils a condition. */
  async until(holds: (held: Buffer) => boolean): Promise<void> {
    while (!holds(this.held)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends it on in one piece, and what comes from now on as it comes. */
  release(): void {
    const { held } = this
    this.held = Buffer.alloc(0)
    this.#holding = false
    this.#client?.write(held)
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

/** How many records of application data lie there whole (RFC 8446 §5.1); with TLS 1.3 other messages look alike. */
export function dataRecords(bytes: Buffer): number {
  let count = 0
  for (let at = 0; at + 5 <= bytes.length; ) {
    const next = at + 5 + bytes.readUInt16BE(at + 3)
    if (next <= bytes.length && bytes[at] === 23) count++
    at = next
  }
  return count
}
