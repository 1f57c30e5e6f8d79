import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { FieldScanner } from '../../src/wire/fields.ts'
import { serializeFields } from '../../src/wire/message-head.ts'
import { ask, claimOf, fillingFor, MIB, marker, type Rig, rig } from './things.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const COUNT = 10_000
const SCANNER = new FieldScanner({ line: 8192, count: 200 })

/** What the process holds, garbage collected: the JavaScript heap and the bytes of buffers. */
async function held(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/**
 * What memory grows by when `add` adds COUNT things numbered from `first` on, twice. What the test runner lets go of meanwhile lowers one of the
 * figures, by several megabytes as has been seen, and never raises one: so the larger tells whether there is as much as is counted.
 */
async function grownBy(add: (first: number) => void): Promise<readonly number[]> {
  const grown: number[] = []
  for (let round = 0; round < 2; round++) {
    const before = await held()
    add(round * COUNT)
    grown.push((await held()) - before)
  }
  return grown
}

/** A key as a request makes it: put together from pieces of a long head, or one such piece. */
function keyOf(i: number): string {
  const head = Buffer.from(
    `GET /an/article/of/some/length/number-${i}.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: ${'x'.repeat(2000)}\r\n`,
  ).toString('latin1')
  const url = head.slice(4, head.indexOf(' HTTP'))
  const host = head.slice(head.indexOf('Host: ') + 6, head.indexOf('\r\nUser-Agent'))
  return i % 2 === 0 ? url : `${url.length}:${url}${host.length}:${host}`
}

/** A variant: a piece of a long head of its own. */
function piece(i: number): string {
  return Buffer.from(`Accept-Language: ${i} de, en;q=0.5, fr;q=0.2\r\nUser-Agent: ${'z'.repeat(2000)}\r\n`)
    .toString('latin1')
    .slice(0, 40)
}

/** Stores an answer whose head and body arrived together in one read of 64 KiB. */
function arrive({ table }: Rig, i: number, size: number): void {
  const read = Buffer.alloc(64 * 1024)
  const length = read.write(
    `Content-Type: text/html; charset=utf-8\r\nCache-Control: public, max-age=31536000\r\nETag: "0123456789-${i}"\r\nVary: accept-encoding, x-something-else\r\nSet-Cookie: ${'y'.repeat(3000)}\r\nX-A-Name-Of-Its-Own: ${i}\r\n\r\n`,
    'latin1',
  )
  SCANNER.begin(0)
  const end = SCANNER.scan(read, length)
  const headers = SCANNER.headers(read.toString('latin1', 0, end), 0)
  headers.removeRaw('set-cookie')
  const key = keyOf(i)
  const names = (headers.joined('vary') ?? '').split(', ')
  const fieldLines = serializeFields(headers)
  const claim = claimOf(table.find(ask({ key })))
  const { filling, object } = fillingFor(table, { key, headers, fieldLines, ttl: 31_536_000, etag: headers.getLower('etag') ?? null })
  table.publish(claim, object, names, piece(i), true)
  filling.chunk(read.subarray(end, end + size))
  filling.end({ type: 'complete' })
}

describe('the memory of what is stored', () => {
  it.each([200, 1024])(
    'is what is counted, for bodies of %i bytes: no read buffer and no head is kept alive by a piece of it',
    async (size) => {
      const made = rig({ budget: 1024 * MIB })
      for (let i = 0; i < 200; i++) arrive(made, 2 * COUNT + i, size)
      const counted = made.table.bytes
      const grown = await grownBy((first) => {
        for (let i = 0; i < COUNT; i++) arrive(made, first + i, size)
      })
      const logical = (made.table.bytes - counted) / 2
      expect(made.table.objects).toBe(2 * COUNT + 200)
      for (const real of grown) expect(real).toBeLessThan(logical * 1.1)
      expect(Math.max(...grown)).toBeGreaterThan(logical * 0.6)
    },
  )

  it.each([
    ['tags of their own', (i: number) => [`product-${i}`, `another-${i}`, `third-${i}`]],
    ['tags that many have', (i: number) => [`category-${i % 10}`, 'shop', 'page']],
  ])('is not more than what is counted, for objects with %s', async (_, tagsOf) => {
    const { table } = rig({ budget: 1024 * MIB })
    const before = await held()
    for (let i = 0; i < COUNT; i++) {
      const key = keyOf(i)
      const claim = claimOf(table.find(ask({ key })))
      const { filling, object } = fillingFor(table, { key, ttl: 1000, tags: tagsOf(i) })
      table.publish(claim, object, [], '', true)
      filling.chunk(Buffer.alloc(200))
      filling.end({ type: 'complete' })
    }
    const real = (await held()) - before
    expect(table.objects).toBe(COUNT)
    expect(real).toBeLessThan(table.bytes * 1.1)
    await table.purgeSubject({ by: 'all' }, false)
    expect([table.tags, table.bytes]).toEqual([0, 0])
  })

  it('is not more than what is counted, for objects that have nothing alike', async () => {
    const { table } = rig({ budget: 1024 * MIB })
    const before = await held()
    for (let i = 0; i < COUNT; i++) {
      const key = keyOf(i)
      const claim = claimOf(table.find(ask({ key })))
      const { filling, object } = fillingFor(table, { key, ttl: 1000.5 + i, keep: i, at: i / 7, date: i + 0.5 })
      table.publish(claim, object, [], piece(i), true)
      filling.chunk(Buffer.alloc(200))
      filling.end({ type: 'complete' })
    }
    expect((await held()) - before).toBeLessThan(table.bytes * 1.1)
  })

  it('is what is counted, for refusals', async () => {
    const { table } = rig({ budget: 1024 * MIB })
    const grown = await grownBy((first) => {
      for (let i = first; i < first + COUNT; i++) {
        const key = keyOf(i)
        table.refuse(claimOf(table.find(ask({ key }))), [], piece(i), marker({ key }), false)
      }
    })
    for (const real of grown) expect(real).toBeLessThan((table.bytes / 2) * 1.1)
    expect(Math.max(...grown)).toBeGreaterThan((table.bytes / 2) * 0.4)
  })

  it('is given back when it is evicted, however far away its time is', async () => {
    const made = rig({ budget: 4 * MIB })
    for (let i = 0; i < 10; i++) arrive(made, i, 60_000)
    const before = await held()
    for (let i = 0; i < 3000; i++) arrive(made, i, 60_000)
    expect(made.table.bytes).toBeLessThanOrEqual(4 * MIB)
    expect((await held()) - before).toBeLessThan(8 * MIB)
    expect(made.expiry.size).toBe(made.store.count)
  })

  it('is all given back when everything is purged', async () => {
    const made = rig({ budget: 1024 * MIB })
    const before = await held()
    for (let i = 0; i < COUNT; i++) arrive(made, i, 200)
    for (let i = 0; i < COUNT; i++) made.table.purge(keyOf(i), false)
    expect([made.table.keys, made.table.bytes, made.store.count, made.expiry.size]).toEqual([0, 0, 0, 0])
    // What remains is the log of the purges.
    expect(((await held()) - before) / COUNT).toBeLessThan(500)
  })
})
