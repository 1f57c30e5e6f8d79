/** What an engine keeps objects in, in its three forms: of one thread; of a worker among several; of the thread that keeps the books for them. */
import { MessageChannel } from 'node:worker_threads'
import type { Clock } from './clock.ts'
import type { Settings } from './config/settings.ts'
import { Counters } from './counters.ts'
import { Banning } from './invalidation/banning.ts'
import { Bans } from './invalidation/bans.ts'
import type { FleetDesk } from './invalidation/fleet.ts'
import { FleetLog } from './invalidation/fleet-log.ts'
import { type FleetParts, type JoinedFleet, joinFleet } from './invalidation/fleet-node.ts'
import { type BanInfo, type BanSurface, type Invalidated, Invalidation } from './invalidation/invalidation.ts'
import { InvalidationLog } from './invalidation/log.ts'
import { RemoteBans } from './invalidation/remote-bans.ts'
import { RemoteFleet } from './invalidation/remote-fleet.ts'
import { Expiry } from './object/expiry.ts'
import { FillBudget } from './object/fill-budget.ts'
import type { FleetView } from './object/fleet-view.ts'
import { LocalTable } from './object/local-table.ts'
import { type Pace, systemPace } from './object/pace.ts'
import { BookTable } from './object/shared/book-table.ts'
import { Books } from './object/shared/books.ts'
import { type Channel, PortChannel } from './object/shared/channel.ts'
import { Control } from './object/shared/control.ts'
import { FleetFlights } from './object/shared/fleet-flights.ts'
import { MOST_ENTRIES } from './object/shared/handle.ts'
import { sharedBodies } from './object/shared/large-bodies.ts'
import { Librarian } from './object/shared/librarian.ts'
import { createSharedMemory, type SharedMemory } from './object/shared/memory.ts'
import type { FleetMessage, FromLibrarian, ToLibrarian } from './object/shared/messages.ts'
import { SharedGarbage } from './object/shared/shared-garbage.ts'
import { SharedTable } from './object/shared/shared-table.ts'
import { Stacks } from './object/shared/stacks.ts'
import type { ObjectTable } from './object/table.ts'
import type { Vouching } from './object/tier.ts'
import { AtHandStore } from './storage/at-hand.ts'
import { MemoryStore } from './storage/memory.ts'

/** Which part an engine has in memory that several threads share. */
export type SharedRole =
  | {
      readonly role: 'librarian'
      readonly memory: SharedMemory
      /** Between the librarian and the engine of its own thread; default: one through the event loop. */
      readonly own?: readonly [LibrarianEnd, WorkerEnd]
    }
  | {
      readonly role: 'worker'
      readonly memory: SharedMemory
      /** From 1. */
      readonly participant: number
      readonly librarian: WorkerEnd
    }

/** The librarian's end of a channel. */
type LibrarianEnd = Channel<FromLibrarian, ToLibrarian>
/** A worker's end of it. */
type WorkerEnd = Channel<ToLibrarian, FromLibrarian>

export interface StoresInit {
  readonly settings: Settings
  readonly clock: Clock
  readonly counters: Counters
  /** Default: the process's own time and turns. */
  readonly pace?: Pace
  /** What the other nodes are reached by where `settings.redis` is set; of a worker nothing is needed. Default: nobody is reached. */
  readonly fleet?: FleetParts | null
}

export interface Stores {
  /** What requests and fetches work with. */
  readonly table: ObjectTable
  /** What can be looked at: of a worker, what it has at hand. */
  readonly shelf: LocalTable
  readonly invalidation: Invalidation
  readonly fillBudget: FillBudget
  /** Only of the thread that keeps the books. */
  readonly librarian: Librarian<Invalidated, BanInfo> | null
  /** Where several threads share memory. */
  readonly shared: SharedTable | null
  /** The nodes that share a Redis, for their operators; `null`: this one is alone, or another thread of it knows. */
  readonly fleet: FleetDesk | null
  /** The log of all nodes, as this thread knows it; `null`: this node is alone. */
  readonly fleetView: FleetView | null
  /** Whether what is stored can be vouched for; for ever where this node is alone. */
  readonly vouching: Vouching
  /** Begins to hear of other nodes. */
  start(): void
  stop(): void
}

/** Bytes of objects for which there is an entry in shared memory. */
const BYTES_PER_ENTRY = 512
/** Of the memory for objects: what each worker may hold at hand. */
const NEAR_SHARE = 32
const MIB = 1024 * 1024
const LEAST_NEAR = MIB
const MOST_NEAR = 64 * MIB
const LEAST_EACH = 4 * MIB
/** Of the memory for objects: what each thread may have let go of and not collected. */
const GARBAGE_SHARE = 8
const LEAST_GARBAGE = 8 * MIB
const MOST_GARBAGE = 64 * MIB

