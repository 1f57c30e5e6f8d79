/** A sliced body as its reader sees it: the right bytes at any pace, and no more fetched than that pace asks for. */
import { describe, expect, it } from 'vitest'
import { type Assembly, assemble } from '../../src/assembly.ts'
import type { Body, BodyEnd } from '../../src/body/body.ts'
import { ManualClock } from '../../src/clock.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import type { ResponseHead } from '../../src/request/exchange.ts'
import { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { serve } from '../../src/request/serve.ts'
import { fakeOrigins, type OriginReply, type OriginSeen } from '../../src/testing/fake-origin.ts'
import { parseRange } from '../../src/wire/range.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { bytesOf } from '../support/large-file.ts'
import fc from '../support/properties.ts'

const KIB = 1024
const SLICE = 64 * KIB

/** Its answer's body is not read until somebody does. */
class Unread extends MemoryExchange {
  unread: Body | null = null
  readonly begun: Promise<void>
  #begun: () => void = () => {}

  constructor(...of: ConstructorParameters<typeof MemoryExchange>) {
    super(...of)
    this.begun = new Promise((resolve) => {
      this.#begun = resolve
    })
  }

  override respond(head: ResponseHead, body: Body | null): void {
    this.status = head.status
    this.contentLength = head.contentLength
    this.unread = body
    this.#begun()
  }

  override respondWhole(head: ResponseHead, body: Buffer | string | null): void {
    this.respond(head, body === null ? null : bodyOf(typeof body === 'string' ? Buffer.from(body, 'latin1') : body))
  }
}

interface Cache extends Assembly {
  readonly asked: string[]
}

function cacheOf(length: number, slice: number): Cache {
  const asked: string[] = []
  const handler = ({ headers }: OriginSeen): OriginReply => {
    const field = headers.get('range') ?? ''
    asked.push(field)
    const range = parseRange(field, length, 1)
    const { first, last } = (range.type === 'ranges' ? range.ranges[0] : undefined) ?? { first: 0, last: length - 1 }
    const head = { ETag: '"v"', 'Cache-Control': 'max-age=60' }
    if (range.type === 'unsatisfiable') return { status: 416, headers: { 'Content-Range': `bytes */${length}` } }
    if (range.type === 'ignore') return { headers: head, body: bytesOf(first, last) }
    return { status: 206, headers: { ...head, 'Content-Range': `bytes ${first}-${last}/${length}` }, body: bytesOf(first, last) }
  }
  const clock = new ManualClock()
  const faulty = (cause: unknown): never => {
    throw cause
  }
  const eventLog = { info() {}, warn() {}, error() {} }
  const origins = fakeOrigins({ handler, clock, saw: () => {}, faulty })
  return { ...assemble({ origin: 'http://origin.test', memory: 1 << 26, slice, clock, eventLog }, { origins }), asked }
}

async function answerOf(cache: Cache, range: string | null): Promise<Unread> {
  const headers = HeaderMap.of([['Host', 'www.example'], ...(range === null ? [] : [['Range', range] as const])])
  const peer = { address: '192.0.2.1', port: 1, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false } as const
  const exchange = new Unread({ method: 'GET', target: '/film', host: 'www.example', version: '1.1', headers }, peer)
  serve(cache.engine, exchange)
  await exchange.begun
  return exchange
}

/** Reads it, and pauses after every so many bytes until the next turn of the event loop. */
function slowly(body: Body, pace: number): Promise<{ readonly bytes: Buffer; readonly end: BodyEnd }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let since = 0
    const flow = body.read({
      chunk(bytes) {
        chunks.push(bytes)
        since += bytes.length
        if (since < pace) return true
        since = 0
        setImmediate(() => flow.resume())
        return false
      },
      end: (end) => resolve({ bytes: Buffer.concat(chunks), end }),
    })
  })
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('a sliced body', () => {
  it('is exactly the bytes of any range of any file, cached or not, at any pace', async () => {
    const cases = fc
      .record({ length: fc.integer({ min: SLICE, max: 10 * SLICE }), slice: fc.integer({ min: SLICE, max: 3 * SLICE }) })
      .chain(({ length, slice }) =>
        fc.record({
          length: fc.constant(length),
          slice: fc.constant(slice),
          asked: fc.array(fc.tuple(fc.nat(length - 1), fc.nat(length - 1), fc.integer({ min: 1, max: 3 * SLICE })), {
            minLength: 1,
            maxLength: 4,
          }),
        }),
      )
    await fc.assert(
      fc.asyncProperty(cases, async ({ length, slice, asked }) => {
        const cache = cacheOf(length, slice)
        for (const [one, other, pace] of asked) {
          const [first, last] = [Math.min(one, other), Math.max(one, other)]
          const { unread, status, contentLength } = await answerOf(cache, `bytes=${first}-${last}`)
          expect([status, contentLength]).toEqual([206, last - first + 1])
          const { bytes, end } = unread === null ? { bytes: Buffer.alloc(0), end: null } : await slowly(unread, pace)
          expect(end).toEqual({ type: 'complete' })
          expect(bytes.equals(bytesOf(first, last))).toBe(true)
        }
        // Nothing is fetched twice.
        expect(new Set(cache.asked).size).toBe(cache.asked.length)
      }),
      { numRuns: 40 },
    )
  })

  it('is fetched one slice ahead of its reader and no further', async () => {
    const cache = cacheOf(10 * SLICE, SLICE)
    const { unread } = await answerOf(cache, null)
    await turns(10)
    expect(cache.asked.length).toBe(1)
    let wanted = 1
    let read = 0
    const flow = (unread as Body).read({
      chunk(bytes) {
        read += bytes.length
        return read < wanted
      },
      end() {},
    })
    for (const [until, slices] of [
      [2.1 * SLICE, 4],
      [5.1 * SLICE, 7],
    ] as const) {
      wanted = until
      flow.resume()
      await turns(30)
      expect(read).toBeGreaterThanOrEqual(until)
      expect(cache.asked.length).toBeLessThanOrEqual(slices)
    }
    flow.cancel(new Error('enough'))
    await turns(30)
    expect(cache.asked.length).toBeLessThanOrEqual(7)
  })

  it('gives the slice back that it asked for when nobody reads it', async () => {
    const cache = cacheOf(10 * SLICE, SLICE)
    const exchange = await answerOf(cache, null)
    exchange.leave()
    await turns(30)
    expect(cache.asked.length).toBe(1)
    expect(cache.engine.table.objects).toBe(2)
  })
})
