/** The object table of one process: plain maps, and a store that keeps the bytes. */
import type { Counters } from '../counters.ts'
import { Arrivals } from './arrivals.ts'
import { type BanTests, type BanView, NO_BANS } from './ban-view.ts'
import type { Claim, ClaimOutcome, Waiter } from './claim.ts'
import type { Entry } from './entry.ts'
import { Finding } from './finding.ts'
import { Flights } from './flights.ts'
import type { LocalClaim } from './head.ts'
import type { Marker } from './marker.ts'
import { CachedObject } from './object.ts'
import { type Pace, systemPace } from './pace.ts'
import { type Peek, peekAt } from './peek.ts'
import { Purging } from './purging.ts'
import { type EntryTimes, type Killer, Shelves } from './shelves.ts'
import type { ObjectStore } from './store.ts'
import type { SubjectPurge } from './subject.ts'
import { Sweeps } from './sweeps.ts'
import type { Found, Invalidations, Lookup, ObjectTable, PurgeResult, Verdict } from './table.ts'

/** An entry in its place. */
export interface Kept {
  readonly entry: CachedObject | Marker
  readonly names: readonly string[]
  readonly variant: string
}

const NONE: readonly never[] = []

export interface LocalTableInit {
  readonly store: ObjectStore
  readonly invalidations: Invalidations
  readonly now: () => number
  /** Largest number of variants under one key. */
  readonly variants: number
  readonly counters: Counters
  readonly expiry: EntryTimes
  /** Default: there are none. */
  readonly bans?: BanTests
  /** Default: the process's own time and turns. */
  readonly pace?: Pace
  /** Default: those that begin here. */
  readonly flights?: Flights
  /** Told of a kept object whose life became shorter. */
  readonly softened?: (object: CachedObject) => void
  /** Told of a key under which something made room for others. */
  readonly evicted?: (key: string) => void
}

export class LocalTable implements ObjectTable {
  readonly distributed: boolean = false
  readonly flights: Flights
  readonly #invalidations: Invalidations
  readonly #shelves: Shelves
  readonly #sweeps: Sweeps
  readonly #finding: Finding
  readonly #arrivals: Arrivals
  readonly #purging: Purging

  constructor(init: LocalTableInit) {
    const { invalidations, bans = NO_BANS, pace = systemPace, variants } = init
    const shelves = new Shelves(init)
    shelves.onSoftened = init.softened ?? null
    shelves.onEvicted = init.evicted ?? null
    this.flights = init.flights ?? new Flights()
    const sweeps = new Sweeps(shelves, invalidations, bans)
    this.#invalidations = invalidations
    this.#shelves = shelves
    this.#sweeps = sweeps
    this.#finding = new Finding(shelves, invalidations, sweeps, this.flights)
    this.#arrivals = new Arrivals({ shelves, sweeps, invalidations, bans, variants })
    this.#purging = new Purging({ shelves, sweeps, invalidations, pace })
  }

  get position(): number {
    return this.#invalidations.head
  }

  get objects(): number {
    return this.#shelves.objects
  }

  get bytes(): number {
    return this.#shelves.store.bytes
  }

  /** Keys with anything under them. */
  get keys(): number {
    return this.#shelves.heads.size
  }

  /** Tags that objects here carry. */
  get tags(): number {
    return this.#shelves.tags.size
  }

