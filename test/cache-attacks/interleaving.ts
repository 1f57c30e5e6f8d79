/** Courses, and their runs over the table of one process. */
import type { Clock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Banning, type PositionedLog } from '../../src/invalidation/banning.ts'
import { Bans } from '../../src/invalidation/bans.ts'
import { Invalidation } from '../../src/invalidation/invalidation.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import type { Invalidations } from '../../src/object/table.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { type Course, HOST, Run, type Site, TAG, type Tasks, URL, type Verdict, type World } from './course-run.ts'

export type { Course, Verdict } from './course-run.ts'

const TAGS: PurgeSubject = { by: 'tags', tags: [TAG, 'nobody has it'] }
const PLACES: readonly PurgeSubject[] = [
  { by: 'all' },
  { by: 'host', host: HOST },
  { by: 'prefix', prefix: '/shop/', host: HOST },
  { by: 'url', url: URL, host: HOST },
]
const BANS: readonly PurgeSubject[] = [
  'obj.url ~ ^/shop/',
  'obj.tags has product',
  'obj.status == 200 && obj.host == www.example',
  'obj.http.x-of ~ sh.p',
].map((expression) => ({ by: 'ban', expression }))

export const COURSES: Readonly<Record<string, Course>> = {
  'purges by key, tag, host, prefix, URL and of all': { subjects: [TAGS, TAGS, ...PLACES], byKey: 0.4, confirms: 0 },
  'purges by tag before the answer tells its tags': { subjects: [TAGS], byKey: 0, confirms: 0 },
  '304 answers across purges': { subjects: [TAGS, ...PLACES], byKey: 0.3, confirms: 0.8 },
  'bans with patterns': { subjects: BANS, byKey: 0, confirms: 0 },
  'bans, purges and 304 answers together': { subjects: [TAGS, ...PLACES, ...BANS], byKey: 0.2, confirms: 0.5 },
}

export type Log = Invalidations & PositionedLog

/** A fast generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function interleave(seed: number, log: Log, steps: number, course: Course): Verdict {
  const random = seeded(seed)
  const run = new Run(random, course, (tasks, now) => new OneProcess(random, log, tasks, now))
  for (let i = 0; i < steps; i++) run.step()
  for (let i = 0; i < 5; i++) {
    if (i > 0) run.arrive()
    while (run.tasks.size > 0) run.tasks.takeOne()
  }
  run.end()
  return run
}

class OneProcess implements World, Site {
  readonly answersCount = false
  readonly streams = 0
  readonly dead = false
  readonly table: LocalTable
  readonly invalidation: Invalidation
  readonly #bans: Bans

  constructor(random: () => number, log: Log, tasks: Tasks, now: () => number) {
    let passed = 0
    const pass = (): number => {
      passed += random() * 4
      return passed
    }
    const turn = tasks.add
    const clock: Clock = { now: pass, wall: () => 0, after: () => ({ cancel: () => {}, refresh: () => {} }) }
    const counters = new Counters()
    const bans = new Bans({ clock, counters, knows: (name) => this.table.variesBy(name) })
    this.#bans = bans
    this.table = new LocalTable({
      store: new MemoryStore(random() < 0.2 ? 6000 : 1_000_000),
      invalidations: log,
      bans,
      pace: { between: 1, now: pass, turn },
      now,
      variants: 64,
      counters,
      expiry: { add: () => {}, remove: () => {} },
    })
    this.invalidation = new Invalidation(this.table, new Banning({ bans, table: this.table, log, clock, counters, turn }))
  }

  arrival(): Site {
    return this
  }

  pass(to: number): number {
    return to
  }

  kill(): void {}

  leftovers(): string[] {
    const left: string[] = []
    if (this.table.flights.oldest !== Number.POSITIVE_INFINITY) left.push('a fetch is under way for ever')
    if (this.#bans.size > 0) left.push('a ban does not end')
    return left
  }
}
