/**
 * Purges under way, and the verdict on what they have not come to yet. A purge is in force from the moment it is recorded: whatever
 * looks at an entry, be it a look-up or the sweep itself, first applies all that came since the entry was last tested.
 */
import { type BanTests, BanView } from './ban-view.ts'
import type { Head, LocalClaim } from './head.ts'
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'
import type { Shelves } from './shelves.ts'
import type { Slot } from './slot.ts'
import type { Selector } from './subject.ts'

/** A purge, until everything in the table has been tested against it. */
export interface Sweep {
  readonly selector: Selector
  readonly soft: boolean
  /** When it was recorded, monotonic milliseconds: what is softened is stale from then on. */
  readonly at: number
  /** Of its entry in the log. */
  readonly position: number
  /** Objects that went or were made stale by it. */
  objects: number
  readonly gone: ((object: CachedObject) => void) | null
}

/** What would be left of an object: nothing, or it would be stale since a moment. */
export interface Standing {
  readonly gone: boolean
  readonly softenedAt: number | null
}

const GONE: Standing = Object.freeze({ gone: true, softenedAt: null })

export class Sweeps {
  readonly #shelves: Shelves
  readonly #log: { readonly head: number }
  readonly #bans: BanTests
  /** From the oldest to the newest. */
  #running: Sweep[] = []

  constructor(shelves: Shelves, log: { readonly head: number }, bans: BanTests) {
    this.#shelves = shelves
    this.#log = log
    this.#bans = bans
    shelves.onGone = (object) => this.#credit(object)
  }

  /** The newest of all. */
  begin(sweep: Sweep): void {
    this.#running.push(sweep)
  }

  /** Everything has been tested against it. */
  end(sweep: Sweep): void {
    this.#running = this.#running.filter((other) => other !== sweep)
  }

  /** Tests everything under a key. Whether anything is left there. */
  settleHead(head: Head): boolean {
    if (this.#running.length > 0 || this.#bans.newest > head.checked) {
      for (const claim of head.claims) this.settleClaim(claim)
      for (const spec of head.specs) for (const slot of spec.slots) this.#settleSlot(slot)
    } else if (head.whole !== null) {
      // Nothing has come that could take what is here; who finds the object without its head asks the object.
      head.whole.checked = this.#log.head
    }
    head.checked = this.#log.head
    this.#shelves.tidy(head)
    return !head.empty
  }

  #settleSlot(slot: Slot): void {
    const { filling, whole, part, anonymousMarker, credentialedMarker } = slot
    for (const object of [filling, whole, part]) if (object !== null) this.settleObject(object, slot)
    for (const marker of [anonymousMarker, credentialedMarker]) if (marker !== null) this.#settleMarker(marker)
  }

  /** Tests one object. Whether it left. */
  settleObject(object: CachedObject, slot: Slot, byLurker: boolean = false): boolean {
    const since = object.checked
    if (since === this.#log.head) return false
    for (const sweep of this.#running) {
      if (sweep.position <= since || !sweep.selector.names(object)) continue
      count(sweep, object)
      if (this.take(object, slot, sweep.soft, sweep.at)) return true
    }
    if (this.#bans.newest > since && this.#banned(object, slot, byLurker)) {
      if (isKept(object, slot)) this.#shelves.store.remove(object, 'banned')
      else this.#dropArriving(object, slot)
      if (this.#shelves.onKilled !== null) this.#shelves.onKilled(object, byLurker ? 'lurker' : 'lookup')
      return true
    }
    object.checked = this.#log.head
    return false
  }

  /** A purge of the moment `at` takes an object. Whether it left: softly purged it stays, unless it was arriving. */
  take(object: CachedObject, slot: Slot, soft: boolean, at: number): boolean {
    if (!isKept(object, slot)) this.#dropArriving(object, slot)
    else if (!soft) this.#shelves.store.remove(object, 'purged')
    else {
      this.#shelves.soften(object, at)
      return false
    }
    return true
  }

  /** Tests a claim. */
  settleClaim(claim: LocalClaim): void {
    if (claim.checked === this.#log.head || claim.detached) return
    for (const sweep of this.#running) {
      if (sweep.position <= claim.checked || !sweep.selector.namesKey(claim.key)) continue
      claim.overtake(sweep.at)
      return
    }
    claim.checked = this.#log.head
  }

  /** Whether a purge under way is going to take the object. */
  doomed(object: CachedObject): boolean {
    return this.#running.some((sweep) => !sweep.soft && sweep.position > object.checked && sweep.selector.names(object))
  }

  /** What a look-up would make of an object that is in the table; nothing is changed. */
  standing(object: CachedObject, slot: Slot): Standing {
    const since = object.checked
    let softenedAt: number | null = null
    for (const { selector, soft, position, at } of this.#running) {
      if (position <= since || !selector.names(object)) continue
      if (!soft || !isKept(object, slot)) return GONE
      softenedAt ??= at
    }
    return this.#bans.newest > since && this.#bans.names(this.#view(object, slot), since) ? GONE : { gone: false, softenedAt }
  }

  /** When the first purge under way that is for whatever is fetched under a key, and newer than a position, came. `soft`: soft ones count, too. */
  overtakenAt(key: string, since: number, soft: boolean): number | null {
    const first = this.#running.find((sweep) => (soft || !sweep.soft) && sweep.position > since && sweep.selector.namesKey(key))
    return first?.at ?? null
  }

  #settleMarker(marker: Marker): void {
    for (const sweep of this.#running) {
      if (sweep.soft || sweep.position <= marker.checked || !sweep.selector.namesKey(marker.key)) continue
      this.#shelves.store.remove(marker, 'superseded')
      return
    }
    marker.checked = this.#log.head
  }

  #banned(object: CachedObject, slot: Slot, byLurker: boolean): boolean {
    return this.#bans.matches(this.#view(object, slot), object.checked, byLurker)
  }

  #view(object: CachedObject, slot: Slot): BanView {
    return new BanView(object, slot.spec.names, slot.variant, this.#shelves.now())
  }

  /** Its readers finish; nobody joins, and it is not kept. */
  #dropArriving(object: CachedObject, slot: Slot): void {
    this.#shelves.forget(object)
    this.#shelves.dropIfEmpty(slot)
  }

  /** It goes before the purges that would have taken it came to it. */
  #credit(object: CachedObject): void {
    const { slot } = object
    for (const sweep of this.#running) {
      if (sweep.position <= object.checked || !sweep.selector.names(object)) continue
      count(sweep, object)
      if (!sweep.soft || slot === null || !isKept(object, slot)) return
    }
  }
}

function count(sweep: Sweep, object: CachedObject): void {
  sweep.objects++
  sweep.gone?.(object)
}

function isKept(object: CachedObject, slot: Slot): boolean {
  return slot.whole === object || slot.part === object
}
