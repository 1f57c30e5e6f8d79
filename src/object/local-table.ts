/** The object table of one process: plain maps, and a store that keeps the bytes. */
import { C, type Counters } from '../counters.ts'
import type { Claim, ClaimOutcome, Waiter } from './claim.ts'
import { Head, LocalClaim } from './head.ts'
import { placeOf } from './key-text.ts'
import type { Freshness } from './lifetime.ts'
import { CachedObject, type Entry, type Marker } from './object.ts'
import { ownText } from './own.ts'
import { type Peek, peekAt } from './peek.ts'
import type { Slot } from './slot.ts'
import type { LeaveReason, ObjectStore } from './store.ts'
import type { Found, Lookup, MissReason, ObjectTable, PurgeResult, SubjectPurge } from './table.ts'
import { TagIndex } from './tag-index.ts'

/** What the table needs of the invalidation log. */
export interface Invalidations {
  readonly head: number
  purgeKey(key: string, soft: boolean): unknown
  purgeSubject(subject: SubjectPurge, soft: boolean): unknown
  verdict(key: string, since: number, tags: readonly string[]): 'valid' | 'soft' | 'hard'
}

/** Told of each entry that is kept, so that it can be let go in time, and of each that has left. */
export interface EntryTimes {
  add(entry: Entry): void
  remove(entry: Entry): void
}

export interface LocalTableInit {
  readonly store: ObjectStore
  readonly invalidations: Invalidations
  readonly now: () => number
  /** Largest number of variants under one key. */
  readonly variants: number
  readonly counters: Counters
  readonly expiry: EntryTimes
}

const NO_NAMES: readonly string[] = []
const NO_TAGS: readonly string[] = []

const NO_WAITERS: readonly Waiter[] = []

const LEFT: Readonly<Record<LeaveReason, number>> = {
  lru: C.n_lru_nuked,
  expired: C.n_expired,
  superseded: C.n_superseded,
  purged: C.n_obj_purged,
}

export class LocalTable implements ObjectTable {
  readonly #store: ObjectStore
  readonly #invalidations: Invalidations
  readonly #now: () => number
  readonly #variants: number
  readonly #counters: Counters
  readonly #expiry: EntryTimes
  readonly #heads = new Map<string, Head>()
  /** Where each kept or readable entry is, by id. */
  readonly #slots = new Map<number, Slot>()
  /** Readable objects that are to be stored when they are complete. */
  readonly #storing = new Set<CachedObject>()
  readonly #tags = new TagIndex()
  #objects = 0

  constructor(init: LocalTableInit) {
    this.#store = init.store
    this.#invalidations = init.invalidations
    this.#now = init.now
    this.#variants = init.variants
    this.#counters = init.counters
    this.#expiry = init.expiry
    this.#store.onLeave = (entry, reason) => this.#left(entry, reason)
  }

  get position(): number {
    return this.#invalidations.head
  }

  get objects(): number {
    return this.#objects
  }

  get bytes(): number {
    return this.#store.bytes
  }

  /** Keys with anything under them. */
  get keys(): number {
    return this.#heads.size
  }

  /** Tags that objects here carry. */
  get tags(): number {
    return this.#tags.size
  }

