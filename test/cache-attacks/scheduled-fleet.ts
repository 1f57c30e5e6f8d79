/** Runs of courses over several workers with one shared memory: what comes to the librarian's own engine and to each worker, what they tell each other, deaths. */
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../../src/clock.ts'
import { resolveSettings } from '../../src/config/resolve.ts'
import { Counters } from '../../src/counters.ts'
import type { Pace } from '../../src/object/pace.ts'
import type { Channel } from '../../src/object/shared/channel.ts'
import { Entries } from '../../src/object/shared/entries.ts'
import { createSharedMemory, type SharedMemory } from '../../src/object/shared/memory.ts'
import { createStores, type Stores } from '../../src/stores.ts'
import { type Course, Run, type Site, type Task, type Tasks, type Verdict, type World } from './course-run.ts'
import { seeded } from './interleaving.ts'
import { ScheduledEnd } from './scheduled-channels.ts'

/** Of one run; a seed means a run of that many. */
export const STEPS = 60

export interface FleetVerdict extends Verdict {
  readonly deaths: number
}

export async function interleaveFleet(seed: number, workers: number, steps: number, course: Course): Promise<FleetVerdict> {
  const random = seeded(seed)
  const worlds: ScheduledFleet[] = []
  const run = new Run(random, course, (tasks) => {
    const fleet = new ScheduledFleet(random, workers, tasks)
    worlds.push(fleet)
    return fleet
  })
  for (let i = 0; i < steps; i++) {
    run.step()
    await turn()
  }
  const [fleet] = worlds as [ScheduledFleet]
  for (let i = 0; i < 5; i++) {
    if (i > 0) run.arrive()
    await fleet.quieten()
    run.step()
  }
  await fleet.quieten()
  await fleet.check()
  run.end()
  fleet.stop()
  return Object.assign(run, { deaths: fleet.deaths })
}

type AnyChannel = Channel<never, never>

/** A worker, or the librarian's own engine. */
class Member implements Site {
  readonly stores: Stores
  readonly ends: ScheduledEnd[] = []
  dead = false

  constructor(stores: Stores) {
    this.stores = stores
  }

  get table(): Stores['table'] {
    return this.stores.table
  }

  get invalidation(): Stores['invalidation'] {
    return this.stores.invalidation
  }
}

/** Milliseconds for which all is quiet at the end: what waits for time has had it. */
const LONG = 3000
const SETTINGS = resolveSettings({ memory: 32 * 1024 * 1024 })

class ScheduledFleet implements World {
  readonly answersCount = true
  readonly streams = 0.5
  deaths = 0
  readonly #random: () => number
  readonly #tasks: Tasks
  readonly #memory: SharedMemory
  readonly #clock = new ManualClock()
  readonly #librarian: Member
  readonly #members: (Member | null)[] = []
  readonly #dying = new Set<number>()
  readonly #left: string[] = []

  constructor(random: () => number, workers: number, tasks: Tasks) {
    this.#random = random
    this.#tasks = tasks
    this.#memory = createSharedMemory({ bytes: 8 * 1024 * 1024, workers: workers + 1, entries: 512, claims: 64 })
    const { add } = tasks
    const own = ScheduledEnd.pair(add) as unknown as [AnyChannel, AnyChannel]
    this.#librarian = new Member(this.#stores({ role: 'librarian', memory: this.#memory, own }, () => false))
    for (let participant = 1; participant <= workers; participant++) this.#begin(participant)
  }

