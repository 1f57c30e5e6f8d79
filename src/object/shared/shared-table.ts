/**
 * The object table of one worker among several: what it has at hand, over the memory that all of them share. A hit compares two words of that
 * memory, the head of the invalidation log and the version of the key's bucket, and is otherwise one of this thread's own table.
 */
import { C, type Counters } from '../../counters.ts'
import type { Claim, ClaimOutcome, Waiter } from '../claim.ts'
import type { FillingLimits } from '../filling.ts'
import type { LocalClaim } from '../head.ts'
import type { LocalTable } from '../local-table.ts'
import type { Marker } from '../marker.ts'
import { CachedObject } from '../object.ts'
import type { Pace } from '../pace.ts'
import { StoredBody } from '../stored-body.ts'
import type { SubjectPurge } from '../subject.ts'
import type { Found, InFlight, Lookup, ObjectTable, PurgeResult, Verdict } from '../table.ts'
import { AppliedLog, type FleetCopy } from './applied-log.ts'
import { Arriving } from './arriving.ts'
import { Asker } from './asker.ts'
import { BodyWait } from './body-wait.ts'
import type { Channel } from './channel.ts'
import { ClaimRegister } from './claim-register.ts'
import { Far } from './far.ts'
import { Followings } from './followings.ts'
import { LargeAtHand } from './large-at-hand.ts'
import { Away, inSharedMemory, sharedBuffers } from './large-bodies.ts'
import { Leadings } from './leadings.ts'
import type { SharedMemory } from './memory.ts'
import type { BetweenWorkers, FromLibrarian, ToLibrarian } from './messages.ts'
import { Near } from './near.ts'
import { SMALL_BODY } from './record.ts'
import type { BanReplica, LogReplica } from './replica.ts'
import type { SharedGarbage } from './shared-garbage.ts'

export interface SharedTableInit {
  readonly memory: SharedMemory
  /** From 1. */
  readonly participant: number
  readonly librarian: Channel<ToLibrarian, FromLibrarian>
  /** What is at hand: a table over `log` and `bans` whose counters nobody reads. */
  readonly near: LocalTable
  readonly log: LogReplica
  readonly bans: BanReplica
  /** What this thread lets go of in shared memory. */
  readonly garbage: SharedGarbage
  readonly now: () => number
  readonly counters: Counters
  readonly pace: Pace
  /** For what arrives from other workers. */
  readonly limits: FillingLimits
  /** Follows the log that nodes share. Default: there are no others. */
  readonly fleet?: FleetCopy | null
}

const AGAIN: ClaimOutcome = { type: 'again' }

export class SharedTable implements ObjectTable {
  readonly distributed: boolean = true
  readonly flights: InFlight
  readonly #init: SharedTableInit
  readonly #librarian: Channel<ToLibrarian, FromLibrarian>
  readonly #near: LocalTable
  readonly #log: LogReplica
  readonly #far: Far
  readonly #known: Near
  readonly #register: ClaimRegister
  readonly #followings: Followings
  readonly #leadings: Leadings
  readonly #asker: Asker
  readonly #peers = new Map<number, Channel<BetweenWorkers, BetweenWorkers>>()
  readonly #large: LargeAtHand
  readonly #applied: AppliedLog
  readonly #arriving: Arriving
  #awake = false

