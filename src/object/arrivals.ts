/** What fetches bring: readable while it arrives, kept once it is whole, or remembered as a refusal. */
import { type BanTests, BanView } from './ban-view.ts'
import type { Head, LocalClaim } from './head.ts'
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'
import type { Shelves } from './shelves.ts'
import type { Slot } from './slot.ts'
import type { Sweeps } from './sweeps.ts'
import type { Invalidations, Verdict } from './table.ts'

const NO_TAGS: readonly string[] = []

export interface ArrivalsInit {
  readonly shelves: Shelves
  readonly sweeps: Sweeps
  readonly invalidations: Invalidations
  readonly bans: BanTests
  /** Largest number of variants under one key. */
  readonly variants: number
}

export class Arrivals {
  readonly #shelves: Shelves
  readonly #sweeps: Sweeps
  readonly #invalidations: Invalidations
  readonly #bans: BanTests
  readonly #variants: number

  constructor(init: ArrivalsInit) {
    this.#shelves = init.shelves
    this.#sweeps = init.sweeps
    this.#invalidations = init.invalidations
    this.#bans = init.bans
    this.#variants = init.variants
  }

  publish(claim: LocalClaim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void {
    if (claim !== null) this.#sweeps.settleClaim(claim)
    const verdict = this.#test(object, object.position, names, variant)
    const shelves = this.#shelves
    const late = verdict !== 'valid' || claim?.detached === true
    if (verdict !== 'hard' && claim?.detached !== true) {
      const head = shelves.head(object.key)
      const slot = shelves.slot(head, names, variant)
      if (object.part === null) {
        if (slot.filling !== null) shelves.lose(slot.filling)
        slot.filling = object
      }
      shelves.enter(object, slot)
      if (store) shelves.want(object)
      // The waiters of a claim are freed before anybody new can look up: they get the object even when its ttl is 0.
      claim?.end({ type: 'object', object, names, variant }, late)
      this.#limitVariants(head, slot)
      return
    }
    // Those who came before an invalidation may still have it; it is theirs alone.
    claim?.end({ type: 'object', object, names, variant }, late)
    if (claim !== null) shelves.tidy(claim.head)
  }

  complete(object: CachedObject): boolean {
    const shelves = this.#shelves
    const { slot } = object
    if (slot === null) return false
    if (slot.whole === object || slot.part === object) return true
    if (slot.filling === object && this.#sweeps.settleObject(object, slot)) return false
    const wanted = shelves.forget(object)
    // A part is in no slot while it arrives, so that no purge came to it.
    const verdict = this.#test(object, object.checked, slot.spec.names, slot.variant)
    if (!wanted || verdict === 'hard' || !shelves.store.takes(object)) {
      shelves.dropIfEmpty(slot)
      return false
    }
    object.settle(slot)
    // Its predecessors make room first, so that nothing else is evicted for bytes that are counted twice for a moment.
    const { whole, part } = this.#home(object, slot)
    if (object.part === null && whole !== null) shelves.store.remove(whole, 'superseded')
    if (part !== null) shelves.store.remove(part, 'superseded')
    shelves.store.put(object)
    const home = this.#home(object, slot)
    shelves.keep(object, home)
    // What can be shared again is no longer refused.
    shelves.clearMarker(home, false)
    shelves.clearMarker(home, true)
    return true
  }

  /**
   * Takes in what is kept elsewhere for all and was read from there, in the place of what was taken in before. It is tested from
   * `object.checked` on. `false`: an invalidation took it.
   */
  adopt(object: CachedObject, names: readonly string[], variant: string): boolean {
    if (this.#test(object, object.checked, names, variant) === 'hard') return false
    const shelves = this.#shelves
    const slot = shelves.slot(shelves.head(object.key), names, variant)
    object.seat(slot)
    const before = object.part === null ? slot.whole : slot.part
    if (before !== null) shelves.store.remove(before, 'superseded')
    if (!shelves.store.put(object)) {
      shelves.dropIfEmpty(slot)
      return false
    }
    shelves.keep(object, this.#home(object, slot))
    return true
  }

  /** As `adopt`, of a refusal. */
  adoptMarker(marker: Marker, names: readonly string[], variant: string): boolean {
    if (this.#invalidations.verdict(marker.key, marker.checked, NO_TAGS, null) === 'hard') return false
    marker.checked = this.#invalidations.head
    return this.#shelves.keepMarker(marker, this.#shelves.head(marker.key), names, variant) !== null
  }

  discard(object: CachedObject): void {
    const { slot } = object
    if (slot === null) return
    if (slot.whole === object || slot.part === object) {
      this.#shelves.store.remove(object, 'purged')
      return
    }
    this.#shelves.lose(object)
    this.#shelves.dropIfEmpty(slot)
  }

  refuse(claim: LocalClaim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void {
    const { key } = claim
    this.#sweeps.settleClaim(claim)
    if (!claim.detached && this.overtaken(key, claim.position) !== 'hard') {
      if (supersedes) this.#supersede(key, names, variant)
      if (marker !== null) this.remember(key, names, variant, marker)
    }
    claim.end({ type: 'alone' })
    this.#shelves.tidy(claim.head)
  }

  remember(key: string, names: readonly string[], variant: string, marker: Marker): void {
    marker.checked = this.#invalidations.head
    const head = this.#shelves.head(key)
    const before = head.find(names)?.get(variant)?.marker(marker.credentialed) ?? null
    if (before?.says(marker.type, marker.expiresAt) === true) return
    const slot = this.#shelves.keepMarker(marker, head, names, variant)
    if (slot === null) this.#shelves.tidy(head)
    else this.#limitVariants(head, slot)
  }

  overtaken(key: string, position: number): Verdict {
    return this.#invalidations.verdict(key, position, NO_TAGS, null)
  }

  outdated(object: CachedObject, position: number): Verdict {
    // What is in the table is tested here and now; what has left it cannot be, and is not vouched for once a ban is newer.
    if (object.slot !== null) this.#sweeps.settleObject(object, object.slot)
    if (object.slot === null && (this.#bans.newest > position || this.#bans.forgotten > position)) return 'hard'
    return this.#invalidations.verdict(object.key, position, object.tags, object.target)
  }

  /** What became of an object since a position; a soft purge is applied. From now on it is tested up to the head of the log. */
  #test(object: CachedObject, since: number, names: readonly string[], variant: string): Verdict {
    const verdict = this.#invalidations.verdict(object.key, since, object.tags, object.target)
    object.checked = this.#invalidations.head
    if (verdict === 'hard' || this.#banned(object, since, names, variant)) return 'hard'
    if (verdict === 'soft') object.soften(this.#shelves.now())
    return verdict
  }

  #banned(object: CachedObject, since: number, names: readonly string[], variant: string): boolean {
    if (since < this.#bans.forgotten) return true
    return this.#bans.newest > since && this.#bans.matches(new BanView(object, names, variant, this.#shelves.now()), since, false)
  }

  #supersede(key: string, names: readonly string[], variant: string): void {
    const slot = this.#shelves.heads.get(key)?.find(names)?.get(variant)
    if (slot === undefined) return
    for (const object of [slot.whole, slot.part]) if (object !== null) this.#shelves.store.remove(object, 'superseded')
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
        this.#shelves.empty(slot)
      }
    }
  }

  /** Where an object belongs now: what left in the meantime may have emptied and dropped the slot that it began in. */
  #home(object: CachedObject, slot: Slot): Slot {
    return this.#shelves.slot(this.#shelves.head(object.key), slot.spec.names, slot.variant)
  }
}
