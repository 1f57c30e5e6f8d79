/**
 * Keeps the books of what all workers store, for all of them, and is the one who invalidates: an entry of the log is in force everywhere once it is
 * posted to every worker and the head of the log in shared memory has moved.
 */
import type { Clock, Timer } from '../../clock.ts'
import type { FleetEntry } from '../fleet-view.ts'
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import type { Pace } from '../pace.ts'
import type { SubjectPurge } from '../subject.ts'
import type { PurgeResult } from '../table.ts'
import type { Channel } from './channel.ts'
import { ClaimCells } from './claim-cells.ts'
import type { Control } from './control.ts'
import type { SharedMemory } from './memory.ts'
import type { Asking, FleetMessage, FromLibrarian, Invalidating, ToLibrarian, ToldError } from './messages.ts'
import type { Stacks } from './stacks.ts'
import { WorkerLine } from './worker-line.ts'

/** What the librarian does with bans: the list of all, and the lurker. */
export interface BanDesk<Banned, Info> {
  /** Throws for what is no ban. In force here when it returns. */
  ban(text: string): Banned | Promise<Banned>
  count(text: string): Promise<number>
  list(): Promise<readonly Info[]>
  gauges(): Readonly<Record<string, number>>
  /** Position up to which everything has been tested; infinite when nothing is left to test. */
  readonly testedUpTo: number
  /** Of what is older, nobody can tell any more whether a ban named it. */
  readonly forgotten: number
  readonly active: readonly { readonly text: string; readonly position: number }[]
  /** Forgets what is done with: fetches have landed, or everything has been dealt with further than before. */
  retire(): void
  stop(): void
}

export interface LibrarianInit<Banned, Info> {
  readonly memory: SharedMemory
  readonly control: Control
  readonly stacks: Stacks
  readonly table: LocalTable
  readonly log: { readonly head: number }
  readonly bans: BanDesk<Banned, Info>
  readonly clock: Clock
  readonly pace: Pace
  /** Where this node shares a log with others; `null`: it is alone. */
  readonly fleet: FleetBooks<Banned> | null
}

/** What the librarian does for workers that have copies of the fleet's log. */
export interface FleetBooks<Banned> {
  /** What is in force here is in force in all workers, and other nodes are told. */
  invalidate(order: Exclude<FleetEntry, { do: 'generation' }>, quiet: boolean): Banned | Promise<Banned>
  /** All that is known, for a worker that begins. */
  begin(): FleetMessage
}

/** Milliseconds for which the counts of workers are waited for. */
const PATIENCE = 100
/** Milliseconds of one turn of work. */
const SLICE = 3
/** Milliseconds after which workers are taken to have moved on. */
const SOON = 1
/** Entries of the log that are told to who begins, beside those that are not carried out yet. */
const RECENT = 1000

/** A purge that workers are carrying out on what arrives there. */
interface Spreading {
  readonly missing: Set<number>
  objects: number
  readonly done: (objects: number) => void
}

export class Librarian<Banned, Info> {
  readonly #init: LibrarianInit<Banned, Info>
  readonly #cells: ClaimCells
  readonly #lines = new Map<number, WorkerLine>()
  readonly #spreading = new Map<number, Spreading>()
  readonly #recent: Invalidating[] = []
  /** Positions of purges that are being carried out. */
  readonly #running = new Set<number>()
  /** It is at work, or goes on in a moment. */
  #working = false
  #later: Timer | null = null

  constructor(init: LibrarianInit<Banned, Info>) {
    this.#init = init
    this.#cells = new ClaimCells(init.memory)
  }

