/** What is kept or arriving, and where: keys, their slots, the indexes over them, and the store that holds the bytes. */
import { C, type Counters } from '../counters.ts'
import type { Entry } from './entry.ts'
import { Head } from './head.ts'
import { Heads } from './heads.ts'
import { Marker } from './marker.ts'
import { CachedObject } from './object.ts'
import { ownText } from './own.ts'
import type { Slot } from './slot.ts'
import type { LeaveReason, ObjectStore } from './store.ts'
import { TagIndex } from './tag-index.ts'
import { UrlIndex } from './url-index.ts'

/** What took an object: others that needed its room, its age, a ban that a request or the lurker found. */
export type Killer = 'lru' | 'expired' | 'lookup' | 'lurker'

/** Told of each entry that is kept, so that it can be let go in time, and of each that has left. */
export interface EntryTimes {
  add(entry: Entry): void
  remove(entry: Entry): void
}

export interface ShelvesInit {
  readonly store: ObjectStore
  readonly now: () => number
  readonly counters: Counters
  readonly expiry: EntryTimes
}

const LEFT: Readonly<Record<LeaveReason, number>> = {
  lru: C.n_lru_nuked,
  expired: C.n_expired,
  superseded: C.n_superseded,
  purged: C.n_obj_purged,
  banned: C.n_obj_purged,
}

export class Shelves {
  readonly heads: Heads = new Heads()
  readonly tags: TagIndex = new TagIndex()
  readonly urls: UrlIndex = new UrlIndex()
  readonly store: ObjectStore
  readonly now: () => number
  readonly #counters: Counters
  readonly #expiry: EntryTimes
  /** Arriving objects that are to be kept when they are whole. */
  readonly #wanted = new Set<CachedObject>()
  /** How many lists of names have each Vary name. */
  readonly #varyNames = new Map<string, number>()
  #objects = 0
  /** Told of an object that leaves although no invalidation took it, while it is still where it was. */
  onGone: ((object: CachedObject) => void) | null = null

  /** Told of a kept object whose life became shorter. */
  onSoftened: ((object: CachedObject) => void) | null = null
  /** Told of a key under which something made room for others. */
  onEvicted: ((key: string) => void) | null = null
  /** Told of each object that something took, except purges and successors. `null`: nobody wants to know. */
  onKilled: ((object: CachedObject, by: Killer) => void) | null = null

  constructor(init: ShelvesInit) {
    this.store = init.store
    this.now = init.now
    this.#counters = init.counters
    this.#expiry = init.expiry
    this.store.onLeave = (entry, reason) => this.#left(entry, reason)
  }

  /** Objects kept. */
  get objects(): number {
    return this.#objects
  }

  /** Whether some answer here was told from others by this request field (lower case). */
  variesBy(name: string): boolean {
    return this.#varyNames.has(name)
  }

  /** What is under a key, made if there is nothing. */
  head(key: string): Head {
    const before = this.heads.get(key)
    if (before !== undefined) return before
    const head = new Head(ownText(key))
    this.heads.put(head)
    this.urls.add(head)
    return head
  }

  /** The slot of a variant, made if it is new. */
  slot(head: Head, names: readonly string[], variant: string): Slot {
    const before = head.specs.length
    const slot = head.slot(names, variant)
    if (head.specs.length > before) for (const name of slot.spec.names) this.#varyNames.set(name, (this.#varyNames.get(name) ?? 0) + 1)
    return slot
  }

  /** Forgets a key with nothing under it. */
  tidy(head: Head): void {
    if (head.empty && this.heads.get(head.key) === head) {
      this.heads.delete(head)
      this.urls.remove(head)
    }
  }

  dropIfEmpty(slot: Slot): void {
    if (!slot.bare || slot.spec.get(slot.variant) !== slot) return
    const { head, spec } = slot
    head.drop(slot)
    if (spec.size === 0) for (const name of spec.names) this.#unname(name)
    this.tidy(head)
  }

  /** An object that is readable here from now on, as it arrives or once it is whole. */
  enter(object: CachedObject, slot: Slot): void {
    object.slot = slot
    this.tags.add(object)
  }

  /** It is to be kept when it is whole. */
  want(object: CachedObject): void {
    this.#wanted.add(object)
  }

