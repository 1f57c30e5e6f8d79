/** A byte-exact HTTP client: sends what it is told to, repairs nothing, and reads answers strictly. Text is latin-1. */
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  readonly status: number
  readonly reason: string
  /** Status line and field lines as received, without the empty line. */
  readonly head: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** First line of that name, or `undefined`. */
  get(name: string): string | undefined
  getAll(name: string): string[]
}

export interface ResponseOptions {
  /** The request was a HEAD, so that no body follows. */
  readonly head?: boolean
  /** Answers 1xx heads too instead of skipping them. */
  readonly interim?: boolean
}

/** How the connection ended: `end` by FIN, `reset` by RST or an error. */
export type Ending = 'end' | 'reset'

export class RawClient {
  readonly socket: Socket
  /** Bytes received and not yet taken as an answer; and all that were received. */
  #pending: Buffer[] = []
  #total: Buffer[] = []
  /** Number of bytes received. */
  received: number = 0
  #ending: Ending | null = null
  #wake: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#pending.push(chunk)
      this.#total.push(chunk)
      this.received += chunk.length
      this.#notify()
    })
    socket.on('end', () => this.#end('end'))
    socket.on('error', () => this.#end('reset'))
    socket.on('close', () => this.#end('end'))
  }

  /** `address` as a listener shows it: `host:port`, `[::1]:port`, or the path of a Unix socket. */
  static connect(address: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const match = /^\[?(.*?)\]?:(\d+)$/.exec(address)
      const socket =
        match === null
          ? connect({ path: address, allowHalfOpen: true })
          : connect({ host: match[1] ?? '', port: Number(match[2]), allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  get ended(): Ending | null {
    return this.#ending
  }

  /** Everything that was received; may be set, to forget it. */
  get total(): Buffer {
    return flatten(this.#total)
  }

  set total(bytes: Buffer) {
    this.#total = [bytes]
  }

  /** Bytes received and not yet taken. */
  get pending(): Buffer {
    return flatten(this.#pending)
  }

  send(bytes: string | Buffer): void {
    if (!this.socket.writable) return
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Sends in pieces that arrive separately. Stops when the other end has closed. */
  async sendInPieces(bytes: string | Buffer, size: number = 1): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    for (let at = 0; at < all.length && this.#ending === null && this.socket.writable; at += size) {
      await new Promise<void>((resolve) => this.socket.write(all.subarray(at, at + size), () => setImmediate(resolve)))
    }
  }

  /** Ends our side (FIN); answers are still read. */
  end(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** The next whole answer. Rejects when the connection ends before, or the bytes are no valid answer. */
  async response(options: ResponseOptions = {}): Promise<RawResponse> {
    for (;;) {
      const taken = take(this.pending, options.head === true, this.#ending)
      if (taken !== null) {
        this.#pending = [this.pending.subarray(taken.length)]
        if (taken.response.status >= 200 || taken.response.status === 101 || options.interim === true) return taken.response
        continue
      }
      if (this.#ending !== null)
        throw new Error(
          `the connection ended (${this.#ending}) before a whole answer; pending: ${JSON.stringify(this.pending.toString('latin1').slice(0, 300))}`,
        )
      await this.#arrived(needed(this.pending))
    }
  }

  /** All answers until the connection ends. */
  async responses(): Promise<RawResponse[]> {
    await this.closed()
    const all: RawResponse[] = []
    while (this.pending.length > 0) all.push(await this.response())
    return all
  }

  /** Sends and awaits one answer. */
  request(bytes: string | Buffer, options: ResponseOptions = {}): Promise<RawResponse> {
    this.send(bytes)
    return this.response(options)
  }

  /** Waits until that many bytes in all were received. */
  async receive(length: number): Promise<Buffer> {
    while (this.received < length) {
      if (this.#ending !== null) throw new Error(`the connection ended (${this.#ending}) after ${this.received} bytes`)
      await this.#changed()
    }
    return this.total
  }

  /** Waits until the other end has closed. */
  async closed(): Promise<Ending> {
    while (this.#ending === null) await this.#changed()
    return this.#ending
  }

  #end(how: Ending): void {
    this.#ending ??= how
    this.#notify()
  }

  /** Waits for that many more bytes, at least for some, or for the end. */
  async #arrived(bytes: number): Promise<void> {
    const goal = this.received + Math.max(bytes, 1)
    while (this.received < goal && this.#ending === null) await this.#changed()
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

/** Parses the answers in a transcript that has ended. */
export function parseResponses(bytes: Buffer, heads: readonly boolean[] = []): RawResponse[] {
  const all: RawResponse[] = []
  for (let at = 0; at < bytes.length; ) {
    const taken = take(bytes.subarray(at), heads[all.length] === true, 'end')
    if (taken === null) throw new Error(`not a whole answer: ${JSON.stringify(bytes.subarray(at).toString('latin1').slice(0, 300))}`)
    at += taken.length
    all.push(taken.response)
  }
  return all
}

/** The pieces as one, which then is the only piece. */
function flatten(pieces: Buffer[]): Buffer {
  const whole = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  pieces.splice(0, pieces.length, whole)
  return whole
}

/** How many bytes are certainly missing of the answer that begins there. */
function needed(bytes: Buffer): number {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const match = headEnd < 0 ? null : /\r\ncontent-length: ([0-9]+)\r\n/i.exec(bytes.toString('latin1', 0, headEnd + 2))
  return match === null ? 1 : headEnd + 4 + Number(match[1]) - bytes.length
}

function take(bytes: Buffer, isHead: boolean, ending: Ending | null): { response: RawResponse; length: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const head = bytes.toString('latin1', 0, headEnd)
  const match = /^HTTP\/1\.1 ([1-9][0-9]{2}) ([^\r\n]*)((?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*)*)$/.exec(head)
  if (match === null) throw new Error(`not the head of an answer: ${JSON.stringify(head.slice(0, 300))}`)
  const fields = (match[3] ?? '')
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
  const status = Number(match[1])
  const getAll = (name: string): string[] => fields.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  const start = headEnd + 4
  const body = takeBody(bytes, start, isHead || status < 200 || status === 204 || status === 304, getAll, ending)
  if (body === null) return null
  const response: RawResponse = { status, reason: match[2] ?? '', head, fields, body: body.bytes, getAll, get: (name) => getAll(name)[0] }
  return { response, length: body.end }
}

function takeBody(
  bytes: Buffer,
  start: number,
  none: boolean,
  getAll: (name: string) => string[],
  ending: Ending | null,
): { bytes: Buffer; end: number } | null {
  if (none) return { bytes: Buffer.alloc(0), end: start }
  const lengths = getAll('content-length')
  const codings = getAll('transfer-encoding')
  if (lengths.length + codings.length > 1) throw new Error('an answer with two framings')
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Error(`an answer with coding ${codings[0]}`)
    return takeChunks(bytes, start)
  }
  if (lengths.length === 1) {
    if (!/^(?:0|[1-9][0-9]*)$/.test(lengths[0] ?? '')) throw new Error(`an answer with length ${lengths[0]}`)
    const end = start + Number(lengths[0])
    return bytes.length < end ? null : { bytes: bytes.subarray(start, end), end }
  }
  return ending === 'end' ? { bytes: bytes.subarray(start), end: bytes.length } : null
}

function takeChunks(bytes: Buffer, start: number): { bytes: Buffer; end: number } | null {
  const parts: Buffer[] = []
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return null
    const line = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-f]+$/.test(line)) throw new Error(`a chunk of size ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return null
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk without end')
    if (size === 0) return { bytes: Buffer.concat(parts), end: end + 2 }
    parts.push(bytes.subarray(lineEnd + 2, end))
    at = end + 2
  }
}
