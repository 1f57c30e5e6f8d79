/** An origin whose answers can be judged: each says which page it is, in which variant and which version, and its body follows from those. */
import { createCipheriv, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Page {
  readonly number: number
  readonly path: string
  readonly tag: string
  /** Bytes. */
  readonly size: number
  /** What its Vary names, lower case. */
  readonly names: readonly string[]
  readonly chunked: boolean
  /** Its second half comes some milliseconds after the first. */
  readonly slow: boolean
  readonly etag: boolean
  /** Of few different bytes, so that it can be compressed. */
  readonly text: boolean
  /** Fresh for a second, then refreshed in the background. */
  readonly brief: boolean
  /** What the origin answers now. */
  version: number
  /** By node: whoever asks it from now on gets this version or a later one. */
  readonly floors: number[]
  /** What is to be the floor everywhere, sooner or later. */
  owed: number
  /** Changes with each invalidation that begins or ends. */
  era: number
  /** Invalidations of it under way. */
  changing: number
}

export const PAGES = 150
const TAGS = 10
const MOST = 2_500_000
/** Around the sizes at which bodies are kept, sent or cut differently. */
const SIZES: readonly number[] = [
  ...[0, 1, 100, 1000, 1024, 3000, 15_000, 16_384, 16_385, 40_000, 65_536, 70_000, 130_000, 140_000, 300_000],
  ...[1024 * 1024, MOST],
]
const SLOW = 5
/** Bodies up to so many bytes are made once. */
const REMEMBERED = 100_000

const ZEROS = Buffer.alloc(MOST)
const bodies = new Map<string, Buffer>()

export function makePages(): readonly Page[] {
  return Array.from({ length: PAGES }, (_, number) => ({
    ...{ number, path: `/k/${number}`, tag: `t${number % TAGS}`, size: SIZES[number % SIZES.length] as number },
    names: number % 5 === 0 ? ['accept-language'] : number % 7 === 0 ? ['x-device', 'accept-language'] : [],
    ...{ chunked: number % 3 === 0, slow: number % 11 === 0, etag: number % 2 === 0, text: number % 4 === 0, brief: number % 13 === 0 },
    ...{ version: 0, floors: [], owed: 0, era: 0, changing: 0 },
  }))
}

/** Which variant of a page a request is for. */
export function variantFor({ names }: Page, fields: Readonly<Record<string, string | string[] | undefined>>): string {
  return names.map((name) => fields[name] ?? '-').join('|')
}

export function bodyFor({ number, size, text }: Page, variant: string, version: number): Buffer {
  const name = `${number} ${variant} ${version}`
  const known = bodies.get(name)
  if (known !== undefined) return known
  const body = createCipheriv('aes-256-ctr', createHash('sha256').update(name).digest(), Buffer.alloc(16)).update(ZEROS.subarray(0, size))
  if (text) for (let at = 0; at < body.length; at++) body[at] = 32 + ((body[at] as number) & 63)
  if (size <= REMEMBERED) bodies.set(name, body)
  return body
}

export function etagFor({ number }: Page, variant: string, version: number): string {
  return `"${number} ${variant} ${version}"`
}

export class JudgedOrigin {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(pages: readonly Page[]): Promise<JudgedOrigin> {
    const server = createServer((request, response) => answer(pages, request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new JudgedOrigin(server)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function answer(pages: readonly Page[], { url, headers }: IncomingMessage, response: ServerResponse): void {
  const page = pages[Number(url?.split('/')[2])] as Page
  const { version, names, chunked, slow } = page
  const variant = variantFor(page, headers)
  const etag = etagFor(page, variant, version)
  response.on('error', () => {})
  response.setHeader('Cache-Control', page.brief ? 'max-age=1, stale-while-revalidate=5' : 'max-age=3600')
  response.setHeader('Content-Type', page.text ? 'text/html' : 'application/octet-stream')
  response.setHeader('xkey', page.tag)
  response.setHeader('X-Version', version)
  response.setHeader('X-Variant', variant)
  if (names.length > 0) response.setHeader('Vary', names.join(', '))
  if (page.etag) response.setHeader('ETag', etag)
  if (page.etag && headers['if-none-match'] === etag) {
    response.writeHead(304).end()
    return
  }
  const body = bodyFor(page, variant, version)
  if (!chunked) response.setHeader('Content-Length', body.length)
  if (!slow || body.length < 2) {
    response.end(body)
    return
  }
  const half = body.length >> 1
  response.write(body.subarray(0, half))
  setTimeout(() => response.end(body.subarray(half)), SLOW)
}
