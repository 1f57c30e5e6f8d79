/**
 * Reads the fleet's log, entry by entry, and sees to it that nothing is passed over: each entry names the one before. Where it does not, the log has
 * lost its end and was written on (then what has been read behind the last entry in common is read anew), or no longer goes back so far.
 */
import type { EventLog } from '../log.ts'
import type { FleetSnapshot } from '../object/fleet-view.ts'
import type { RedisFeed, RedisPort, StreamEntry } from '../redis/port.ts'
import { idOf, positionOf } from './fleet.ts'
import { type EntrySeal, markOf, readEntry, sealEntry, type ToldEntry } from './fleet-entry.ts'
import { ALL, type FleetHome, type Order } from './fleet-home.ts'
import { RAISE } from './fleet-scripts.ts'
import { emptySnapshot, ordersSince } from './fleet-snapshot.ts'
import type { FleetSnapshots } from './fleet-snapshots.ts'
import { FleetTrail } from './fleet-trail.ts'
import { Remembered } from './remembered.ts'

export interface FollowerInit {
  readonly port: Pick<RedisPort, 'run'>
  readonly feed: RedisFeed
  readonly seal: EntrySeal
  readonly stream: string
  /** Entries of the stream at most, or some more. */
  readonly length: number
  readonly snapshots: FleetSnapshots
  readonly home: FleetHome
  readonly log: EventLog
  /** Of something that this node tells the others. */
  readonly newUid: () => string
  /** An entry was read. `objects`: that went here; `null`: it was carried out before, or is none. */
  readonly applied: (position: number, told: ToldEntry, objects: Promise<number> | number | null) => void
  /** The log had lost what stood behind a position: what this node put there has to be told again. */
  readonly lost: (kept: number) => void
  /** What others had put there, and this node has read: they may be gone. */
  readonly witnessed: (entries: readonly ToldEntry[]) => void
  /** Something in the log cannot be believed. */
  readonly unread: () => void
}

/** Milliseconds that an answer of the log may take while there is nothing new. */
const WAIT = 500
/** Entries that are read at once. */
const BATCH = 500
/** Entries that are told again, should the log lose them. */
const RECENT = 1000
/** Entries that are known again. */
const KNOWN = 20_000
const GENERATION: number = 2 ** 32

export class FleetFollower {
  readonly #init: FollowerInit
  readonly #trail = new FleetTrail()
  readonly #known = new Remembered(KNOWN)
  /** Read last, oldest first. */
  #recent: { readonly position: number; readonly told: ToldEntry }[] = []
  #begun = false
  /** There was nothing more when it read last: it may wait for what comes next. */
  #atEnd = false
  /** The log no longer goes back to what was read last. */
  #cutShort = false
  #diagnosis: Promise<'whole' | 'changed'> | null = null
  /** An entry that does not name the one before, although nothing was lost. */
  #odd: string | null = null

  constructor(init: FollowerInit) {
    this.#init = init
  }

  /** Id and mark of the last entry that was read. */
  get newest(): FleetTrail['newest'] {
    return this.#trail.newest
  }

  /** An entry of this node, which has been carried out. */
  know(uid: string): void {
    this.#known.add(uid)
  }

  /** Reads on. Whether that was all. Rejects with a `RedisFailure`; what has been read until then counts. */
  async read(): Promise<boolean> {
    const wait = this.#atEnd ? WAIT : 1
    this.#atEnd = false
    if (!this.#begun) await this.#begin()
    if (this.#cutShort) await this.#startOver()
    this.#atEnd = await this.#readOn(wait)
    return this.#atEnd
  }

  async #readOn(wait: number): Promise<boolean> {
    const { feed, stream } = this.#init
    const { newest } = this.#trail
    const entries = await feed.follow(stream, newest.id, wait, BATCH)
    // Something was found to be lost meanwhile: these do not follow what was read.
    if (this.#trail.newest !== newest) return false
    for (const entry of entries) if (!(await this.#take(entry))) return false
    return entries.length < BATCH
  }

  /** Finds what of the log still is as this node has read it, and goes on from there. Rejects with a `RedisFailure`. */
  diagnose(): Promise<'whole' | 'changed'> {
    this.#diagnosis ??= this.#diagnose().finally(() => {
      this.#diagnosis = null
    })
    return this.#diagnosis
  }

  /** A node begins with the snapshot. What it stored before it could hear of the log is treated as what a node stores that was cut off. */
  async #begin(): Promise<void> {
    const { snapshots, home } = this.#init
    const kept = await snapshots.read()
    if (kept === null) home.replica.begin(emptySnapshot(0), home.log.pending)
    else this.#jump(kept.log, kept.mark, 0)
    this.#begun = true
  }

  async #take({ id, value }: StreamEntry): Promise<boolean> {
    const { seal, stream, home, applied, lost, unread } = this.#init
    if (!Number.isSafeInteger(positionOf(id)))
      throw new Error(
        `the stream ${stream} has the entry ${id}, which no node of a fleet has made; delete the stream, and nodes begin it anew`,
      )
    const { before, told } = readEntry(seal, value)
    if (before !== this.#trail.newest.mark && this.#odd !== id) {
      this.#odd = (await this.diagnose()) === 'whole' ? id : null
      return false
    }
    this.#odd = null
    this.#trail.push({ id, mark: markOf(value) })
    if (told === null) {
      unread()
      return true
    }
    const position = positionOf(id)
    const { entry, uid } = told
    home.replica.apply(position, entry, uid)
    if (entry.do !== 'generation') this.#remember(position, told)
    if (entry.do === 'generation') lost(entry.kept)
    else applied(position, told, this.#known.add(uid) ? this.#carryOut(entry) : null)
    return true
  }

  #remember(position: number, told: ToldEntry): void {
    this.#recent.push({ position, told })
    if (this.#recent.length > 2 * RECENT) this.#recent = this.#recent.slice(-RECENT)
  }

  /** What cannot be carried out as it is, is by more than it asks for. */
  #carryOut(order: Order): Promise<number> | number {
    const { home, log } = this.#init
    const instead = (error: unknown): Promise<number> | number => {
      // No answer here varies by what it names, so that it is for nothing that is stored here.
      if (error instanceof Error && error.name === 'BanError') return 0
      log.error(
        { event: 'fleet', err: error },
        'an invalidation of another node cannot be carried out as it is: everything stored here is dropped',
      )
      return objectsOf(home.carryOut(ALL))
    }
    try {
      const done = home.carryOut(order)
      return done instanceof Promise ? done.then(({ objects }) => objects, instead) : done.objects
    } catch (error) {
      return instead(error)
    }
  }

