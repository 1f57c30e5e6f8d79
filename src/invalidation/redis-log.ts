/**
 * The log that the nodes of a fleet share, as one node has a part in it: what is invalidated here is told there, what others tell is carried out here,
 * and what is stored is vouched for as long as the log is heard of.
 */
import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from '../log.ts'
import type { CachedObject } from '../object/object.ts'
import type { RedisFeed, RedisPort } from '../redis/port.ts'
import {
  type Acknowledgement,
  type FleetDesk,
  type FleetGlance,
  type FleetPosition,
  type FleetReceipt,
  type FleetStatus,
  positionOf,
} from './fleet.ts'
import { FleetContact } from './fleet-contact.ts'
import type { EntrySeal, ToldEntry } from './fleet-entry.ts'
import { FleetFollower } from './fleet-follower.ts'
import type { FleetHome, Order } from './fleet-home.ts'
import { acknowledgementsOf, behind, nodesOf, OwnRecord, readTold, type Told } from './fleet-nodes.ts'
import { FleetQueue } from './fleet-queue.ts'
import { BEAT } from './fleet-scripts.ts'
import { FleetSnapshots } from './fleet-snapshots.ts'
import type { FleetDoor, Invalidated } from './invalidation.ts'

export interface RedisLogInit {
  readonly port: Pick<RedisPort, 'state' | 'read' | 'run'>
  readonly feed: RedisFeed
  readonly seal: EntrySeal
  /** What all keys begin with. */
  readonly prefix: string
  readonly clock: Clock
  readonly log: EventLog
  /** `id`: unlike that of any other process, a restarted one's too. `name`: what others call it. */
  readonly node: { readonly id: string; readonly name: string }
  readonly home: FleetHome
  /** Entries of the stream at most, or some more. Default 10,000. */
  readonly length?: number
  /** Entries after which a snapshot is written. Default 1,000. */
  readonly snapshotEvery?: number
  /** Own entries that are held at most while Redis is away. Default 100,000. */
  readonly most?: number
}

const LENGTH = 10_000
const SNAPSHOT_EVERY = 1000
/** Milliseconds. */
const BEAT_EVERY = 1000
const SOON = 50
const DEAD = 5000
const RETRY = 250
const POLL = 50
const COMPLAINT = 60_000

export class RedisLog implements FleetDesk, FleetDoor {
  readonly #init: RedisLogInit
  readonly #stream: string
  readonly #nodes: string
  readonly #snapshots: FleetSnapshots
  readonly #follower: FleetFollower
  readonly #queue: FleetQueue
  readonly #record: OwnRecord
  readonly #contact: FleetContact
  #uids = 0
  #told: Told | null = null
  #toldAt = 0
  #beating: Promise<void> | null = null
  #soon: Timer | null = null
  /** Nobody who lives knows more of the log than it has. */
  #settled = false
  /** There was nothing more when the log was read last. */
  #atEnd = false
  #timer: Timer | null = null
  #unread = 0
  #complainedAt = Number.NEGATIVE_INFINITY
  #stopped = false
  readonly #pauses = new Set<() => void>()