/** Bytes of memory for objects that so many workers need at least: each, and the thread that keeps the books, has some to work with. */
export function leastMemory(workers: number): number {
  return (workers + 1) * LEAST_EACH
}

/** Memory for so many workers, and for the engine of the thread that keeps the books. Its pages are taken from the system as they are used. */
export function shareMemory(settings: Pick<Settings, 'memory'>, workers: number): SharedMemory {
  const bytes = forAll(settings.memory, workers + 1)
  return createSharedMemory({
    bytes,
    workers: workers + 1,
    entries: Math.min(Math.max(1024, Math.floor(bytes / BYTES_PER_ENTRY)), MOST_ENTRIES),
  })
}

export function createStores(init: StoresInit, role: SharedRole | null): Stores {
  if (role === null) return localStores(init)
  return role.role === 'worker' ? workerStores(init, role) : librarianStores(init, role)
}

const FOR_EVER = Number.POSITIVE_INFINITY

/** Makes the node one of a fleet, if it is to be one. */
function joined(
  { settings, clock, fleet }: StoresInit,
  here: Pick<Invalidation, 'purgeKey' | 'purge'>,
  spread?: (message: FleetMessage) => void,
): JoinedFleet | null {
  if (settings.redis === null || fleet == null) return null
  return joinFleet({ parts: fleet, settings: settings.redis, clock, here, ...(spread === undefined ? {} : { spread }) })
}

/** What a thread that has the log of the fleet offers of it. */
function offered(fleet: JoinedFleet | null): Pick<Stores, 'fleet' | 'fleetView' | 'vouching' | 'start'> {
  return {
    fleet: fleet?.desk ?? null,
    fleetView: fleet?.log ?? null,
    vouching: fleet?.vouching ?? { from: FOR_EVER, limit: FOR_EVER },
    start: () => fleet?.desk.start(),
  }
}

function localStores(init: StoresInit): Stores {
  const { settings, clock, counters, pace = systemPace } = init
  const log = new InvalidationLog()
  const bans = new Bans({ clock, counters, knows: (name) => table.variesBy(name) })
  const expiry = new Expiry(clock, (entry) => table.expire(entry))
  const table: LocalTable = new LocalTable({
    ...{ invalidations: log, bans, counters, expiry, pace },
    store: new MemoryStore(settings.memory),
    now: () => clock.now(),
    variants: settings.limits.variants,
  })
  const banning = new Banning({ ...{ bans, table, log, clock, counters }, lurkerAge: () => settings.bans.lurkerAge, turn: pace.turn })
  const here = new Invalidation(table, banning)
  const fleet = joined(init, here)
  const invalidation = fleet === null ? here : new Invalidation(table, banning, fleet.desk)
  return {
    ...{ table, shelf: table, invalidation, librarian: null, shared: null, ...offered(fleet) },
    fillBudget: new FillBudget(Math.max(settings.memory / 4, settings.maxObject)),
    stop() {
      fleet?.desk.stop()
      invalidation.stop()
      table.stop()
      expiry.stop()
    },
  }
}

function workerStores(
  init: StoresInit,
  role: Extract<SharedRole, { role: 'worker' }>,
  garbage: SharedGarbage = garbageOfThread(init.settings.memory),
): Stores {
  const { settings, clock, counters, pace = systemPace } = init
  const { memory, participant, librarian } = role
  const workers = memory.participants - 1
  const log = new InvalidationLog()
  const bans = new Bans({ clock, counters, knows: () => true })
  const expiry = new Expiry(clock, (entry) => near.expire(entry))
  const near: LocalTable = new LocalTable({
    ...{ invalidations: log, bans, expiry, pace },
    // What leaves what is at hand is stored still: that is no eviction.
    counters: new Counters(),
    store: new AtHandStore(nearBytes(settings.memory)),
    now: () => clock.now(),
    variants: settings.limits.variants,
    evicted: (key) => shared.evicted(key),
  })
  const fillBudget = new FillBudget(Math.max(settings.memory / 4 / workers, settings.maxObject), sharedBodies(garbage))
  const follows = settings.redis !== null
  const fleetLog = new FleetLog()
  const vouching: Vouching = { from: FOR_EVER, limit: (settings.redis?.staleLimit ?? FOR_EVER) * 1000 }
  const shared: SharedTable = new SharedTable({
    ...{ memory, participant, librarian, near, log, bans, garbage, counters, pace },
    fleet: follows ? { replica: fleetLog, vouching } : null,
    now: () => clock.now(),
    limits: { keep: settings.maxObject, window: settings.limits.transferBuffer, budget: fillBudget },
  })
  const invalidation = new Invalidation(shared, new RemoteBans(shared.asker), follows ? new RemoteFleet(shared.asker) : null)
  return {
    ...{ table: shared, shelf: near, invalidation, fillBudget, librarian: null, shared },
    ...{ fleet: null, fleetView: follows ? fleetLog : null, vouching, start() {} },
    stop() {
      shared.stop()
      expiry.stop()
    },
  }
}

