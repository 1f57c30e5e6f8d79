/** A byte-exact origin on a raw server: a script a connection reads whole requests and sends whatever bytes it likes. */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'

/** One request as it came over the wire. */
export interface SeenRequest {
  /** Head with its empty line. */
  readonly head: string
  /** Body as sent, chunked framing included. */
  readonly body: string
  readonly method: string
  readonly target: string
  /** Number of the connection, from 0. */
  readonly connection: number
}

/** What a script holds of its connection. All strings are latin-1. */
export class ByteConnection {
  readonly socket: Socket
  /** Number of the connection, from 0. */
  readonly index: number
  /** Resolves when the other side has ended or reset the connection. */
  readonly closed: Promise<void>
  /** Everything received so far. */
  received = ''
  /** Whether the other side ended its way. */
  ended = false
  #taken = 0
  #wake: (() => void)[] = []
  readonly #requests: SeenRequest[]
  readonly #plain: Socket

  /** `plain`: what lies below TLS. */
  constructor(socket: Socket, index: number, requests: SeenRequest[], plain: Socket = socket) {
    this.socket = socket
    this.#plain = plain
    this.index = index
    this.#requests = requests
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve())
      socket.on('end', () => resolve())
    })
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1')
      this.#notify()
    })
    socket.on('end', () => {
      this.ended = true
      this.#notify()
    })
    socket.on('close', () => this.#notify())
  }

  /** Waits until `test` holds of what was received; `false` when the connection ended first. */
  async until(test: (received: string) => boolean): Promise<boolean> {
    while (!test(this.received)) {
      if (this.ended || this.socket.destroyed) return false
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return true
  }

  /** The next request's head alone, or `null` when there is none any more. */
  async head(): Promise<string | null> {
    const from = this.#taken
    if (!(await this.until((received) => received.indexOf('\r\n\r\n', from) >= 0))) return null
    this.#taken = this.received.indexOf('\r\n\r\n', from) + 4
    return this.received.slice(from, this.#taken)
  }

  /** The next whole request, or `null` when none comes any more. */
  async request(): Promise<SeenRequest | null> {
    const head = await this.head()
    if (head === null) return null
    const from = this.#taken
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const chunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    const end = (): number => (chunked ? endOfChunked(this.received, from) : from + length)
    if (!(await this.until((received) => end() >= 0 && received.length >= end()))) return null
    this.#taken = end()
    const [method = '', target = ''] = head.split(' ')
    const seen = { head, body: this.received.slice(from, this.#taken), method, target, connection: this.index }
    this.#requests.push(seen)
    return seen
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Sends one byte a segment. */
  async trickle(bytes: string): Promise<void> {
    for (const byte of Buffer.from(bytes, 'latin1')) {
      if (this.socket.destroyed) return
      await new Promise<void>((resolve) => this.socket.write(Buffer.of(byte), () => setImmediate(resolve)))
    }
  }

  /** Ends our way with a FIN, over TLS with close_notify before it. */
  end(): void {
    this.socket.end()
  }

  /** Ends the TCP connection alone, as whoever sits between could. */
  cut(): void {
    this.#plain.end()
  }

  /** Closes with a RST. */
  reset(): void {
    this.#plain.resetAndDestroy()
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function endOfChunked(text: string, from: number): number {
  let at = from
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return -1
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) {
      const end = text.startsWith('\r\n', line + 2) ? line + 2 : text.indexOf('\r\n\r\n', line)
      return end < 0 ? -1 : end === line + 2 ? end + 2 : end + 4
    }
    at = line + 2 + size + 2
  }
}

/** Certificate, key and whatever else a TLS server takes. */
export type Secure = SecureContextOptions & { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean }

export type ByteScript = (connection: ByteConnection) => void | Promise<void>

export class ByteOrigin {
  readonly connections: ByteConnection[] = []
  /** Every request that a script took with `request`, in order. */
  readonly requests: SeenRequest[] = []
  readonly #server: Server
  readonly #waiting: ((connection: ByteConnection) => void)[] = []
  port = 0

  readonly #secure: Secure | null

  private constructor(script: ByteScript, secure: Secure | null) {
    this.#secure = secure
    this.#server = createServer({ allowHalfOpen: true }, (plain) => {
      const socket = secure === null ? plain : overTls(plain, secure)
      const connection = new ByteConnection(socket, this.connections.length, this.requests, plain)
      this.connections.push(connection)
      for (const resolve of this.#waiting.splice(0)) resolve(connection)
      void script(connection)
    })
  }

  /** Listens on a free loopback port; `script` runs for every connection. */
  static async start(
    script: ByteScript,
    secure: Secure | null = null,
    at: ListenOptions = { host: '127.0.0.1', port: 0 },
  ): Promise<ByteOrigin> {
    const origin = new ByteOrigin(script, secure)
    await new Promise<void>((resolve) => origin.#server.listen(at, resolve))
    const address = origin.#server.address()
    origin.port = typeof address === 'object' && address !== null ? address.port : 0
    return origin
  }

  /** Answers every request with what `answer` gives; `null` closes the connection. */
  static answering(
    answer: (request: SeenRequest) => string | Buffer | null,
    secure: Secure | null = null,
    at?: ListenOptions,
  ): Promise<ByteOrigin> {
    return ByteOrigin.start(
      async (connection) => {
        for (;;) {
          const request = await connection.request()
          const bytes = request === null ? null : answer(request)
          if (bytes === null) {
            connection.end()
            return
          }
          connection.send(bytes)
        }
      },
      secure,
      at,
    )
  }

  get url(): string {
    return `${this.#secure === null ? 'http' : 'https'}://127.0.0.1:${this.port}`
  }

  /** The connection of that number, waiting for it if need be. */
  async connection(index: number): Promise<ByteConnection> {
    for (;;) {
      const found = this.connections[index]
      if (found !== undefined) return found
      await new Promise<ByteConnection>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const connection of this.connections) connection.socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

function overTls(plain: Socket, { requestCert = false, rejectUnauthorized = false, ...context }: Secure): Socket {
  plain.on('error', () => {})
  return new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(context), requestCert, rejectUnauthorized })
}
