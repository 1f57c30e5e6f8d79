/**
 * What storing one more object costs a full cache, and what it costs when objects expire, for caches of different sizes: by hand,
 * `node --max-old-space-size=8000 bench/full.ts [objects ...]`. Time of the thread alone.
 */
import { ManualClock } from '../src/clock.ts'
import { Counters } from '../src/counters.ts'
import { InvalidationLog } from '../src/invalidation/log.ts'
import { Expiry } from '../src/object/expiry.ts'
import { LocalTable } from '../src/object/local-table.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { lookup, store } from './filling.ts'
import { seeded } from './harness/paths.ts'

/** Objects stored in a full cache for one measurement. */
const MORE = 100_000
const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000, 1_000_000]
/** Counted for one object. */
const EACH = 2064

const figures: Record<string, Record<string, string>> = {}
// The first one is for the compiler.
await measure(10_000)
for (const count of counts) figures[count] = await measure(count)
console.log('µs of the thread for each object')
console.table(figures)

async function measure(count: number): Promise<Record<string, string>> {
  const clock = new ManualClock()
  const random = seeded(count)
  let longest = 0
  let began = 0
  // Each slice of the expiry is a timer of the clock.
  const timed = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms: number, callback: () => void) =>
      clock.after(ms, () => {
        began = cpu()
        callback()
        longest = Math.max(longest, cpu() - began)
      }),
  }
  const expiry: Expiry = new Expiry(timed, (entry) => table.expire(entry))
  const counters = new Counters()
  const table: LocalTable = new LocalTable({
    store: new MemoryStore(count * EACH),
    invalidations: new InvalidationLog(),
    now: () => clock.now(),
    variants: 64,
    counters,
    expiry,
  })
  let next = 0
  const storeOne = (): void => store(table, next++, 600 + Math.floor(3000 * random()))
  const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  while (counters.get('n_lru_nuked') === 0) {
    for (let i = 0; i < 1000; i++) storeOne()
    await breathe()
  }
  // Every fourth request of those in the cache is for one that is used again.
  const found = (): void => {
    const number = next - 1 - Math.floor(random() * count)
    const hit = table.find({ ...lookup(number), now: 0, judge: () => 'fresh' })
    if (hit.type === 'fetch' && hit.claim !== null) table.release(hit.claim, { type: 'again' })
  }
  let storing = 0
  for (let i = 0; i < MORE; i += 1000) {
    for (let k = 0; k < 250; k++) found()
    const before = cpu()
    for (let k = 0; k < 1000; k++) storeOne()
    storing += cpu() - before
    if (i % 10_000 === 0) await breathe()
  }
  const { objects } = table
  const before = cpu()
  clock.advance(100_000 * 1000)
  const expiring = cpu() - before
  if (table.objects !== 0) throw new Error(`${table.objects} did not expire`)
  return {
    objects: String(objects),
    'stored and another evicted': (storing / MORE).toFixed(2),
    expired: (expiring / objects).toFixed(2),
    'longest slice of the expiry, ms': (longest / 1000).toFixed(1),
  }
}

/** Microseconds. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