  /** Every object that is kept. */
  *stored(): IterableIterator<CachedObject> {
    for (const head of this.#heads.values())
      for (const spec of head.specs)
        for (const { whole, part } of spec.slots) {
          if (whole !== null) yield whole
          if (part !== null) yield part
        }
  }

  /** What lies under a key; looking changes nothing. */
  peek(key: string): Peek {
    return peekAt(this.#heads.get(key), this.#now())
  }

  find(lookup: Lookup): Found {
    const head = this.#heads.get(lookup.key)
    if (head === undefined) return this.#claim(this.#newHead(lookup.key), lookup, null, 'ABSENT', null)
    if (lookup.alwaysMiss) return this.#fetch(head, lookup, null, 'FORCED', null)
    const slot = this.#match(head, lookup)
    if (slot === null) return this.#fetch(head, lookup, null, head.specs.length === 0 ? 'ABSENT' : 'VARY', null)
    return this.#inSlot(head, slot, lookup)
  }

  wait(claim: Claim, waiter: Waiter): () => void {
    const queue = (claim as LocalClaim).queue
    queue.set(waiter, this.#invalidations.head)
    return () => queue.delete(waiter)
  }

  publish(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void {
    const overtaken = this.overtaken(object.key, object.position, object.tags)
    if (overtaken === 'soft') object.soften(this.#now())
    const late = claim === null || overtaken === 'valid' ? NO_WAITERS : (claim as LocalClaim).leaveLate()
    this.#share(claim, object, names, variant, store && overtaken !== 'hard', overtaken !== 'hard')
    for (const waiter of late) waiter.released({ type: 'again' })
  }

  #share(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean, valid: boolean): void {
    if (valid && claim?.detached !== true) {
      const head = this.#heads.get(object.key) ?? this.#newHead(object.key)
      const slot = head.slot(names, variant)
      if (object.part === null) this.#fillingIn(slot, object)
      this.#slots.set(object.id, slot)
      this.#tags.add(object)
      if (store) this.#storing.add(object)
      // The waiters of a claim are freed before anybody new can look up: they get the object even when its ttl is 0.
      if (claim !== null) (claim as LocalClaim).end({ type: 'object', object, names, variant })
      this.#limitVariants(head, slot)
      return
    }
    // Those who came before an invalidation may still have it; it is theirs alone.
    if (claim !== null) (claim as LocalClaim).end({ type: 'object', object, names, variant })
    this.#tidy(object.key)
  }

  complete(object: CachedObject): boolean {
    const slot = this.#slots.get(object.id)
    const store = this.#storing.delete(object)
    if (slot === undefined) return false
    if (slot.whole === object || slot.part === object) return true
    if (slot.filling === object) slot.filling = null
    this.#forget(object)
    const overtaken = this.overtaken(object.key, object.position, object.tags)
    if (overtaken === 'soft') object.soften(this.#now())
    if (!store || overtaken === 'hard' || object.bytes > this.#store.budget) {
      this.#dropIfEmpty(slot)
      return false
    }
    object.settle(slot.head.key)
    // Its predecessors make room first, so that nothing else is evicted for bytes that are counted twice for a moment.
    const { whole, part } = this.#home(object, slot)
    if (object.part === null && whole !== null) this.#store.remove(whole, 'superseded')
    if (part !== null) this.#store.remove(part, 'superseded')
    this.#store.put(object)
    const home = this.#home(object, slot)
    this.#slots.set(object.id, home)
    this.#tags.add(object)
    this.#objects++
    if (object.part === null) home.whole = object
    else home.part = object
    // What can be shared again is no longer refused.
    this.#clearMarker(home, false)
    this.#clearMarker(home, true)
    this.#expiry.add(object)
    return true
  }

  discard(object: CachedObject): void {
    this.#storing.delete(object)
    const slot = this.#slots.get(object.id)
    if (slot === undefined) return
    if (slot.whole === object || slot.part === object) {
      this.#store.remove(object, 'purged')
      return
    }
    this.#forget(object)
    if (slot.filling === object) slot.filling = null
    this.#dropIfEmpty(slot)
  }

  refuse(claim: Claim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void {
    const key = claim.key
    if (!claim.detached && this.overtaken(key, claim.position) !== 'hard') {
      if (supersedes) this.#supersede(key, names, variant)
      if (marker !== null) this.remember(key, names, variant, marker)
    }
    ;(claim as LocalClaim).end({ type: 'alone' })
    this.#tidy(key)
  }

  remember(key: string, names: readonly string[], variant: string, marker: Marker): void {
    if (!this.#store.put(marker)) return
    const head = this.#heads.get(key) ?? this.#newHead(key)
    const slot = head.slot(names, variant)
    // The new one takes its place before the old one goes: a slot that is empty for a moment would be dropped.
    const before = slot.marker(marker.credentialed)
    if (marker.credentialed) slot.credentialedMarker = marker
    else slot.anonymousMarker = marker
    this.#slots.set(marker.id, slot)
    if (before !== null) this.#store.remove(before, 'superseded')
    this.#expiry.add(marker)
    this.#limitVariants(head, slot)
  }

  release(claim: Claim, outcome: ClaimOutcome): void {
    ;(claim as LocalClaim).end(outcome)
    this.#tidy(claim.key)
  }

  purge(key: string, soft: boolean): PurgeResult {
    const head = this.#heads.get(key)
    this.#invalidations.purgeKey(head?.key ?? ownText(key), soft)
    return { objects: head === undefined ? 0 : this.#purgeHead(head, soft) }
  }

  #purgeHead(head: Head, soft: boolean): number {
    let objects = 0
    const now = this.#now()
    // A soft purge lets the stale copy answer while one fetch refreshes it; a claim that began before would bring the old one.
    head.detachClaims()
    for (const spec of head.specs) {
      for (const slot of spec.slots) {
        for (const object of [slot.filling, slot.whole, slot.part]) {
          if (object === null) continue
          objects++
          this.#purgeObject(object, slot, soft, now)
        }
        if (!soft) for (const credentialed of [false, true]) this.#clearMarker(slot, credentialed)
        this.#dropIfEmpty(slot)
      }
    }
    this.#tidy(head.key)
    return objects
  }

  purgeSubject(subject: SubjectPurge, soft: boolean): PurgeResult {
    this.#invalidations.purgeSubject(subject, soft)
    if (subject.by !== 'tags') return this.#purgeKeys(subject, soft)
    let objects = 0
    const now = this.#now()
    for (const object of this.#tags.find(subject.tags)) {
      const slot = this.#slots.get(object.id)
      if (slot === undefined) continue
      objects++
      this.#purgeObject(object, slot, soft, now)
      this.#dropIfEmpty(slot)
    }
    return { objects }
  }

  overtaken(key: string, position: number, tags: readonly string[] = NO_TAGS): 'valid' | 'soft' | 'hard' {
    return this.#invalidations.verdict(key, position, tags)
  }

  /** An entry's time is over. */
  expire(entry: Entry): void {
    this.#store.remove(entry, 'expired')
  }

  stop(): void {
    for (const head of this.#heads.values()) for (const claim of [...head.claims]) claim.end({ type: 'again' })
    this.#heads.clear()
  }

  /** The variant that a request selects: under the newest list of names that knows it. */
  #match(head: Head, lookup: Lookup): Slot | null {
    for (const spec of head.specs) {
      if (lookup.ignoreVary) for (const slot of spec.slots) if (slot.whole !== null || slot.filling !== null) return slot
      const slot = spec.get(lookup.variant(spec.names))
      if (slot !== undefined) return slot
      if (spec.names.length === 0) continue
      for (const other of spec.slots) if (other.whole !== null && lookup.alsoMatches(other.whole, spec.names)) return other
    }
    return null
  }

  #inSlot(head: Head, slot: Slot, lookup: Lookup): Found {
    const marker = slot.marker(lookup.credentialed)
    const filling = slot.filling
    if (filling !== null && !lookup.ignoreBusy && lookup.judge(filling) === 'fresh') return this.#hit(filling, 'fresh', null)
    const whole = slot.whole
    if (whole !== null) {
      const freshness = lookup.judge(whole)
      if (freshness === 'fresh') return this.#hit(whole, 'fresh', null)
      if (freshness === 'grace') {
        const free = lookup.now >= whole.retryAt && !this.#busy(head, slot, lookup)
        return this.#hit(whole, 'grace', free && !lookup.solitary ? this.#newClaim(head, lookup, whole, null, null) : null)
      }
    }
    if (whole !== null && !lookup.demanding && lookup.now < whole.retryAt && whole.servableOnError(lookup.now, false))
      return this.#hit(whole, 'stale', null)
    const part = slot.part
    if (part !== null && lookup.range !== null && lookup.judge(part) === 'fresh' && lookup.covers(part))
      return this.#hit(part, 'fresh', null)
    if (marker !== null && lookup.now < marker.expiresAt) {
      this.#store.touch(marker)
      return { type: 'refused', marker }
    }
    const fetchPart =
      part !== null &&
      lookup.range === null &&
      lookup.completesParts &&
      part.part !== null &&
      part.part.first === 0 &&
      lookup.judge(part) === 'fresh'
        ? part
        : null
    const why: MissReason =
      whole !== null
        ? 'EXPIRED'
        : fetchPart !== null
          ? 'PARTIAL'
          : part !== null && lookup.range !== null
            ? 'RANGE'
            : part !== null
              ? 'PARTIAL'
              : 'ABSENT'
    return this.#fetch(head, lookup, whole, why, fetchPart)
  }

  #hit(object: CachedObject, freshness: Freshness, claim: Claim | null): Found {
    object.hits++
    this.#store.touch(object)
    return { type: 'object', object, freshness, claim }
  }

  /** Joins a claim under way, or makes one. */
  #fetch(head: Head, lookup: Lookup, stale: CachedObject | null, why: MissReason, part: CachedObject | null): Found {
    if (!lookup.ignoreBusy && !lookup.alwaysMiss && !lookup.solitary) {
      const busy = this.#findClaim(head, lookup, lookup.range)
      if (busy !== null) return { type: 'wait', claim: busy, stale }
    }
    return this.#claim(head, lookup, stale, why, part)
  }

  #claim(head: Head, lookup: Lookup, stale: CachedObject | null, why: MissReason, part: CachedObject | null): Found {
    if (lookup.solitary) {
      this.#tidy(lookup.key)
      return { type: 'fetch', claim: null, stale, why }
    }
    return { type: 'fetch', claim: this.#newClaim(head, lookup, stale, part, lookup.range), stale, why }
  }

  #newClaim(head: Head, lookup: Lookup, stale: CachedObject | null, part: CachedObject | null, range: string | null): Claim {
    const names = head.specs[0]?.names ?? NO_NAMES
    const claim = new LocalClaim(head, {
      kind: range === null ? 'whole' : 'range',
      range,
      names,
      variant: lookup.variant(names),
      credentialed: lookup.credentialed,
      position: this.#invalidations.head,
      stale,
      part,
      attempt: lookup.attempt,
    })
    head.claim(claim)
    return claim
  }

  #busy(head: Head, slot: Slot, lookup: Lookup): boolean {
    if (slot.filling !== null) return true
    // What is refreshed is the whole representation, whatever this request asks of it.
    return this.#findClaim(head, lookup, null) !== null
  }

  /** A claim of this class and range whose predicted variant is this request's. */
  #findClaim(head: Head, lookup: Lookup, range: string | null): LocalClaim | null {
    for (const claim of head.claims) {
      if (claim.credentialed !== lookup.credentialed || claim.range !== range || claim.detached) continue
      if (claim.variant === lookup.variant(claim.names)) return claim
    }
    return null
  }

  /** All heads of a host, under a prefix, or all. */
  #purgeKeys(subject: Exclude<SubjectPurge, { by: 'tags' }>, soft: boolean): PurgeResult {
    let objects = 0
    for (const head of this.#heads.values()) if (names(subject, head.key)) objects += this.#purgeHead(head, soft)
    return { objects }
  }

  #purgeObject(object: CachedObject, slot: Slot, soft: boolean, now: number): void {
    if (slot.filling === object) {
      // Its readers finish; nobody joins, and it is not kept.
      slot.filling = null
      this.#forget(object)
      this.#storing.delete(object)
    } else if (soft) this.#soften(object, now)
    else this.#store.remove(object, 'purged')
  }