  constructor(init: SharedTableInit) {
    const { memory, participant, librarian, near, log, now } = init
    this.#init = init
    this.#librarian = librarian
    this.#near = near
    this.#log = log
    this.#far = new Far(memory, participant, () => this.#wake())
    this.#register = new ClaimRegister(memory, participant)
    this.#known = new Near({
      far: this.#far,
      table: near,
      bans: init.bans,
      now,
      doomed: (handle) => this.#tell({ type: 'test', handle }),
      large: (object) => this.#large.add(object),
    })
    this.#followings = new Followings({
      table: near,
      register: this.#register,
      limits: init.limits,
      now,
      post: (to, message) => this.#toPeer(to, { to: 'holder', message }),
    })
    this.#leadings = new Leadings({
      table: near,
      register: this.#register,
      now,
      followed: (which) => this.#followings.has(which),
      post: (to, message) => void this.#toPeer(to, { to: 'follower', message }),
    })
    const tell = (message: ToLibrarian): void => this.#tell(message)
    this.#asker = new Asker(tell)
    this.#large = new LargeAtHand(near, init.garbage, (handle) => tell({ type: 'want', handle }))
    this.flights = {
      begin: (position) => {
        near.flights.begin(position)
        this.#noteFlights()
      },
      end: (position) => near.flights.end(position),
    }
    this.#arriving = new Arriving(near, this.flights)
    this.#applied = new AppliedLog({
      ...{ near, log, bans: init.bans, followings: this.#followings, arriving: this.#arriving, tell },
      fleet: init.fleet ?? null,
    })
    near.flights.onLanded = () => {
      this.#noteFlights()
      if (init.bans.size === 0) return
      this.#applied.landed()
      this.#tell({ type: 'landed' })
    }
    librarian.listen((message) => this.#receive(message))
  }

  /** Another worker can be reached. */
  meet(participant: number, channel: Channel<BetweenWorkers, BetweenWorkers>): void {
    this.#peers.get(participant)?.close()
    this.#peers.set(participant, channel)
    channel.listen(({ to, message }) => {
      this.#catchUp()
      if (to === 'holder') this.#leadings.receive(participant, message)
      else this.#followings.receive(message)
    })
  }

  /** Another worker is dead, and nothing in shared memory is its own any more. */
  miss(participant: number): void {
    this.#peers.get(participant)?.close()
    this.#peers.delete(participant)
    this.#leadings.lost(participant)
    this.#followings.lost(participant)
  }

  get position(): number {
    this.#catchUp()
    return this.#log.head
  }

  /** At hand in this thread. */
  get objects(): number {
    return this.#near.objects
  }

  /** At hand in this thread. */
  get bytes(): number {
    return this.#near.bytes
  }

  find(lookup: Lookup): Found {
    this.#catchUp()
    this.#known.refresh(lookup.key)
    const found = this.#near.find(lookup)
    const away = awayIn(found)
    if (away !== null) return this.#fetchBytes(found, away)
    if (found.type === 'object') {
      const { object, claim } = found
      if (object.handle > 0) object.hits = this.#far.use(object.handle)
      if (claim === null) return found
      // It is refreshed by one worker.
      if (this.#register.take(claim as LocalClaim) === 'own') this.#noteFlights()
      else {
        this.#near.release(claim, AGAIN)
        return { ...found, claim: null }
      }
    } else if (found.type === 'fetch' && found.claim !== null) {
      const claim = found.claim as LocalClaim
      this.#noteFlights()
      const taken = this.#register.take(claim)
      if (typeof taken === 'number' && !lookup.ignoreBusy && !lookup.alwaysMiss && this.#followings.follow(claim, taken))
        return { type: 'wait', claim, stale: found.stale }
    }
    return found
  }

  wait(claim: Claim, waiter: Waiter): () => void {
    return claim instanceof BodyWait ? claim.wait(waiter) : this.#near.wait(claim, waiter)
  }

  publish(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void {
    this.#catchUp()
    if (store) this.#arriving.begin(object)
    this.#near.publish(claim, object, names, variant, store)
    if (object.slot === null) this.#arriving.end(object)
    if (claim === null) return
    // Others may join what arrives, as long as it is of use to who comes.
    if (object.slot !== null && object.freshness(this.#init.now()) === 'fresh') this.#register.hand(claim as LocalClaim, object)
    else this.#register.free(claim as LocalClaim)
  }

  complete(object: CachedObject): boolean {
    this.#catchUp()
    const { slot, body } = object
    const kept = slot !== null && (slot.whole === object || slot.part === object)
    if (slot === null || kept || !(body instanceof StoredBody)) return this.#landed(object, this.#near.complete(object))
    if ((body.length ?? 0) > SMALL_BODY) object.body = inSharedMemory(body)
    const { names } = slot.spec
    const { variant } = slot
    if (!this.#near.complete(object)) return this.#landed(object, false)
    const stored = this.#store(object, names, variant)
    if (!stored) {
      this.#near.drop(object)
      this.#init.counters.add(C.n_lru_limited)
    }
    return this.#landed(object, stored)
  }

  holds(object: CachedObject): boolean {
    this.#catchUp()
    this.#known.refresh(object.key)
    if (!this.#near.holds(object)) return false
    // Those of all workers.
    if (object.handle > 0) object.hits = this.#far.hits(object.handle)
    return true
  }

  discard(object: CachedObject): void {
    if (object.handle > 0) this.#far.end(object.handle)
    this.#near.discard(object)
    this.#landed(object, false)
  }

  postpone(object: CachedObject, failures: number, retryAt: number): void {
    object.failed(failures, retryAt)
    if (object.handle > 0) this.#far.postpone(object.handle, failures, retryAt)
  }

  refuse(claim: Claim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void {
    this.#catchUp()
    this.#known.refresh(claim.key)
    const before = supersedes ? this.#near.keptUnder(claim.key) : []
    this.#near.refuse(claim, names, variant, marker, supersedes)
    for (const { entry } of before)
      if (entry.slot === null && entry.handle > 0 && entry instanceof CachedObject) this.#far.end(entry.handle)
    if (marker !== null) this.#storeMarker(marker, names, variant)
    this.#register.free(claim as LocalClaim)
  }

  remember(key: string, names: readonly string[], variant: string, marker: Marker): void {
    this.#catchUp()
    this.#known.refresh(key)
    this.#near.remember(key, names, variant, marker)
    this.#storeMarker(marker, names, variant)
  }

  confirm(claim: Claim, object: CachedObject): void {
    this.#near.confirm(claim, object)
  }

  release(claim: Claim, outcome: ClaimOutcome): void {
    if (claim instanceof BodyWait) return
    this.#register.free(claim as LocalClaim)
    this.#near.release(claim, outcome)
  }

  async purge(key: string, soft: boolean): Promise<PurgeResult> {
    return (await this.#asker.ask({ do: 'purgeKey', key, soft })) as PurgeResult
  }

  /** `gone` is not told of anything: what goes is known to the librarian. */
  async purgeSubject(subject: SubjectPurge, soft: boolean): Promise<PurgeResult> {
    return (await this.#asker.ask({ do: 'purge', subject, soft })) as PurgeResult
  }

  async count(subject: SubjectPurge): Promise<PurgeResult> {
    return (await this.#asker.ask({ do: 'count', subject })) as PurgeResult
  }

  /** Bans, which the librarian keeps for all. */
  get asker(): Asker {
    return this.#asker
  }

  overtaken(key: string, position: number): Verdict {
    this.#catchUp()
    return this.#near.overtaken(key, position)
  }

  outdated(object: CachedObject, position: number): Verdict {
    this.#catchUp()
    return this.#near.outdated(object, position)
  }

  /** Something under a key made room at hand. */
  evicted(key: string): void {
    this.#known.evicted(key)
  }

  stop(): void {
    this.#near.stop()
    this.#large.stop()
    for (const channel of [this.#librarian, ...this.#peers.values()]) channel.close()
  }

  /** Carries out what has been recorded since, before anything is looked at. */
  #catchUp(): void {
    const { control } = this.#far
    if (control.head === this.#log.head) return
    for (let next = this.#librarian.take(); next !== undefined; next = this.#librarian.take()) this.#receive(next)
  }

  #receive(message: FromLibrarian): void {
    switch (message.type) {
      case 'begin':
        this.#applied.begin(message)
        return
      case 'key':
      case 'subject':
      case 'ban':
        this.#applied.apply(message)
        return
      case 'fleetBegin':
      case 'pending':
      case 'withdrawn':
      case 'fleet':
      case 'lost':
      case 'heard':
      case 'vouching':
        this.#applied.follow(message)
        return
      case 'retired':
        this.#applied.retire(message.position)
        return
      case 'answer':
        this.#asker.answer(message)
        return
      case 'bytes':
        this.#large.came(message.handle, message.buffers)
        return
      case 'drop':
        this.#large.drop(message.handle)
        return
      default:
        message satisfies never
    }
  }

  /** It does not arrive any more. */
  #landed(object: CachedObject, kept: boolean): boolean {
    this.#register.free(object)
    this.#arriving.end(object)
    return kept
  }

  /** `false`: there is no room. */
  #store(object: CachedObject, names: readonly string[], variant: string): boolean {
    const { body } = object
    if (!(body instanceof StoredBody)) return false
    const large = body.length > SMALL_BODY
    const chain = this.#known.chain(object.key)
    const entry = { entry: object, names, variant, body: large ? null : bytesOf(body) }
    const handle = this.#far.put(chain, entry, object.checked, (name) => {
      if (large) this.#tell({ type: 'large', handle: name, buffers: sharedBuffers(body) })
    })
    if (handle === 0) return false
    object.handle = handle
    if (large) this.#large.add(object)
    this.#known.supersede(chain, handle)
    return true
  }

  #storeMarker(marker: Marker, names: readonly string[], variant: string): void {
    if (marker.slot === null || marker.handle > 0) return
    const chain = this.#known.chain(marker.key)
    marker.handle = this.#far.put(chain, { entry: marker, names, variant, body: '' }, marker.checked, null)
    if (marker.handle > 0) this.#known.supersede(chain, marker.handle)
  }

  /** Asks for bytes that are not at hand; what was found is given up until they are. */
  #fetchBytes(found: Found, object: CachedObject): Found {
    if ((found.type === 'object' || found.type === 'fetch') && found.claim !== null) this.#near.release(found.claim, AGAIN)
    return { type: 'away', claim: this.#large.fetch(object, this.#log.head) }
  }

  #noteFlights(): void {
    const { oldest } = this.#near.flights
    const { control } = this.#far
    const word = oldest === Number.POSITIVE_INFINITY ? 0 : oldest + 1
    const { participant } = this.#init
    if (control.oldestFlight(participant) !== word) control.setOldestFlight(participant, word)
  }

  #wake(): void {
    if (this.#awake) return
    this.#awake = true
    // What one turn of the event loop brings is told of together.
    this.#init.pace.turn(() => {
      this.#awake = false
      this.#tell({ type: 'wake' })
    })
  }

  #tell(message: ToLibrarian): void {
    this.#librarian.post(message)
  }

  #toPeer(participant: number, message: BetweenWorkers): boolean {
    const channel = this.#peers.get(participant)
    channel?.post(message)
    return channel !== undefined
  }
}

/** What was found has bytes that are not at hand. */
function awayIn(found: Found): CachedObject | null {
  if (found.type === 'refused' || found.type === 'away') return null
  const { claim } = found
  for (const object of [found.type === 'object' ? found.object : found.stale, claim?.part ?? null])
    if (object !== null && object.body instanceof StoredBody && object.body.elsewhere instanceof Away) return object
  return null
}

function bytesOf(body: StoredBody): string | Buffer {
  return body.atHand ?? Buffer.concat(body.segments)
}