  /** No requests come to the librarian's own engine, which the others do not know. */
  arrival(what: 'request' | 'purge'): Site {
    const all = [...this.#members, what === 'purge' ? this.#librarian : null].filter((member) => member != null)
    return all[Math.floor(this.#random() * all.length)] ?? this.#librarian
  }

  pass(to: number): number {
    // Now and then further, so that what is waited for only so long is waited for no longer.
    const further = this.#random() < 0.02 ? 150 : 0
    this.#clock.advance(to - this.#clock.now() + further)
    return this.#clock.now()
  }

  kill(): void {
    const participant = 1 + Math.floor(this.#random() * (this.#members.length - 1))
    const member = this.#members[participant]
    // Somebody has to be there.
    if (member == null || this.#members.filter((other) => other != null).length < 2) return
    this.deaths++
    member.dead = true
    this.#members[participant] = null
    for (const end of member.ends) end.close()
    // The others learn of it later, and those who begin until then are told of it as of one who lives.
    this.#dying.add(participant)
    this.#tasks.add(() => {
      this.#dying.delete(participant)
      this.#librarian.stores.librarian?.lost(participant)
      for (const other of this.#members) other?.stores.shared?.miss(participant)
      this.#tasks.add(() => this.#begin(participant))
    })
  }

  leftovers(): string[] {
    return this.#left
  }

  /** Takes all tasks, and lets time pass for what waits for it. */
  async quieten(): Promise<void> {
    for (let time = 0; time < LONG; time += LONG / 3) {
      while (this.#tasks.size > 0) {
        this.#tasks.takeOne()
        await turn()
      }
      this.#clock.advance(LONG / 3)
      await turn()
    }
  }

  /** What is in the books is what is in shared memory, and goes as a whole. */
  async check(): Promise<void> {
    const { librarian, shelf } = this.#librarian.stores
    if (librarian === null) return
    librarian.takeNotices()
    await this.quieten()
    const left = this.#left
    if (this.#live() !== librarian.entries) left.push(`${this.#live()} entries are live, ${librarian.entries} in the books`)
    const gauges = this.#librarian.stores.invalidation.gauges()
    if ((gauges['bans'] ?? 0) !== (gauges['bans_completed'] ?? 0)) left.push(`bans do not end: ${JSON.stringify(gauges)}`)
    const stored = [...shelf.stored()].length
    let objects = -1
    void this.#promised(this.arrival('purge').invalidation.purge({ by: 'all' }, false)).then((purged) => (objects = purged))
    await this.quieten()
    if (objects !== stored) left.push(`a purge of all counts ${objects} objects of ${stored}`)
    if (shelf.objects > 0) left.push('a purge of all leaves something')
  }

  stop(): void {
    for (const member of [this.#librarian, ...this.#members]) member?.stores.stop()
  }

  async #promised(purge: ReturnType<Stores['invalidation']['purge']>): Promise<number> {
    return (await purge).objects
  }

  /** Entries that answer. */
  #live(): number {
    const entries = new Entries(this.#memory)
    let live = 0
    for (let bucket = 0; bucket < this.#memory.buckets; bucket++)
      for (let entry = entries.first(bucket); entry !== 0; entry = entries.next(entry)) if (entries.isLive(entry)) live++
    return live
  }

  #begin(participant: number): void {
    const { add } = this.#tasks
    let dead = (): boolean => false
    const [ours, theirs] = ScheduledEnd.pair(add)
    this.#librarian.stores.librarian?.admit(participant, ours as unknown as AnyChannel)
    const stores = this.#stores({ role: 'worker', memory: this.#memory, participant, librarian: theirs as unknown as AnyChannel }, () =>
      dead(),
    )
    const member = new Member(stores)
    dead = () => member.dead
    member.ends.push(theirs)
    for (const [other, met] of this.#members.entries()) {
      if (met == null || other === participant) continue
      const [one, two] = ScheduledEnd.pair(add)
      met.stores.shared?.meet(participant, one as unknown as AnyChannel)
      stores.shared?.meet(other, two as unknown as AnyChannel)
      met.ends.push(one)
      member.ends.push(two)
    }
    for (const other of this.#dying) stores.shared?.meet(other, ScheduledEnd.pair(add)[0] as unknown as AnyChannel)
    this.#members[participant] = member
  }

  #stores(role: NonNullable<Parameters<typeof createStores>[1]>, dead: () => boolean): Stores {
    let passed = 0
    const now = (): number => {
      passed += this.#random() * 4
      return passed
    }
    const pace: Pace = { between: 1, now, turn: (task) => this.#later(task, dead) }
    return createStores({ settings: SETTINGS, clock: this.#clock, counters: new Counters(), pace }, role)
  }

  #later(task: Task, dead: () => boolean): void {
    this.#tasks.add(() => {
      if (!dead()) task()
    })
  }
}
