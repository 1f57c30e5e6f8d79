/** The origin of the soak: bodies that follow from the path, and one answer in a hundred that breaks in some way. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Random } from './random.ts'

const bodies = new Map<number, Buffer>()

/** The one body of that many bytes. */
export function bodyOf(size: number): Buffer {
  let body = bodies.get(size)
  if (body === undefined) {
    const parts: Buffer[] = []
    for (let at = 0; at < size; at += 32) parts.push(createHash('sha256').update(`${size}:${at}`).digest())
    body = Buffer.concat(parts).subarray(0, size)
    bodies.set(size, body)
  }
  return body
}

/** Size of the body behind a path: `/kind/name/size`. */
export function sizeOf(path: string): number {
  return Number(path.split('/')[3])
}

export class SoakOrigin {
  faults = 0
  readonly #random: Random
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(random: Random) {
    this.#random = random
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => this.#answer(request, response))
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(random: Random): Promise<SoakOrigin> {
    const origin = new SoakOrigin(random)
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    request.on('error', () => {})
    let received = 0
    request.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    request.on('end', () => {
      if (this.#random.once(100)) this.#fail(response, request.url ?? '')
      else this.#succeed(request, response, received)
    })
  }

  #succeed(request: IncomingMessage, response: ServerResponse, received: number): void {
    const path = request.url ?? ''
    const kind = path.split('/')[1]
    const etag = `"${path}"`
    response.setHeader('ETag', etag)
    response.setHeader('X-Received', received)
    response.setHeader(
      'Cache-Control',
      kind === 'keep' ? 'max-age=3600' : kind === 'brief' ? 'max-age=1, stale-while-revalidate=1' : 'no-store',
    )
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304)
      response.end()
      return
    }
    const body = bodyOf(sizeOf(path))
    if (this.#random.once(2)) response.setHeader('Content-Length', body.length)
    if (this.#random.once(4)) setImmediate(() => response.end(body))
    else response.end(body)
  }

  #fail(response: ServerResponse, path: string): void {
    this.faults++
    const body = bodyOf(sizeOf(path))
    const socket = response.socket
    switch (this.#random.below(6)) {
      case 0:
        socket?.resetAndDestroy()
        return
      case 1:
        socket?.write(
          `HTTP/1.1 200 OK\r\nContent-Length: ${body.length + (body.length === 0 ? 1 : 0)}\r\nCache-Control: max-age=60\r\n\r\n`,
        )
        socket?.end(body.subarray(0, body.length >> 1))
        return
      case 2:
        socket?.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n5\r\nabc')
        return
      case 3:
        socket?.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\nzz\r\n')
        return
      case 4:
        socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef')
        return
      default:
        response.writeHead(503, { 'Content-Type': 'text/plain' })
        response.end('down')
    }
  }
}