  async #diagnose(): Promise<'whole' | 'changed'> {
    const { port, seal, stream, length, home, log, newUid } = this.#init
    const { traces } = this.#trail
    const generation = Math.floor(Math.max(home.log.position, positionOf(this.#trail.newest.id)) / GENERATION)
    const proposed = traces.flatMap(({ id, mark }) => [
      id,
      mark,
      sealEntry(seal, { uid: newUid(), entry: { do: 'generation', kept: positionOf(id) }, quiet: true }),
    ])
    const found = await port.run(RAISE, [stream], [length, generation, ...proposed])
    const kept = typeof found === 'number' && found > 0 ? traces[found - 1] : undefined
    if (kept === undefined) {
      // Only who reads asks the feed.
      this.#cutShort = true
      return 'changed'
    }
    if (kept === traces[0]) return 'whole'
    log.warn(
      { event: 'fleet', kept: kept.id, read: this.#trail.newest.id },
      'the log of the fleet has lost its end: a new generation begins',
    )
    this.#trail.rewind(kept)
    const from = positionOf(kept.id)
    home.replica.lose(from, (generation + 1) * GENERATION)
    const gone = this.#recent.filter(({ position }) => position > from)
    this.#recent = this.#recent.filter(({ position }) => position <= from)
    this.#init.witnessed(gone.map(({ told }) => told))
    return 'changed'
  }

  /** Begins anew with the snapshot, or behind all that cannot be had any more. */
  async #startOver(): Promise<void> {
    const { snapshots, home, feed, stream } = this.#init
    const kept = await snapshots.read()
    const from = positionOf(this.#trail.newest.id)
    if (kept !== null && kept.log.position > Math.max(from, home.log.position)) {
      this.#jump(kept.log, kept.mark, from)
      this.#cutShort = false
      return
    }
    const [first] = await feed.follow(stream, idOf(0), 1, 1)
    this.#cutShort = false
    if (first === undefined) return
    this.#drop()
    home.replica.begin(emptySnapshot(Math.max(positionOf(first.id), home.log.position)), home.log.pending)
    this.#trail.reset({ id: idOf(0), mark: readEntry(this.#init.seal, first.value).before })
  }

  /** What a snapshot knows beyond a position is carried out here; if it does not know all of it, nothing here can be vouched for. */
  #jump(snapshot: FleetSnapshot, mark: string, from: number): void {
    const { home } = this.#init
    home.replica.begin(snapshot, home.log.pending)
    this.#trail.reset({ id: idOf(snapshot.position), mark })
    if (snapshot.floor > from) this.#drop()
    else for (const order of ordersSince(snapshot, from)) this.#carryOut(order)
  }

  #drop(): void {
    const { home, log } = this.#init
    const told = (objects: number): void => {
      if (objects > 0)
        log.warn(
          { event: 'fleet', objects },
          'what was missed of the log of the fleet cannot be had any more: everything stored here is dropped',
        )
    }
    const dropped = objectsOf(home.carryOut(ALL))
    if (typeof dropped === 'number') told(dropped)
    else void dropped.then(told)
  }
}

function objectsOf(done: ReturnType<FleetHome['carryOut']>): Promise<number> | number {
  return done instanceof Promise ? done.then(({ objects }) => objects) : done.objects
}
