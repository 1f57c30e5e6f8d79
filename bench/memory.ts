/** What an object costs in memory, and a look-up as they grow more: by hand, `node --expose-gc bench/memory.ts [objects] [tags]`. */
import { systemClock } from '../src/clock.ts'
import { Counters } from '../src/counters.ts'
import { InvalidationLog } from '../src/invalidation/log.ts'
import { Expiry } from '../src/object/expiry.ts'
import { LocalTable } from '../src/object/local-table.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { BODY, lookup, store as storeIn } from './filling.ts'

const COUNT = Number(process.argv[2] ?? 200_000)
const TAGS = Number(process.argv[3] ?? 0)
const store = (i: number): void => storeIn(table, i, 3600, [`product-${i}`, `category-${i % 100}`, 'all'].slice(0, TAGS))

const expiry: Expiry = new Expiry(systemClock, (entry) => table.expire(entry))
const table: LocalTable = new LocalTable({
  store: new MemoryStore(64 * 1024 ** 3),
  invalidations: new InvalidationLog(),
  now: () => performance.now(),
  variants: 64,
  counters: new Counters(),
  expiry,
})

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
