/** What purging costs a table of a million tagged objects: by hand, `node bench/invalidation.ts [objects]`. */
import { PerformanceObserver } from 'node:perf_hooks'
import { systemClock } from '../src/clock.ts'
import { Counters } from '../src/counters.ts'
import { InvalidationLog } from '../src/invalidation/log.ts'
import { Expiry } from '../src/object/expiry.ts'
import { keyOf } from '../src/object/key-text.ts'
import { LocalTable } from '../src/object/local-table.ts'
import { CachedObject } from '../src/object/object.ts'
import { type Pace, systemPace } from '../src/object/pace.ts'
import { bodyOf } from '../src/object/stored-body.ts'
import type { SubjectPurge } from '../src/object/subject.ts'
import type { Lookup } from '../src/object/table.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { HeaderMap } from '../vcl-ts/headers.ts'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const HOST = 'www.example.com'
const NO_NAMES: readonly string[] = []

/** Milliseconds of processor time of this thread, so that what else the machine does counts little. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** The slices of a purge, in such milliseconds. */
let slices: number[] = []
const pace: Pace = {
  ...systemPace,
  turn: (callback) => {
    setImmediate(() => {
      const began = cpu()
      callback()
      slices.push(cpu() - began)
    })
  },
}

let collecting = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) collecting = Math.max(collecting, entry.duration)
}).observe({ entryTypes: ['gc'] })

const expiry: Expiry = new Expiry(systemClock, (entry) => table.expire(entry))
const log = new InvalidationLog()
const table: LocalTable = new LocalTable({
  store: new MemoryStore(64 * 1024 ** 3),
  invalidations: log,
  now: () => performance.now(),
  variants: 64,
  counters: new Counters(),
  expiry,
  pace,
})

const urlOf = (i: number): string => `/${i % 7 === 0 ? 'shop' : 'blog'}/an-article-of-some-length-${i}.html`

function store(i: number): void {
  const key = keyOf({ url: urlOf(i), host: HOST })
  const object = new CachedObject({
    key,
    target: null,
    status: 200,
    reason: 'OK',
    headers: HeaderMap.of([
      ['Content-Type', 'text/html'],
      ['Cache-Control', 'max-age=3600'],
    ]),
    fieldLines: 'Content-Type: text/html\r\nCache-Control: max-age=3600\r\n',
    withheld: NO_NAMES,
    life: { storedAt: performance.now(), ttl: 3600 + (i % 1000), grace: 0, staleIfError: 0, staleIfErrorExplicit: false, keep: 0, age: 0 },
    retention: 'max',
    position: table.position,
    etag: null,
    lastModified: null,
    date: 0,
    part: null,
    tags: [`product-${i}`, `category-${i % Math.ceil(COUNT / 10_000)}`, 'all'],
    mustRevalidate: false,
    lifetimeSource: 'max-age',
    body: BODY,
    backend: '',
  })
  table.publish(null, object, NO_NAMES, 'http', true)
  table.complete(object)
}

const BODY = bodyOf(Buffer.alloc(64))

function lookup(i: number): Lookup {
  return {
    key: keyOf({ url: urlOf(i), host: HOST }),
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

async function purge(name: string, subject: SubjectPurge, soft: boolean): Promise<void> {
  slices = []
  collecting = 0
  const began = performance.now()
  const busy = cpu()
  const result = table.purgeSubject(subject, soft)
  const first = cpu() - busy
  const { objects } = await result
  const all = performance.now() - began
  const sum = first + slices.reduce((total, slice) => total + slice, 0)
  console.log(
    `${name}: ${objects} objects, ${sum.toFixed(1)} ms of the thread in ${slices.length + 1} slices, the longest ${Math.max(first, ...slices).toFixed(1)} ms` +
      ` (longest pause for the garbage collector ${collecting.toFixed(1)} ms); answered after ${all.toFixed(1)} ms`,
  )
}

const NAMES = Array.from({ length: 1000 }, (_, i) => lookup(i * Math.floor(COUNT / 1000)))

function hits(name: string, before: () => void): void {
  const rounds: number[] = []
  for (let round = 0; round < 200; round++) {
    before()
    const began = performance.now()
    for (const one of NAMES) if (table.find(one).type !== 'object') throw new Error(`no hit: ${one.key}`)
    rounds.push(((performance.now() - began) * 1e6) / NAMES.length)
  }
  rounds.sort((a, b) => a - b)
  console.log(`${name}: ${(rounds[100] ?? 0).toFixed(0)} ns a look-up (median of 200 rounds of 1,000)`)
}

const heapBefore = process.memoryUsage().heapUsed
const began = performance.now()
for (let i = 0; i < COUNT; i++) {
  store(i)
  if (i % 10_000 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
}
const { heapUsed } = process.memoryUsage()
console.log(
  `${table.objects} objects with three tags each, stored in ${((performance.now() - began) / 1000).toFixed(1)} s: ` +
    `${Math.round(table.bytes / table.objects)} bytes counted for each, ${Math.round((heapUsed - heapBefore) / table.objects)} held; ${table.tags} tags`,
)
for (let i = 0; i < 3; i++) hits('hit', () => {})
hits('hit, an entry of the log behind', () => log.purgeKey('another', false))
let n = 0
hits('hit, 1,000 entries of the log behind', () => {
  for (let i = 0; i < 1000; i++) log.purgeKey(`another ${n++}`, false)
})
for (let i = 1; i < 6; i++) await purge('by a tag', { by: 'tags', tags: [`category-${i}`] }, false)
await purge('by a tag, softly', { by: 'tags', tags: ['category-0'] }, true)
await purge('by a tag that nobody has', { by: 'tags', tags: ['none'] }, false)
await purge('by a host that nobody has', { by: 'host', host: 'other' }, false)
await purge('by a prefix', { by: 'prefix', prefix: '/shop/', host: HOST }, false)
await purge('of all, softly', { by: 'all' }, true)
await purge('of all', { by: 'all' }, false)
expiry.stop()
