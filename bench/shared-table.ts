/**
 * What a look-up and a store cost over memory that workers share, as there are more objects and more workers: by hand, `node bench/shared-table.ts`.
 * One thread plays all participants in turn, so that the figures are those of the work alone.
 */
import { MessageChannel } from 'node:worker_threads'
import { systemClock } from '../src/clock.ts'
import { resolveSettings } from '../src/config/resolve.ts'
import { Counters } from '../src/counters.ts'
import { keyOf } from '../src/object/key-text.ts'
import { CachedObject } from '../src/object/object.ts'
import { PortChannel } from '../src/object/shared/channel.ts'
import { bodyOf } from '../src/object/stored-body.ts'
import type { Lookup, ObjectTable } from '../src/object/table.ts'
import { createStores, type Stores, shareMemory } from '../src/stores.ts'
import { HeaderMap } from '../vcl-ts/headers.ts'

const GIB = 1024 ** 3
const SETTINGS = resolveSettings({ memory: 2 * GIB })
const COUNTS = [2_000, 300_000]
const FLEETS = [2, 8]
const NO_NAMES: readonly string[] = []
/** Objects that are asked for again and again. */
const HOT = 200
const ROUNDS = 7
const BODY = Buffer.alloc(1024, 'b')
const FIELDS = [
  ['Date', 'Sat, 21 Nov 2026 10:00:00 GMT'],
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'public, max-age=3600'],
  ['Server', 'nginx/1.22.1'],
] as const
const LINES = FIELDS.map(([name, value]) => `${name}: ${value}\r\n`).join('')

const keyAt = (i: number): string => keyOf({ url: `/articles/of-some-length/number-${i}.html`, host: 'www.example.com' })

function store(table: ObjectTable, i: number): boolean {
  const object = new CachedObject({
    key: keyAt(i),
    target: null,
    status: 200,
    reason: 'OK',
    headers: HeaderMap.of(FIELDS),
    fieldLines: LINES,
    withheld: NO_NAMES,
    life: { storedAt: systemClock.now(), ttl: 3600, grace: 0, staleIfError: 0, staleIfErrorExplicit: false, keep: 0, age: 0 },
    retention: 'max',
    position: table.position,
    etag: null,
    lastModified: null,
    date: 0,
    part: null,
    tags: [],
    mustRevalidate: false,
    lifetimeSource: 'max-age',
    body: bodyOf(BODY),
    backend: 'http://origin',
  })
  table.publish(null, object, NO_NAMES, '', true)
  return table.complete(object)
}

function lookup(key: string): Lookup {
  return {
    key,
    credentialed: false,
    now: systemClock.now(),
    variant: () => '',
    alsoMatches: () => false,
    judge: () => 'fresh',
    covers: () => false,
    range: null,
    alwaysMiss: false,
    ignoreBusy: false,
    ignoreVary: false,
    solitary: true,
    attempt: 0,
    demanding: false,
    completesParts: false,
  }
}

/** Nanoseconds of one of many, the least of some rounds. */
function measure(round: (round: number) => number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < ROUNDS; i++) {
    const from = performance.now()
    const times = round(i)
    least = Math.min(least, ((performance.now() - from) * 1e6) / times)
  }
  return Math.round(least)
}

class Bench {
  readonly librarian: Stores | null = null
  readonly tables: ObjectTable[] = []
  readonly #all: Stores[] = []

  /** 0 workers: the table of one process. */
  constructor(workers: number) {
    const init = { settings: SETTINGS, clock: systemClock, counters: new Counters() }
    if (workers === 0) {
      this.#all.push(createStores(init, null))
      this.tables.push((this.#all[0] as Stores).table)
      return
    }
    const memory = shareMemory(SETTINGS, workers)
    this.librarian = createStores(init, { role: 'librarian', memory })
    for (let participant = 1; participant <= workers; participant++) {
      const { port1, port2 } = new MessageChannel()
      this.librarian.librarian?.admit(participant, new PortChannel(port1))
      const worker = createStores(init, { role: 'worker', memory, participant, librarian: new PortChannel(port2) })
      this.#all.push(worker)
      this.tables.push(worker.table)
    }
  }

  async fill(from: number, count: number): Promise<void> {
    for (let i = from; i < from + count; i++) {
      if (!store(this.tables[i % this.tables.length] as ObjectTable, i)) throw new Error(`no room for ${i}`)
      if (i % 100 === 0) await this.rest()
    }
    await this.rest()
  }

  /** The librarian's turn. */
  async rest(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise(setImmediate)
  }

  stop(): void {
    for (const stores of [...this.#all, this.librarian]) stores?.stop()
  }
}

async function run(workers: number, count: number): Promise<void> {
  const bench = new Bench(workers)
  await bench.fill(0, count)
  const [table] = bench.tables as [ObjectTable]
  const other = bench.tables.at(-1) as ObjectTable
  const keys = Array.from({ length: HOT }, (_, i) => keyAt(i))
  for (const key of keys) table.find(lookup(key))
  const hit = measure(() => {
    for (let i = 0; i < 500; i++) for (const key of keys) table.find(lookup(key))
    return 500 * HOT
  })
  // What the first worker stored and the last has not been asked for yet.
  const first = measure((round) => {
    const stride = bench.tables.length
    let found = 0
    for (let i = 0; i < 20; i++) if (other.find(lookup(keyAt((round * 20 + i) * stride))).type === 'object') found++
    if (found < 20) throw new Error('not found')
    return found
  })
  const stores: number[] = []
  const wholes: number[] = []
  let next = count
  for (let round = 0; round < 8 * ROUNDS; round++) {
    const from = performance.now()
    for (let i = 0; i < 200; i++) if (!store(table, next++)) throw new Error('no room')
    stores.push(((performance.now() - from) * 1e6) / 200)
    await bench.rest()
    wholes.push(((performance.now() - from) * 1e6) / 200)
  }
  const least = Math.round(Math.min(...stores))
  const whole = Math.round(Math.min(...wholes))
  console.log(
    `${String(workers || 'no').padStart(3)} workers ${String(count).padStart(7)} objects: hit ${hit} ns, first look-up ${workers === 0 ? '-' : first} ns, store ${least} ns, with the librarian’s and all other workers’ part of it ${whole} ns`,
  )
  bench.stop()
}

for (const count of COUNTS) for (const workers of [0, ...FLEETS]) await run(workers, count)
process.exit(0)
