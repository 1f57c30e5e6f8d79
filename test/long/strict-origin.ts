/** An origin that takes nothing on trust: every byte it is sent passes the strict validator, and nothing comes that is not owed. */
import { createServer, type Server, type Socket } from 'node:net'
import { type LintedRequest, lintRequest } from '../support/lint.ts'

export type StrictAnswer = (request: LintedRequest) => string

export class StrictOrigin {
  readonly violations: string[] = []
  /** How often each `METHOD target` was asked for. */
  readonly seen: Map<string, number> = new Map()
  /** Requests that were given up before they were whole. */
  cutOff = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0

  private constructor(answer: StrictAnswer) {
    this.#server = createServer((socket) => this.#serve(socket, answer))
  }

  static async start(answer: StrictAnswer): Promise<StrictOrigin> {
    const origin = new StrictOrigin(answer)
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    const address = origin.#server.address()
    origin.#port = typeof address === 'object' && address !== null ? address.port : 0
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket, answer: StrictAnswer): void {
    let pending = ''
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (pending !== '') this.cutOff++
    })
    socket.on('data', (bytes) => {
      pending += bytes.toString('latin1')
      const linted = lintRequest(pending)
      if (linted.type === 'more') return
      if (linted.type === 'request' && linted.end === pending.length) {
        const { request } = linted
        const line = `${request.method} ${request.target}`
        this.seen.set(line, (this.seen.get(line) ?? 0) + 1)
        pending = ''
        socket.write(answer(request), 'latin1')
        return
      }
      // Two requests at a time would be bytes of one taken for another: nothing here is pipelined.
      const detail = linted.type === 'violation' ? linted.detail : 'bytes behind the request'
      this.violations.push(`${detail}: ${JSON.stringify(pending.slice(0, 1000))}`)
      socket.destroy()
    })
  }
}