  /** What lies under a key; looking changes nothing. */
  peek(key: string): Peek {
    return peekAt(this.#shelves.heads.get(key), this.#sweeps)
  }

  find(lookup: Lookup): Found {
    return this.#finding.find(lookup)
  }

  wait(claim: Claim, waiter: Waiter): () => void {
    const queue = (claim as LocalClaim).queue
    queue.set(waiter, this.#invalidations.head)
    return () => queue.delete(waiter)
  }

  publish(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void {
    this.#arrivals.publish(claim as LocalClaim | null, object, names, variant, store)
  }

  complete(object: CachedObject): boolean {
    return this.#arrivals.complete(object)
  }

  /**
   * Takes in what is kept elsewhere for all and was read from there. An object is tested from `checked` on, a refusal, too. `false`: an
   * invalidation took it.
   */
  adopt(entry: CachedObject | Marker, names: readonly string[], variant: string): boolean {
    return entry instanceof CachedObject ? this.#arrivals.adopt(entry, names, variant) : this.#arrivals.adoptMarker(entry, names, variant)
  }

  /** Lets go of what `adopt` took in. */
  drop(entry: Entry): void {
    this.#shelves.store.remove(entry, 'superseded')
  }

  /** Objects and refusals that are kept under a key, with the list of names and the variant of each. */
  keptUnder(key: string): readonly Kept[] {
    const kept: Kept[] = []
    for (const spec of this.#shelves.heads.get(key)?.specs ?? NONE)
      for (const { variant, whole, part, anonymousMarker, credentialedMarker } of spec.slots)
        for (const entry of [whole, part, anonymousMarker, credentialedMarker])
          if (entry !== null) kept.push({ entry, names: spec.names, variant })
    return kept
  }

  /** Objects under a key that can be joined as they arrive. */
  arrivingUnder(key: string): readonly CachedObject[] {
    const objects: CachedObject[] = []
    for (const spec of this.#shelves.heads.get(key)?.specs ?? NONE)
      for (const { filling } of spec.slots) if (filling !== null) objects.push(filling)
    return objects
  }

  /** The fetches under way under a key. */
  claimsUnder(key: string): Iterable<LocalClaim> {
    return this.#shelves.heads.get(key)?.claims ?? NONE
  }

  /** Carries out on a key all that has been recorded. */
  settle(key: string): void {
    const head = this.#shelves.heads.get(key)
    if (head !== undefined) this.#sweeps.settleHead(head)
  }

  /** Keys of slices of what lies under a key. */
  slicesOf(key: string): readonly string[] {
    return Array.from(this.#shelves.urls.slicesOf(key), (head) => head.key)
  }

  /** Whether anything is known of a key. */
  has(key: string): boolean {
    return this.#shelves.heads.get(key) !== undefined
  }

  holds(object: CachedObject): boolean {
    const { slot } = object
    if (slot === null || slot.whole !== object) return false
    this.#sweeps.settleObject(object, slot)
    return slot.whole === object && slot.filling === null
  }

  discard(object: CachedObject): void {
    this.#arrivals.discard(object)
  }

  postpone(object: CachedObject, failures: number, retryAt: number): void {
    object.failed(failures, retryAt)
  }

  refuse(claim: Claim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void {
    this.#arrivals.refuse(claim as LocalClaim, names, variant, marker, supersedes)
  }

  remember(key: string, names: readonly string[], variant: string, marker: Marker): void {
    this.#arrivals.remember(key, names, variant, marker)
  }

  confirm(claim: Claim, object: CachedObject): void {
    ;(claim as LocalClaim).stale = object
  }

  release(claim: Claim, outcome: ClaimOutcome): void {
    ;(claim as LocalClaim).end(outcome)
    this.#shelves.tidy((claim as LocalClaim).head)
  }

  purge(key: string, soft: boolean): PurgeResult {
    return this.#purging.key(key, soft)
  }

  purgeSubject(subject: SubjectPurge, soft: boolean, gone?: (object: CachedObject) => void): PurgeResult | Promise<PurgeResult> {
    return this.#purging.subject(subject, soft, gone ?? null)
  }

  count(subject: SubjectPurge): PurgeResult | Promise<PurgeResult> {
    return this.#purging.count(subject)
  }

  /** How many objects there are of some kind. */
  countMatching(matches: (object: BanView) => boolean): Promise<PurgeResult> {
    return this.#purging.countMatching(matches)
  }

  /** Shows every object that is stored or arriving, in slices. */
  look(visit: (object: CachedObject) => void): Promise<void> {
    return this.#purging.look(1, visit)
  }

  overtaken(key: string, position: number): Verdict {
    return this.#arrivals.overtaken(key, position)
  }

  outdated(object: CachedObject, position: number): Verdict {
    return this.#arrivals.outdated(object, position)
  }

  /** Who is told of objects that something takes; `null`: nobody. */
  set onKilled(told: ((object: CachedObject, by: Killer) => void) | null) {
    this.#shelves.onKilled = told
  }

  /** An entry's time is over. */
  expire(entry: Entry): void {
    this.#shelves.store.remove(entry, 'expired')
  }

  /** The lurker's test of an object that is kept or arriving, against all that has been recorded. */
  test(object: CachedObject): void {
    if (object.slot !== null) this.#sweeps.settleObject(object, object.slot, true)
  }

  /** Whether some answer here was told from others by this request field (lower case). */
  variesBy(name: string): boolean {
    return this.#shelves.variesBy(name)
  }

  stored(): IterableIterator<CachedObject> {
    return this.#shelves.stored()
  }

  /** As `stored`, and what can be joined as it arrives; they may come and go meanwhile. */
  present(): IterableIterator<CachedObject> {
    return this.#shelves.present()
  }

  tagNames(): IterableIterator<readonly [tag: string, objects: number]> {
    return this.#shelves.tags.names()
  }

  byTag(tag: string): Iterable<CachedObject> {
    return this.#shelves.tags.carriers(tag)
  }

  byKey(key: string): Iterable<CachedObject> {
    const head = this.#shelves.heads.get(key)
    return head === undefined
      ? []
      : head.specs
          .flatMap((spec) => spec.slots)
          .flatMap(({ whole, part }) => [whole, part])
          .filter((object) => object !== null)
  }

  byId(id: number): CachedObject | null {
    const entry = this.#shelves.store.get(id)
    return entry instanceof CachedObject ? entry : null
  }

  stop(): void {
    this.#purging.stop()
    for (const head of this.#shelves.heads.values()) for (const claim of [...head.claims]) claim.end({ type: 'again' })
    this.#shelves.heads.clear()
  }
}