  constructor(init: RedisLogInit) {
    const { port, feed, seal, prefix, clock, log, home, length = LENGTH } = init
    this.#init = init
    const name = seal.name('log')
    this.#stream = `${prefix}{${name}}:s`
    this.#nodes = `${prefix}{${name}}:n`
    const newUid = (): string => this.#newUid()
    const unread = (): void => this.#complain()
    this.#snapshots = new FleetSnapshots({
      ...{ port, seal, unread, key: `${prefix}{${name}}:snap`, every: init.snapshotEvery ?? SNAPSHOT_EVERY },
    })
    this.#follower = new FleetFollower({
      ...{ port, feed, seal, stream: this.#stream, length, snapshots: this.#snapshots, home, log, newUid, unread },
      applied: (position, told, objects) => this.#applied(position, told, objects),
      lost: (kept) => this.#queue.again(kept),
      // Its own are told again by whoever told them, if that is this node: when it reads of the loss.
      witnessed: (entries) => this.#queue.retell(entries.filter(({ uid }) => !uid.startsWith(`${init.node.id}:`))),
    })
    this.#queue = new FleetQueue({
      ...{ port, seal, stream: this.#stream, length, clock, log, replica: home.replica, newUid },
      newest: () => this.#follower.newest,
      diagnose: () => this.#follower.diagnose(),
      ...(init.most === undefined ? {} : { most: init.most }),
    })
    this.#record = new OwnRecord(init.node.name)
    this.#contact = new FleetContact(clock, log, home)
  }

  /** Entries of the log that could not be believed. */
  get unread(): number {
    return this.#unread
  }

  /** Begins to follow. */
  start(): void {
    this.#contact.start()
    void this.#follow()
    void this.#beatOn()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#soon?.cancel()
    this.#contact.stop()
    this.#queue.stop()
    for (const end of [...this.#pauses]) end()
  }

  // --- what is invalidated here

  /** Throws as the node's own way of carrying it out does; then nobody is told. */
  invalidate(order: Order, quiet: boolean, gone?: (object: CachedObject) => void): Invalidated | Promise<Invalidated> {
    const { home } = this.#init
    const told: ToldEntry = { uid: this.#newUid(), entry: order, quiet }
    home.replica.pend(told.uid, order)
    let done: Invalidated | Promise<Invalidated>
    try {
      done = home.carryOut(order, gone)
    } catch (error) {
      home.replica.withdraw([told.uid])
      throw error
    }
    this.#follower.know(told.uid)
    const receipt = this.#queue.tell(told)
    return quiet ? done : this.#received(done, receipt)
  }

  async #received(done: Invalidated | Promise<Invalidated>, told: Promise<FleetReceipt>): Promise<Invalidated> {
    const [result, fleet] = await Promise.all([done, told])
    if (fleet.position !== null) {
      this.#record.count(fleet.position, result.objects)
      this.#beatSoon()
    }
    return { ...result, fleet }
  }

  // --- what is to be seen

  glance(): FleetGlance {
    const { nodes = [], last = 0 } = this.#told ?? {}
    const position = this.#init.home.log.position
    return {
      state: this.#state,
      heard: this.#contact.heard,
      queued: this.#queue.size,
      behind: behind(position, last),
      nodes: Math.max(1, nodes.length),
    }
  }

  async status(): Promise<FleetStatus> {
    await this.#beat()
    const told = this.#told
    const sinceThen = this.#init.clock.now() - this.#toldAt
    return {
      state: this.#state,
      position: this.#init.home.log.position,
      heard: this.#contact.heard,
      queued: this.#queue.size,
      nodes:
        told === null ? [] : nodesOf(told, this.#init.node.id, sinceThen).filter(({ heard }) => heard <= DEAD || this.#contact.failing),
    }
  }

  async applied(
    position: FleetPosition,
    patience: number,
  ): Promise<{ readonly nodes: readonly Acknowledgement[]; readonly missing: readonly string[] }> {
    const { clock } = this.#init
    const end = clock.now() + patience
    for (;;) {
      await this.#beat()
      const nodes = this.#told?.nodes ?? []
      const missing = nodes.filter((node) => node.position < position).map(({ name }) => name)
      const left = end - clock.now()
      if ((nodes.length > 0 && missing.length === 0) || left <= 0 || this.#stopped)
        return { nodes: acknowledgementsOf(nodes, position), missing }
      await this.#pause(Math.min(POLL, left))
    }
  }

  get #state(): FleetStatus['state'] {
    return this.#contact.failing ? 'cut-off' : this.#contact.ready ? 'following' : 'catching-up'
  }

  // --- following

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        const all = await this.#follower.read()
        this.#contact.answered()
        this.#atEnd = all
        if (all && this.#settled) this.#contact.caughtUp()
        if (this.#queue.size > 0) void this.#queue.send()
      } catch (error) {
        this.#contact.failed(error)
        await this.#pause(RETRY)
      }
    }
  }

  #applied(position: FleetPosition, { quiet }: ToldEntry, objects: Promise<number> | number | null): void {
    if (this.#snapshots.count()) this.#writeSnapshot()
    if (objects === null || quiet) {
      if (!quiet) this.#beatSoon()
      return
    }
    const count = (went: number): void => {
      this.#record.count(position, went)
      this.#beatSoon()
    }
    if (typeof objects === 'number') count(objects)
    else void objects.then(count, () => {})
  }

  #writeSnapshot(): void {
    const { log } = this.#init.home
    const { id, mark } = this.#follower.newest
    // What is known from before a loss is not told of as if it stood in the log.
    if (positionOf(id) === log.position) this.#snapshots.write((characters) => log.snapshot(characters), mark)
  }

  // --- beats

  async #beatOn(): Promise<void> {
    await this.#beat()
    if (!this.#stopped) this.#timer = this.#init.clock.after(BEAT_EVERY, () => void this.#beatOn())
  }

  /** At once, but not again and again while much is read. */
  #beatSoon(): void {
    if (this.#soon !== null || this.#stopped) return
    const wait = this.#toldAt + SOON - this.#init.clock.now()
    const beat = (): void => {
      this.#soon = null
      void this.#beat()
    }
    this.#soon = this.#init.clock.after(Math.max(0, wait), beat)
  }

  /** Never rejects. One at a time: who asks for another meanwhile waits for that one. */
  async #beat(): Promise<void> {
    while (this.#beating !== null) await this.#beating
    this.#beating = this.#beatOnce().finally(() => {
      this.#beating = null
    })
    await this.#beating
  }

  async #beatOnce(): Promise<void> {
    if (this.#stopped) return
    const { port, node, clock } = this.#init
    const { id, mark } = this.#follower.newest
    try {
      const reply = await port.run(BEAT, [this.#stream, this.#nodes], [node.id, this.#record.text(id), id, mark, DEAD])
      const told = readTold(reply)
      if (told === null) return
      this.#told = told
      this.#toldAt = clock.now()
      if (!this.#settled) this.#settle(told)
      void this.#queue.send()
      if (told.holds === 'no' && this.#follower.newest.id === id) await this.#follower.diagnose()
    } catch {
      // That Redis is away is told of by who follows the log.
    }
  }

  /**
   * A node that begins cannot see that the log was lost. Those that live have read beyond its end then, and say so until they have begun a generation:
   * until then what lies in Redis may be of positions that are given a second time.
   */
  #settle({ last, nodes }: Told): void {
    this.#settled = nodes.every(({ position }) => position <= last)
    if (this.#settled && this.#atEnd) this.#contact.caughtUp()
  }

  // --- odds and ends

  #newUid(): string {
    return `${this.#init.node.id}:${++this.#uids}`
  }

  /** Once a minute at most. */
  #complain(): void {
    const { clock, log } = this.#init
    this.#unread++
    if (clock.now() - this.#complainedAt < COMPLAINT) return
    this.#complainedAt = clock.now()
    log.warn(
      { event: 'fleet', entries: this.#unread },
      'the log of the fleet has entries that cannot be believed, which are passed over: does every node have the same secret?',
    )
  }

  /** Ends early when all ends. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const timer = this.#init.clock.after(ms, end)
      this.#pauses.add(end)
      if (this.#stopped) end()
    })
  }
}
