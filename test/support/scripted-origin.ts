/** An origin web server whose answers are a function: it records requests, can hold answers back, break off, stall. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as it arrived, without its body. */
export interface OriginHit {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly message: IncomingMessage
  /** Number of the request, from 0. */
  readonly index: number
}

/** Answers one request through Node's own response object; no `Date` is added unless the script sets one. */
export type OriginScript = (hit: OriginHit, response: ServerResponse) => unknown

export class ScriptedOrigin {
  /** What answers; may be replaced at any time. */
  script: OriginScript
  readonly hits: OriginHit[] = []
  readonly sockets: Set<Socket> = new Set()
  readonly #server: Server
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  port = 0

  private constructor(script: OriginScript) {
    this.script = script
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (message, response) =>
      this.#answer(message, response),
    )
    this.#server.on('checkContinue', (message, response) => {
      response.writeContinue()
      this.#answer(message, response)
    })
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  /** Listens on a free loopback port, or on `port`. */
  static async start(script: OriginScript, port: number = 0): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin(script)
    await new Promise<void>((resolve) => origin.#server.listen(port, '127.0.0.1', 4096, resolve))
    origin.port = (origin.#server.address() as AddressInfo).port
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The underlying server, for what it can do besides requests (`upgrade`). */
  get server(): Server {
    return this.#server
  }

  /** The hit of that number, waiting for it if need be. */
  async hit(index: number): Promise<OriginHit> {
    if (this.hits.length <= index) await new Promise<void>((resolve) => this.#waiting.push({ count: index + 1, resolve }))
    return this.hits[index] as OriginHit
  }

  /** Stops listening and cuts every connection: from now on it refuses. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #answer(message: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers, rawHeaders } = message
    const hit = { method, url, headers, rawHeaders, message, index: this.hits.length }
    this.hits.push(hit)
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.hits.length < count) return true
      resolve()
      return false
    })
    response.sendDate = false
    response.on('error', () => {})
    void this.script(hit, response)
  }
}

/** A door that tests open: whoever awaits `opened` goes on then. */
export class Gate {
  readonly opened: Promise<void>
  #open: () => void = () => {}

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }
}

/** The whole body of a request. */
export async function bodyOf(hit: OriginHit): Promise<string> {
  let text = ''
  for await (const chunk of hit.message) text += (chunk as Buffer).toString('latin1')
  return text
}
