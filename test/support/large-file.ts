/** A file of any length that nobody stores: its bytes follow from their places. As an origin serves it, with ranges and conditions. */
import type { ServerResponse } from 'node:http'
import { formatHttpDate } from '../../src/wire/http-date.ts'
import { parseRange } from '../../src/wire/range.ts'
import type { OriginHit, OriginScript } from './scripted-origin.ts'

/** Bytes of one piece that is made and sent. */
const PIECE = 16 * 1024

/** Unlike in any two places that lie less than some MiB apart. */
const BLOCK = 4096
const PERIOD = 251
const PATTERN = Buffer.from(Array.from({ length: BLOCK + PERIOD }, (_, at) => at % PERIOD))

/** The bytes from `first` to `last` of a file; `version` tells one file from another. */
export function bytesOf(first: number, last: number, version: number = 0): Buffer {
  const bytes = Buffer.allocUnsafe(last - first + 1)
  for (let at = first; at <= last; ) {
    const block = Math.floor(at / BLOCK)
    const end = Math.min((block + 1) * BLOCK, last + 1)
    const mask = (block + 7 * version) % 256
    const from = at % PERIOD
    for (let i = 0; i < end - at; i++) bytes[at - first + i] = (PATTERN[from + i] as number) ^ mask
    at = end
  }
  return bytes
}

export interface LargeFileOptions {
  /** Default: made from `version`; `null`: none. */
  readonly etag?: string | null
  readonly fields?: Readonly<Record<string, string>>
  /** Default `true`. */
  readonly ranges?: boolean
  /** Epoch milliseconds now. */
  readonly wall?: () => number
}

export class LargeFile {
  length: number
  version = 0
  /** Bytes of bodies that were taken from here. */
  sent = 0
  /** Is told of each request before it is answered. */
  asked: (range: string) => unknown = () => {}
  /** Range fields of all requests, in order; `''` for none. */
  readonly ranges: string[] = []
  readonly #options: LargeFileOptions

  constructor(length: number, options: LargeFileOptions = {}) {
    this.length = length
    this.#options = options
  }

  get etag(): string | null {
    const { etag } = this.#options
    return etag === undefined ? `"v${this.version}"` : etag
  }

  readonly script: OriginScript = async (hit, response) => {
    const asked = hit.headers.range ?? ''
    this.ranges.push(asked)
    await this.asked(asked)
    this.#answer(hit, asked, response)
  }

  #answer({ method, headers }: OriginHit, asked: string, response: ServerResponse): void {
    const { length, version, etag } = this
    const { fields = {}, ranges = true, wall = Date.now } = this.#options
    const head: Record<string, string> = { 'Cache-Control': 'max-age=60', Date: formatHttpDate(wall()), ...fields }
    if (etag !== null) head['ETag'] = etag
    if (ranges) head['Accept-Ranges'] = 'bytes'
    if (etag !== null && headers['if-none-match'] === etag) {
      response.writeHead(304, head).end()
      return
    }
    const range = ranges && asked !== '' && headers['if-range'] === undefined ? parseRange(asked, length, 1) : ({ type: 'ignore' } as const)
    if (range.type === 'unsatisfiable') {
      response.writeHead(416, { ...head, 'Content-Range': `bytes */${length}`, 'Content-Length': '0' }).end()
      return
    }
    const { first, last } = (range.type === 'ranges' ? range.ranges[0] : undefined) ?? { first: 0, last: length - 1 }
    if (range.type === 'ranges') head['Content-Range'] = `bytes ${first}-${last}/${length}`
    response.writeHead(range.type === 'ranges' ? 206 : 200, { ...head, 'Content-Length': String(last - first + 1) })
    if (method === 'HEAD') response.end()
    else this.#send(response, first, last, version)
  }

  #send(response: ServerResponse, from: number, last: number, version: number): void {
    let at = from
    const more = (): void => {
      while (at <= last && !response.destroyed) {
        const end = Math.min(at + PIECE - 1, last)
        this.sent += end - at + 1
        const room = response.write(bytesOf(at, end, version))
        at = end + 1
        if (!room) {
          response.once('drain', more)
          return
        }
      }
      if (at > last) response.end()
    }
    more()
  }
}