  /** It cannot be found any more. */
  #forget(object: CachedObject): void {
    this.#slots.delete(object.id)
    this.#tags.remove(object)
  }

  #fillingIn(slot: Slot, object: CachedObject): void {
    const before = slot.filling
    if (before !== null) {
      this.#forget(before)
      this.#storing.delete(before)
    }
    slot.filling = object
  }

  #supersede(key: string, names: readonly string[], variant: string): void {
    const slot = this.#heads.get(key)?.find(names)?.get(variant)
    if (slot === undefined) return
    for (const object of [slot.whole, slot.part]) if (object !== null) this.#store.remove(object, 'superseded')
  }

  #clearMarker(slot: Slot, credentialed: boolean): void {
    const marker = slot.marker(credentialed)
    if (marker !== null) this.#store.remove(marker, 'superseded')
  }

  /** Keeps the number of variants under a key within bounds: the oldest go. */
  #limitVariants(head: Head, keep: Slot): void {
    let surplus = head.variants - this.#variants
    if (surplus <= 0) return
    for (const spec of head.specs.toReversed()) {
      for (const slot of spec.slots) {
        if (surplus <= 0) return
        if (slot === keep) continue
        surplus--
        this.#empty(slot)
      }
    }
  }

  #empty(slot: Slot): void {
    const filling = slot.filling
    if (filling !== null) {
      this.#forget(filling)
      this.#storing.delete(filling)
      slot.filling = null
    }
    for (const entry of [slot.whole, slot.part, slot.anonymousMarker, slot.credentialedMarker])
      if (entry !== null) this.#store.remove(entry, 'lru')
    this.#dropIfEmpty(slot)
  }

  /** Where an object belongs now: what left in the meantime may have emptied and dropped the slot that it began in. */
  #home(object: CachedObject, slot: Slot): Slot {
    return (this.#heads.get(object.key) ?? this.#newHead(object.key)).slot(slot.spec.names, slot.variant)
  }

  /** Stale from now on, and gone the sooner. */
  #soften(object: CachedObject, now: number): void {
    const before = object.expiresAt
    object.soften(now)
    if (object.expiresAt < before) this.#expiry.add(object)
  }

  #left(entry: Entry, reason: LeaveReason): void {
    this.#expiry.remove(entry)
    const slot = this.#slots.get(entry.id)
    if (slot === undefined) return
    this.#slots.delete(entry.id)
    if (entry instanceof CachedObject) {
      this.#tags.remove(entry)
      this.#objects--
      this.#counters.add(LEFT[reason])
      this.#counters.reason('evict', reason)
    }
    if (slot.whole === entry) slot.whole = null
    else if (slot.part === entry) slot.part = null
    else if (slot.anonymousMarker === entry) slot.anonymousMarker = null
    else if (slot.credentialedMarker === entry) slot.credentialedMarker = null
    this.#dropIfEmpty(slot)
  }

  #dropIfEmpty(slot: Slot): void {
    if (!slot.empty || slot.spec.get(slot.variant) !== slot) return
    slot.head.drop(slot)
    this.#tidy(slot.head.key)
  }

  #newHead(key: string): Head {
    const head = new Head(ownText(key))
    this.#heads.set(head.key, head)
    return head
  }

  #tidy(key: string): void {
    const head = this.#heads.get(key)
    if (head?.empty === true) this.#heads.delete(key)
  }
}

/** Whether a purge is for what is under a key. A key that does not tell host and URL goes with all of them. */
function names(subject: Exclude<SubjectPurge, { by: 'tags' }>, key: string): boolean {
  if (subject.by === 'all') return true
  const place = placeOf(key)
  if (place === null) return true
  if (place.host !== subject.host) return false
  return subject.by === 'host' || place.url.startsWith(subject.prefix)
}