  /** A worker begins, or another in the place of one that is dead. */
  admit(participant: number, channel: Channel<FromLibrarian, ToLibrarian>): void {
    const { control, stacks, bans, log, fleet, pace } = this.#init
    stacks.admit(participant)
    control.setOldestFlight(participant, 0)
    control.setAlive(participant, true)
    this.#lines.set(participant, new WorkerLine(channel, pace, (message) => this.#receive(participant, message)))
    if (fleet !== null) this.#post(participant, fleet.begin())
    const first = this.#recent[0]
    const settled = first === undefined ? log.head : first.position - 1
    const older = bans.active.filter(({ position }) => position <= settled).map(({ text, position }) => ({ text, position }))
    this.#post(participant, { type: 'begin', settled, forgotten: bans.forgotten, bans: older })
    for (const entry of this.#recent) this.#post(participant, entry)
  }

  /** A worker is dead: what it had begun is given up, and others may fetch what it was fetching. */
  lost(participant: number): void {
    const { control, stacks } = this.#init
    const line = this.#lines.get(participant)
    if (line === undefined) return
    line.drain()
    this.#lines.delete(participant)
    line.close()
    control.setAlive(participant, false)
    stacks.abandon(participant)
    control.setOldestFlight(participant, 0)
    this.#cells.freeAll(participant)
    for (const spreading of this.#spreading.values()) this.#applied(spreading, participant, 0)
    this.#init.bans.retire()
    this.#work()
  }

  /** Takes everything into the books that has been stored until now. */
  takeNotices(): void {
    this.#init.stacks.takeNotices()
  }

  /** Objects and refusals in the books. */
  get entries(): number {
    return this.#init.stacks.entries
  }

  /** Takes the bytes of large bodies that a worker has posted, here and now, and nothing else of it. */
  takeBytes(participant: number): void {
    this.#lines.get(participant)?.takeBytes()
  }

  async purge(key: string, soft: boolean): Promise<PurgeResult> {
    const { table, stacks, log } = this.#init
    stacks.takeNotices()
    const { objects } = table.purge(key, soft)
    return { objects: objects + (await this.#spread({ type: 'key', position: log.head, key, soft })) }
  }

  async purgeSubject(subject: SubjectPurge, soft: boolean, gone?: (object: CachedObject) => void): Promise<PurgeResult> {
    const { table, stacks, log } = this.#init
    stacks.takeNotices()
    const result = table.purgeSubject(subject, soft, gone)
    const position = log.head
    this.#running.add(position)
    const arriving = this.#spread({ type: 'subject', position, subject, soft })
    const { objects } = await result
    this.#running.delete(position)
    this.#settle()
    this.#work()
    return { objects: objects + (await arriving) }
  }

  async count(subject: SubjectPurge): Promise<PurgeResult> {
    this.#init.stacks.takeNotices()
    return await this.#init.table.count(subject)
  }

  /** Throws for what is no ban. */
  ban(text: string): Banned | Promise<Banned> {
    const { bans, stacks, log } = this.#init
    stacks.takeNotices()
    const result = bans.ban(text)
    void this.#spread({ type: 'ban', position: log.head, text })
    return result
  }

  /** Everything has been tested against the bans up to a position, or bans are done with. */
  tested(): void {
    this.#settle()
    this.#work()
  }

  /** Bans up to this position are done with. */
  retired(position: number): void {
    for (const participant of this.#lines.keys()) this.#post(participant, { type: 'retired', position })
  }

  /** Tells all workers what becomes of the fleet's log, before what is carried out because of it. */
  spreadFleet(message: FleetMessage): void {
    for (const participant of this.#lines.keys()) this.#post(participant, message)
  }

  post(participant: number, message: FromLibrarian): void {
    this.#post(participant, message)
  }

  stop(): void {
    for (const line of this.#lines.values()) line.close()
    this.#lines.clear()
    for (const { done, objects } of this.#spreading.values()) done(objects)
    this.#later?.cancel()
  }

  #receive(participant: number, message: ToLibrarian): void {
    const { stacks, table, bans } = this.#init
    switch (message.type) {
      case 'wake':
        this.#work()
        return
      case 'ask':
        void this.#answer(this.#lines.get(participant), message.id, message.asking)
        return
      case 'large':
        stacks.large.add(message.handle, message.buffers, participant)
        return
      case 'want':
        this.#lend(participant, message.handle)
        return
      case 'applied': {
        const spreading = this.#spreading.get(message.position)
        if (spreading !== undefined) this.#applied(spreading, participant, message.objects)
        return
      }
      case 'test': {
        stacks.takeNotices()
        const object = stacks.find(message.handle)
        if (object !== null) table.test(object)
        return
      }
      case 'landed':
        bans.retire()
        return
      default:
        message satisfies never
    }
  }

  #lend(participant: number, handle: number): void {
    const { stacks } = this.#init
    // What one worker has just stored another may want before this thread has heard of it.
    if (stacks.large.get(handle) === null) for (const other of this.#lines.values()) other.takeBytes()
    this.#post(participant, { type: 'bytes', handle, buffers: stacks.large.lend(handle, participant) })
  }

  /** To the worker that asked: one that has taken its place meanwhile has questions of its own under the same numbers. */
  async #answer(asker: WorkerLine | undefined, id: number, asking: Asking): Promise<void> {
    let result: unknown = null
    let error: ToldError | null = null
    try {
      result = await this.#carryOut(asking)
    } catch (cause) {
      error = toldError(cause)
    }
    asker?.post({ type: 'answer', id, result, error })
  }

  #carryOut(asking: Asking): unknown {
    switch (asking.do) {
      case 'purgeKey':
        return this.purge(asking.key, asking.soft)
      case 'purge':
        return this.purgeSubject(asking.subject, asking.soft)
      case 'count':
        return this.count(asking.subject)
      case 'ban':
        return this.ban(asking.text)
      case 'fleet':
        if (this.#init.fleet === null) throw new Error('there are no other nodes')
        return this.#init.fleet.invalidate(asking.order, asking.quiet)
      case 'countBan':
        return this.#init.bans.count(asking.text)
      case 'bans':
        return this.#init.bans.list()
      default:
        return asking satisfies never
    }
  }

  /** From here on it is in force in all workers. Resolves with the number of objects that were arriving there. */
  #spread(entry: Invalidating): Promise<number> {
    const { control, clock } = this.#init
    this.#remember(entry)
    for (const participant of this.#lines.keys()) this.#post(participant, entry)
    control.head = entry.position
    this.#settle()
    if (entry.type === 'ban' || this.#lines.size === 0) return Promise.resolve(0)
    return new Promise((resolve) => {
      const done = (objects: number): void => {
        timer.cancel()
        this.#spreading.delete(entry.position)
        resolve(objects)
      }
      const spreading = { missing: new Set(this.#lines.keys()), objects: 0, done }
      const timer = clock.after(PATIENCE, () => done(spreading.objects))
      this.#spreading.set(entry.position, spreading)
    })
  }

  #applied(spreading: Spreading, participant: number, objects: number): void {
    if (!spreading.missing.delete(participant)) return
    spreading.objects += objects
    if (spreading.missing.size === 0) spreading.done(spreading.objects)
  }

  /** For those who begin: what is not carried out on everything stored has to be known to them. */
  #remember(entry: Invalidating): void {
    const recent = this.#recent
    recent.push(entry)
    const { settled } = this.#init.control
    while (recent.length > RECENT && (recent[0] as Invalidating).position <= settled) recent.shift()
  }

  /**
   * How far everything stored has been dealt with: no further than the oldest purge or ban that is not through, nor than workers have been told. Bans
   * are forgotten up to there at most, so that nobody takes what is stored for untested.
   */
  #settle(): void {
    const { control, bans } = this.#init
    let settled = Math.min(control.head, bans.testedUpTo)
    for (const position of this.#running) settled = Math.min(settled, position - 1)
    if (settled <= control.settled) return
    control.settled = settled
    bans.retire()
  }

  #work(): void {
    if (this.#working) return
    this.#working = true
    const { stacks, pace, clock } = this.#init
    const end = pace.now() + SLICE
    const next = stacks.work(() => pace.now() < end)
    this.#working = next === 'now'
    if (next === 'now') pace.turn(() => this.#goOn())
    else if (next === 'soon') this.#later ??= clock.after(SOON, () => this.#goOn())
  }

  #goOn(): void {
    this.#working = false
    this.#later = null
    this.#work()
  }

  #post(participant: number, message: FromLibrarian): void {
    this.#lines.get(participant)?.post(message)
  }
}

function toldError(cause: unknown): ToldError {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  const after = 'retryAfter' in error && typeof error.retryAfter === 'number' ? error.retryAfter : null
  return { name: error.name, message: error.message, retryAfter: after }
}
