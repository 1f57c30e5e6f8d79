/**
 * The floor of what is not answered from memory: a bare `node:net` server that sends each request on as it came, over connections to the origin that
 * stay open, and each answer back as it came. It looks for the end of heads and for nothing in them.
 * Arguments: the origin's port, bytes of each answer's body.
 */
import { connect, createServer, type Socket } from 'node:net'
import { answering } from '../harness/answering.ts'

const port = Number(process.argv[2])
const bodyBytes = Number(process.argv[3])
const END = '\r\n\r\n'

/** A connection to the origin, and who waits for its answer. */
class Upstream {
  readonly #socket = connect({ port, host: '127.0.0.1', noDelay: true })
  #client: Socket | null = null
  /** Bytes of the answer that are still to come; -1: its head is. */
  #left = -1

  constructor() {
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  ask(request: Buffer, client: Socket): void {
    this.#client = client
    this.#left = -1
    this.#socket.write(request)
  }

  #read(bytes: Buffer): void {
    // The origin writes a head at once.
    if (this.#left < 0) this.#left = bytes.indexOf(END) + END.length + bodyBytes
    this.#left -= bytes.length
    this.#client?.write(bytes)
    if (this.#left <= 0) idle.push(this)
  }
}

const idle: Upstream[] = []

const server = createServer({ noDelay: true }, (client) => {
  client.on('error', () => client.destroy())
  // One request at a time, and each in one piece, as the loads here send them.
  client.on('data', (request: Buffer) => {
    const upstream = idle.pop() ?? new Upstream()
    upstream.ask(request, client)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  answering(typeof address === 'object' && address !== null ? address.port : 0)
})
