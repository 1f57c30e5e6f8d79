/**
 * What URLs that are asked for once do to the hit ratio of the others, without sockets: by hand, `node bench/scan.ts [one-offs] [entries]`.
 * The memory tier as it is beside other ways to choose who leaves (`eviction.ts`).
 */
import type { Entry } from '../src/object/entry.ts'
import { MemoryStore } from '../src/storage/memory.ts'
import { type Bounds, type Eviction, lru, lruCache, s3fifo, segmentedLru, sieve } from './eviction.ts'
import { seeded } from './harness/paths.ts'

const ONE_OFFS = Number(process.argv[2] ?? 5_000_000)
/** Entries of the average size that a full cache holds. */
const ROOM = Number(process.argv[3] ?? 100_000)
const SIZE = 1024

interface Workload {
  readonly name: string
  /** Hot URLs, in times of what the cache holds. */
  readonly hot: number
  /** Of Zipf's law. */
  readonly exponent: number
  /** Sizes from 0.2 to 200 times a median (log-normal), not all alike. */
  readonly sized?: boolean
  /** Another hundredth of the hot URLs becomes the most popular after so many requests, in times of what the cache holds. */
  readonly shifts?: number
  /** Of all requests while it lasts, those for one-off URLs. */
  readonly shares: readonly number[]
}

const WORKLOADS: readonly Workload[] = [
  { name: 'hot URLs fill 80 % of the cache', hot: 0.8, exponent: 1, shares: [0.5, 0.9, 1] },
  { name: 'the same, popularity flatter (0.7)', hot: 0.8, exponent: 0.7, shares: [0.5, 0.9] },
  { name: 'hot URLs fill the cache', hot: 1, exponent: 1, shares: [0.5, 0.9] },
  { name: 'twice what the cache holds', hot: 2, exponent: 1, shares: [0.5] },
  { name: 'ten times what the cache holds', hot: 10, exponent: 1, shares: [0.5, 0.9, 1] },
  { name: 'three times, of very different sizes', hot: 3, exponent: 1, sized: true, shares: [0.5] },
  { name: 'ten times, popularity shifting', hot: 10, exponent: 1, shifts: 2, shares: [0.5] },
]

const KINDS: readonly ((bounds: Bounds) => Eviction)[] = [
  memoryTier,
  lruCache,
  lru,
  (bounds) => segmentedLru(bounds, 0.2),
  (bounds) => segmentedLru(bounds, 0.05),
  sieve,
  (bounds) => s3fifo(bounds, { share: 0.1, uses: 2, ghosts: true, spared: Number.POSITIVE_INFINITY }),
  (bounds) => s3fifo(bounds, { share: 0.05, uses: 1, ghosts: true, spared: 64 }),
  (bounds) => s3fifo(bounds, { share: 0.05, uses: 1, ghosts: false, spared: 64 }),
]

for (const workload of WORKLOADS) {
  for (const share of workload.shares) {
    console.log(`${workload.name}; ${ONE_OFFS} one-off URLs, ${share * 100} % of the requests`)
    console.table(Object.fromEntries(KINDS.map((kind) => run(workload, share, kind))))
  }
}

function run(
  workload: Workload,
  share: number,
  kind: (bounds: Bounds) => Eviction,
): readonly [name: string, ratios: Readonly<Record<string, string>>] {
  const hot = Math.round(workload.hot * ROOM)
  const cache = kind({ bytes: ROOM * SIZE, keys: hot + ONE_OFFS })
  const random = seeded(7)
  let asked = 0
  const ask = (key: number): number => {
    if (cache.use(key)) return 1
    cache.add(key, workload.sized === true ? sizeOf(key) : SIZE)
    return 0
  }
  const askHot = (): number => {
    asked++
    const shift = workload.shifts === undefined ? 0 : Math.floor(asked / (workload.shifts * ROOM)) * Math.floor(hot / 100)
    return ask((draw(hot, workload.exponent, random()) * 7 + shift) % hot)
  }
  const ratio = (requests: number): number => {
    let hits = 0
    for (let i = 0; i < requests; i++) hits += askHot()
    return (100 * hits) / requests
  }
  ratio(30 * ROOM)
  const before = ratio(10 * ROOM)
  let hits = 0
  let requests = 0
  for (let once = 0; once < ONE_OFFS; ) {
    if (random() < share) ask(hot + once++)
    else {
      requests++
      hits += askHot()
    }
  }
  const during = (100 * hits) / requests
  const after = ratio(ROOM)
  const ratios = { before: before.toFixed(1), during: requests === 0 ? '-' : during.toFixed(1), after: after.toFixed(1) }
  return [cache.name, { ...ratios, falls: (before - (requests === 0 ? after : Math.min(during, after))).toFixed(1) }]
}

/** By Zipf's law, inverting the continuous distribution. */
function draw(count: number, exponent: number, random: number): number {
  if (exponent === 1) return Math.floor((count + 1) ** random) - 1
  const power = 1 - exponent
  return Math.floor((1 + random * ((count + 1) ** power - 1)) ** (1 / power)) - 1
}

function sizeOf(key: number): number {
  const random = seeded(Math.imul(key, 7919) + 1)
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.ceil(Math.min(200, Math.max(0.2, Math.exp(1.2 * normal))) * (SIZE / 2))
}

function memoryTier({ bytes }: Bounds): Eviction {
  const store = new MemoryStore(bytes)
  const entries = new Map<number, Entry>()
  store.onLeave = ({ id }) => entries.delete(id)
  return {
    name: 'the memory tier',
    use(key) {
      const entry = entries.get(key)
      if (entry !== undefined) store.touch(entry)
      return entry !== undefined
    },
    add(key, size) {
      const entry: Entry = { id: key, key: `/${key}`, bytes: size, expiresAt: Number.POSITIVE_INFINITY, place: -1, row: -1 }
      if (store.put(entry)) entries.set(key, entry)
    },
  }
}
