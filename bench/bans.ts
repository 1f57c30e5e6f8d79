/**
 * What 1,000 bans cost hits and the event loop: by hand, `node --max-old-space-size=8000 bench/bans.ts [objects] [bans]`. A table without sockets,
 * and the lurker as the server has it.
 */
import { type Clock, systemClock } from '../src/clock.ts'
import { Counters } from '../src/counters.ts'
import { Banning } from '../src/invalidation/banning.ts'
import { Bans } from '../src/invalidation/bans.ts'
import { InvalidationLog } from '../src/invalidation/log.ts'
import { Expiry } from '../src/object/expiry.ts'
import { LocalTable } from '../src/object/local-table.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { lookup, store } from './filling.ts'
import { seeded } from './harness/paths.ts'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const BANS = Number(process.argv[3] ?? 1000)

/** Of the kinds that shops send; none takes more than a few objects. */
const KINDS: readonly ((i: number) => string)[] = [
  (i) => `obj.url == /articles/of-some-length/number-${String(i).padStart(8, '0')}.html`,
  (i) => `obj.url ~ ^/products/category-${i}/`,
  (i) => `obj.http.content-type == image/${i} && obj.status == 404`,
  (i) => `obj.tags has product-${i}x`,
  (i) => `obj.host == shop-${i}.example.com && obj.url ~ \\.css$`,
]

const clock: Clock = systemClock
const counters = new Counters()
const log = new InvalidationLog()
const expiry: Expiry = new Expiry(clock, (entry) => table.expire(entry))
const bans: Bans = new Bans({ clock, counters, knows: (name) => table.variesBy(name) })
const table: LocalTable = new LocalTable({
  store: new MemoryStore(64 * 1024 ** 3),
  invalidations: log,
  bans,
  now: () => performance.now(),
  variants: 64,
  counters,
  expiry,
})
/** Of each task of the lurker, milliseconds that went by, and those of the thread. */
const tasks: [went: number, busy: number][] = []
const banning = new Banning({
  bans,
  table,
  log,
  clock,
  counters,
  turn: (go) =>
    void setImmediate(() => {
      const [at, before] = [performance.now(), cpu()]
      go()
      tasks.push([performance.now() - at, cpu() - before])
    }),
})

for (let i = 0; i < COUNT; i++) {
  store(table, i)
  if (i % 10_000 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
}
for (let i = 0; i < 5; i++) hits()
console.log(`${table.objects} objects; a hit takes ${hits()}, ${hits()}, ${hits()} µs`)
// A fetch that began before the bans, so that they stay.
const open = log.head
table.flights.begin(open)
const began = cpu()
const first = performance.now()
const answers = Array.from({ length: BANS }, (_, i) => banning.ban((KINDS[i % KINDS.length] as (i: number) => string)(i)))
console.log(`${bans.size} bans, added in ${(performance.now() - first).toFixed(1)} ms with the first task of the lurker`)
await Promise.all(answers)
for (let before = -1; before !== tasks.length || untested(); ) {
  before = tasks.length
  await new Promise<void>((resolve) => setTimeout(resolve, 500))
}
const spent = cpu() - began
const [went, busy] = [0, 1].map((which) => tasks.map((task) => task[which] as number).sort((a, b) => a - b)) as [number[], number[]]
const at = (sorted: number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
console.log(
  `the lurker's pass: ${counters.get('bans_lurker_tested')} tests in ${(spent / 1000).toFixed(1)} s of the thread and ${tasks.length} tasks; ` +
    `half of them took ${at(went, 0.5)} ms or less, 90 % ${at(went, 0.9)}, 99 % ${at(went, 0.99)}, the longest ${at(went, 1)} (of the thread, counted in steps of 4 ms: ${at(busy, 0.9)}, ${at(busy, 0.99)}, ${at(busy, 1)}); ${table.objects} objects left`,
)
console.log(`a hit while ${bans.size} bans are still listed: ${hits()}, ${hits()}, ${hits()} µs`)
log.purgeKey('another', false)
console.log(`and the first one after another entry of the log: ${hits()} µs`)
table.flights.end(open)
await new Promise<void>((resolve) => setTimeout(resolve, 500))
console.log(`a hit when ${bans.size} are: ${hits()}, ${hits()}, ${hits()} µs`)
banning.stop()
expiry.stop()

/** Whether anything is older than the newest ban and has not been tested; the walk ends at the first one. */
function untested(): boolean {
  for (const object of table.stored()) if (object.checked < log.head) return true
  return false
}

/** Microseconds of a look-up, keys drawn by Zipf's law: the median of 100 rounds of 1,000. */
function hits(): string {
  const random = seeded(11)
  const rounds: number[] = []
  for (let round = 0; round < 100; round++) {
    const batch = Array.from({ length: 1000 }, () => lookup(Math.floor((COUNT + 1) ** random()) - 1))
    const before = performance.now()
    for (const one of batch) table.find(one)
    rounds.push(performance.now() - before)
  }
  return (rounds.sort((a, b) => a - b)[50] ?? 0).toFixed(3)
}

function cpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
