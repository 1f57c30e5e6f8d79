/** What an object costs in memory, and a look-up as they grow more: by hand, `node --expose-gc bench/memory.ts [objects] [tags]`. */
import { systemClock } from '../src/clock.ts'
import { Counters } from '../src/counters.ts'
import { InvalidationLog } from '../src/invalidation/log.ts'
import { Expiry } from '../src/object/expiry.ts'
import { keyOf } from '../src/object/key-text.ts'
import { LocalTable } from '../src/object/local-table.ts'
import { CachedObject } from '../src/object/object.ts'
import { arrivedBody, keptBody } from '../src/object/stored-body.ts'
import type { Lookup } from '../src/object/table.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { FieldScanner } from '../src/wire/fields.ts'
import { serializeFields } from '../src/wire/message-head.ts'

const COUNT = Number(process.argv[2] ?? 200_000)
const TAGS = Number(process.argv[3] ?? 0)
const HOST = 'www.example.com'
const BODY = 1024
const NO_NAMES: readonly string[] = []

const expiry: Expiry = new Expiry(systemClock, (entry) => table.expire(entry))
const table: LocalTable = new LocalTable({
  store: new MemoryStore(64 * 1024 ** 3),
  invalidations: new InvalidationLog(),
  now: () => performance.now(),
  variants: 64,
  counters: new Counters(),
  expiry,
})

/** 45 characters. */
const urlOf = (i: number): string => `/articles/of-some-length/number-${String(i).padStart(8, '0')}.html`
const scanner = new FieldScanner({ line: 8192, count: 200 })
const read = Buffer.alloc(4096, 'b')

/** Head and body in one read, as a fetch stores them: nine fields, 1 KiB. */
function store(i: number): void {
  const end = read.write(
    `Date: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${BODY}\r\n` +
      `Cache-Control: public, max-age=3600\r\nETag: "5f3c9-${String(i).padStart(8, '0')}"\r\nLast-Modified: Fri, 20 Nov 2026 09:13:27 GMT\r\n` +
      `Server: nginx/1.22.1\r\nX-Frame-Options: SAMEORIGIN\r\nX-Request-Id: 0123456789abcdef${String(i).padStart(8, '0')}\r\n\r\n`,
    'latin1',
  )
  scanner.begin(0)
  const headers = scanner.headers(read.toString('latin1', 0, scanner.scan(read, end)), 0)
  const object = new CachedObject({
    key: keyOf({ url: urlOf(i), host: HOST }),
    target: null,
    status: 200,
    reason: 'OK',
    headers,
    fieldLines: serializeFields(headers),
    withheld: NO_NAMES,
    life: { storedAt: performance.now(), ttl: 3600, grace: 0, staleIfError: 86400, staleIfErrorExplicit: false, keep: 3600, age: 0 },
    retention: 'max',
    position: table.position,
    etag: headers.getLower('etag') ?? null,
    lastModified: 1_795_166_007_000,
    date: 1_795_255_200_000,
    part: null,
    tags: [`product-${i}`, `category-${i % 100}`, 'all'].slice(0, TAGS),
    mustRevalidate: false,
    lifetimeSource: 'max-age',
    body: keptBody(arrivedBody(read, end, end + BODY)),
    backend: 'app',
  })
  table.publish(null, object, NO_NAMES, 'http', true)
  table.complete(object)
}

function lookup(i: number): Lookup {
  return {
    key: Buffer.from(keyOf({ url: urlOf(i), host: HOST })).toString('latin1'),
    credentialed: false,
    now: performance.now(),
    variant: () => 'http',
    alsoMatches: () => false,
    judge: (object) => object.freshness(performance.now()),
    covers: () => false,
    range: null,
    alwaysMiss: false,
    ignoreBusy: false,
    ignoreVary: false,
    solitary: false,
    attempt: 0,
    demanding: false,
    completesParts: false,
  }
}

/** Nanoseconds of a look-up that reads head and body, drawn at random out of the first `among`. */
function hits(among: number): string {
  let seed = 1
  let sum = 0
  const rounds: number[] = []
  for (let round = 0; round < 60; round++) {
    const batch = Array.from({ length: 1000 }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return lookup((seed >>> 3) % among)
    })
    const began = performance.now()
    for (const one of batch) {
      const found = table.find(one)
      if (found.type !== 'object' || found.object.complete === false) throw new Error(`no hit: ${one.key}`)
      sum += found.object.fieldLines.charCodeAt(100) + (found.object.body.length ?? 0)
    }
    rounds.push(((performance.now() - began) * 1e6) / batch.length)
  }
  rounds.sort((a, b) => a - b)
  if (sum === 0) throw new Error('nothing was read')
  return `${(rounds[30] ?? 0).toFixed(0)} ns`
}

interface Held {
  readonly heap: number
  readonly buffers: number
  readonly rss: number
}

/** Bytes, garbage collected. */
async function held(): Promise<Held> {
  for (let i = 0; i < 4; i++) {
    global.gc?.()
    await new Promise<void>((resolve) => setTimeout(resolve, 50))
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers, rss }
}

for (let i = 0; i < 1000; i++) store(i)
for (let i = 0; i < 3; i++) hits(1000)
const before = await held()
const counted = table.bytes
console.log(`1,000 objects: a look-up takes ${hits(1000)}`)
const began = performance.now()
for (let i = 1000; i < COUNT + 1000; i++) {
  store(i)
  if (i % 10_000 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
}
const seconds = (performance.now() - began) / 1000
const after = await held()
const each = (bytes: number): number => Math.round(bytes / COUNT)
console.log(
  `${table.objects} objects of ${BODY} bytes with ${TAGS} tags, ${((seconds * 1e6) / COUNT).toFixed(1)} µs to store one: each holds ` +
    `${each(after.heap - before.heap)} bytes of heap and ${each(after.buffers - before.buffers)} of buffers, ${each(after.rss - before.rss)} resident; ` +
    `${each(table.bytes - counted)} are counted; ${each(after.heap + after.buffers - before.heap - before.buffers) - BODY} beyond the body`,
)
console.log(`a look-up among 1,000 of them ${hits(1000)}, among all ${hits(COUNT)}`)
expiry.stop()