function librarianStores(init: StoresInit, { memory, own = ownChannel() }: Extract<SharedRole, { role: 'librarian' }>): Stores {
  const { settings, clock, counters, pace = systemPace } = init
  const control = new Control(memory)
  const log = new InvalidationLog()
  const bans = new Bans({ clock, counters, knows: (name) => table.variesBy(name) })
  const expiry = new Expiry(clock, (entry) => table.expire(entry))
  const limit = forAll(settings.memory, memory.participants - 1)
  const books = new Books(limit)
  const garbage = garbageOfThread(settings.memory)
  const table: BookTable = new BookTable({
    ...{ invalidations: log, bans, counters, expiry, pace, store: books },
    now: () => clock.now(),
    variants: settings.limits.variants,
    flights: new FleetFlights(control, () => stacks.takeNotices()),
    softened: (object) => stacks.softened(object),
    hits: (object) => stacks.hits(object),
    takeNotices: () => stacks.takeNotices(),
  })
  const stacks: Stacks = new Stacks({
    ...{ memory, control, limit, books, table, log, garbage },
    dropped: (handle, holder) => librarian.post(holder, { type: 'drop', handle }),
    fetchLarge: (owner) => librarian.takeBytes(owner),
  })
  const banning = new Banning({
    ...{ bans, table, log, clock, counters, turn: pace.turn },
    lurkerAge: () => settings.bans.lurkerAge,
    tested: () => librarian.tested(),
    settled: () => control.settled,
    retired: (position) => librarian.retired(position),
  })
  const here: Pick<Invalidation, 'purgeKey' | 'purge'> = {
    purgeKey: (key, soft) => onAll.purgeKey(key, soft),
    purge: (subject, soft, gone) => onAll.purge(subject, soft, gone),
  }
  const fleet = joined(init, here, (message) => librarian.spreadFleet(message))
  const librarian: Librarian<Invalidated, BanInfo> = new Librarian({
    ...{ memory, control, stacks, table, log, bans: banning, clock, pace },
    fleet: fleet === null ? null : { invalidate: (order, quiet) => fleet.desk.invalidate(order, quiet), begin: () => fleet.begin() },
  })
  const onAll = new Invalidation(librarian, bansOf(librarian, banning))
  // This thread has an engine, too: it is the last of the workers.
  const participant = memory.participants - 1
  librarian.admit(participant, own[0])
  const engine = workerStores(
    { settings: fleet === null ? { ...settings, redis: null } : settings, clock, pace, counters: new Counters() },
    { role: 'worker', memory, participant, librarian: own[1] },
    garbage,
  )
  return {
    ...{ table: engine.table, fillBudget: engine.fillBudget, shelf: table, librarian, shared: engine.shared },
    invalidation: fleet === null ? onAll : new Invalidation(librarian, bansOf(librarian, banning), fleet.desk),
    // The engine of this thread has a copy of its own, as each worker has.
    ...{ ...offered(fleet), fleetView: engine.fleetView, vouching: engine.vouching },
    stop() {
      fleet?.desk.stop()
      engine.stop()
      banning.stop()
      table.stop()
      expiry.stop()
      librarian.stop()
    },
  }
}

function ownChannel(): readonly [LibrarianEnd, WorkerEnd] {
  const { port1, port2 } = new MessageChannel()
  return [new PortChannel(port1), new PortChannel(port2)]
}

/** Each ban is told to all workers. */
function bansOf(librarian: Librarian<Invalidated, BanInfo>, banning: Banning): BanSurface {
  return {
    ban: (text) => librarian.ban(text),
    count: (text) => banning.count(text),
    list: () => banning.list(),
    gauges: () => banning.gauges(),
    stop: () => banning.stop(),
  }
}

/** What a thread lets go of in shared memory: as small a share of the budget may wait for a collection as its collections can bear. */
function garbageOfThread(memory: number): SharedGarbage {
  return new SharedGarbage(Math.min(Math.max(memory / GARBAGE_SHARE, LEAST_GARBAGE), MOST_GARBAGE))
}

function nearBytes(memory: number): number {
  return Math.min(Math.max(memory / NEAR_SHARE, LEAST_NEAR), MOST_NEAR)
}

/** What is left of the memory for objects beside what the workers may hold at hand. */
function forAll(memory: number, workers: number): number {
  return Math.max(0, memory - workers * nearBytes(memory))
}
