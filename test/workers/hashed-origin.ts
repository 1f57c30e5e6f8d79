/** An origin whose bodies follow from their URLs, so that whoever gets one can tell whether it is right: `/kind/name/size`. */
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { onTestFinished } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'

const NOTHING = Buffer.alloc(16)
const PIECE = 64 * 1024

export function bodyFor(url: string): Buffer {
  const size = Number(url.split('/')[3] ?? 0)
  return createCipheriv('aes-256-ctr', createHash('sha256').update(url).digest(), NOTHING).update(Buffer.alloc(size))
}

export class HashedOrigin {
  /** Those who asked for each URL, as `X-Thread` names them. */
  readonly fetched: Map<string, string[]> = new Map()
  readonly #server: Server
  /** What is held back, after its first half: `/held/name/size`. */
  readonly gate: Gate = new Gate()

  private constructor() {
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => void this.#answer(request, response))
  }

  static async start(): Promise<HashedOrigin> {
    const origin = new HashedOrigin()
    origin.#server.listen(0, '127.0.0.1', 4096)
    await once(origin.#server, 'listening')
    onTestFinished(() => origin.close())
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  times(url: string): number {
    return this.fetched.get(url)?.length ?? 0
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #answer({ url = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const [, kind] = url.split('/')
    const thread = headers['x-thread']
    const before = this.fetched.get(url)
    if (before === undefined) this.fetched.set(url, [String(thread)])
    else before.push(String(thread))
    const body = bodyFor(url)
    response.setHeader('Cache-Control', kind === 'pass' ? 'no-store' : 'max-age=3600')
    if (kind !== 'chunked') response.setHeader('Content-Length', body.length)
    if (kind === 'slow' || kind === 'chunked') {
      await pipeline(pieces(body), response).catch(() => {})
    } else if (kind === 'mute') {
      await this.gate.opened
      response.end(body)
    } else if (kind === 'held') {
      response.write(body.subarray(0, body.length >> 1))
      await this.gate.opened
      response.end(body.subarray(body.length >> 1))
    } else response.end(body)
  }
}

/** A piece with each turn of the loop, so that others come while it arrives. */
async function* pieces(body: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE) {
    yield body.subarray(at, at + PIECE)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