  /** An object that is not kept yet cannot be found any more. Whether it was to be kept. */
  forget(object: CachedObject): boolean {
    if (object.slot === null) return false
    if (object.slot.filling === object) object.slot.filling = null
    object.slot = null
    this.tags.remove(object)
    return this.#wanted.delete(object)
  }

  /** As `forget`, of an object that goes although no invalidation took it. */
  lose(object: CachedObject): void {
    if (object.slot !== null) this.onGone?.(object)
    this.forget(object)
  }

  /** Keeps an object that is whole in the place of its predecessor. */
  keep(object: CachedObject, slot: Slot): void {
    this.#expiry.add(object)
    this.enter(object, slot)
    this.#objects++
    if (object.part !== null) slot.part = object
    else {
      slot.whole = object
      if (slot === slot.head) this.heads.put(object)
    }
  }

  /** Keeps a refusal in the place of its predecessor. `false`: there is no room for it. */
  keepMarker(marker: Marker, head: Head, names: readonly string[], variant: string): Slot | null {
    if (!this.store.put(marker)) return null
    const slot = this.slot(head, names, variant)
    // The new one takes its place before the old one goes: a slot that is empty for a moment would be dropped.
    const before = slot.marker(marker.credentialed)
    if (marker.credentialed) slot.credentialedMarker = marker
    else slot.anonymousMarker = marker
    marker.key = head.key
    marker.slot = slot
    if (before !== null) this.store.remove(before, 'superseded')
    this.#expiry.add(marker)
    return slot
  }

  clearMarker(slot: Slot, credentialed: boolean): void {
    const marker = slot.marker(credentialed)
    if (marker !== null) this.store.remove(marker, 'superseded')
  }

  /** Stale since the moment `at`, and gone the sooner. */
  soften(object: CachedObject, at: number): void {
    const before = object.expiresAt
    object.soften(at)
    if (object.expiresAt < before) this.#expiry.add(object)
    this.onSoftened?.(object)
  }

  /** Everything in a slot goes, to make room. */
  empty(slot: Slot): void {
    if (slot.filling !== null) this.lose(slot.filling)
    for (const entry of [slot.whole, slot.part, slot.anonymousMarker, slot.credentialedMarker])
      if (entry !== null) this.store.remove(entry, 'lru')
    this.dropIfEmpty(slot)
  }

  /** Every object that is kept. */
  *stored(): IterableIterator<CachedObject> {
    for (const object of this.present()) if (object.slot?.filling !== object) yield object
  }

  /** Every object that is kept or can be joined as it arrives. They may come and go meanwhile. */
  *present(): IterableIterator<CachedObject> {
    for (const head of this.heads.values()) {
      // Most keys have one object, and those who walk over all of them are to leave no garbage for each.
      if (!head.plain) yield* objectsUnder(head)
      else if (head.whole !== null) yield head.whole
    }
  }

  #left(entry: Entry, reason: LeaveReason): void {
    this.#expiry.remove(entry)
    if (!(entry instanceof CachedObject || entry instanceof Marker)) return
    const { slot } = entry
    if (slot === null) return
    if (entry instanceof CachedObject) {
      if (reason !== 'purged' && reason !== 'banned') this.onGone?.(entry)
      this.tags.remove(entry)
      this.#objects--
      this.#counters.add(LEFT[reason])
      this.#counters.reason('evict', reason)
      if (this.onKilled !== null && (reason === 'lru' || reason === 'expired')) this.onKilled(entry, reason)
    }
    if (reason === 'lru') this.onEvicted?.(entry.key)
    if (slot.whole === entry && slot === slot.head) this.heads.put(slot.head)
    entry.slot = null
    if (slot.whole === entry) slot.whole = null
    else if (slot.part === entry) slot.part = null
    else if (slot.anonymousMarker === entry) slot.anonymousMarker = null
    else if (slot.credentialedMarker === entry) slot.credentialedMarker = null
    this.dropIfEmpty(slot)
  }

  #unname(name: string): void {
    const others = (this.#varyNames.get(name) ?? 1) - 1
    if (others === 0) this.#varyNames.delete(name)
    else this.#varyNames.set(name, others)
  }
}

/** Of one key. */
export function* objectsUnder(head: Head): IterableIterator<CachedObject> {
  for (const spec of head.specs)
    for (const { filling, whole, part } of spec.slots) {
      if (filling !== null) yield filling
      if (whole !== null) yield whole
      if (part !== null) yield part
    }
}
