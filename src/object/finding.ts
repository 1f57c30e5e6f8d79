/** Looks up: an object, the claim to fetch it, a remembered refusal, or somebody else's fetch to wait for. Awaits nothing. */
import { type Claim, OVERTAKEN_WAIT } from './claim.ts'
import type { Flights } from './flights.ts'
import { type Head, LocalClaim } from './head.ts'
import { headOf } from './heads.ts'
import type { Freshness } from './lifetime.ts'
import { CachedObject } from './object.ts'
import type { Shelves } from './shelves.ts'
import type { Slot, Spec } from './slot.ts'
import type { Sweeps } from './sweeps.ts'
import type { Found, Lookup, MissReason } from './table.ts'

const NO_NAMES: readonly string[] = []

export class Finding {
  readonly #shelves: Shelves
  readonly #log: { readonly head: number }
  readonly #sweeps: Sweeps
  readonly #flights: Flights

  constructor(shelves: Shelves, log: { readonly head: number }, sweeps: Sweeps, flights: Flights) {
    this.#shelves = shelves
    this.#log = log
    this.#sweeps = sweeps
    this.#flights = flights
  }

  find(lookup: Lookup): Found {
    const there = this.#shelves.heads.at(lookup.key)
    if (there === undefined) return this.#claim(this.#shelves.head(lookup.key), lookup, null, 'ABSENT', null)
    if (there instanceof CachedObject && this.#fits(there, lookup)) return this.#hit(there, 'fresh', null)
    const head = headOf(there)
    // What an invalidation takes now was never there.
    if (head.checked !== this.#log.head && !this.#sweeps.settleHead(head)) return this.find(lookup)
    if (lookup.alwaysMiss) return this.#fetch(head, lookup, null, 'FORCED', null)
    const slot = this.#match(head, lookup)
    if (slot === null) return this.#fetch(head, lookup, null, head.newest === null ? 'ABSENT' : 'VARY', null)
    return this.#inSlot(head, slot, lookup)
  }

  /** Whether an object that stands for its head is what a look-up there would come to, so that nothing else need be read. */
  #fits(object: CachedObject, lookup: Lookup): boolean {
    return (
      object.checked === this.#log.head &&
      object.alone !== null &&
      !lookup.alwaysMiss &&
      object.alone === lookup.variant(NO_NAMES) &&
      lookup.judge(object) === 'fresh'
    )
  }

  /** The variant that a request selects: under the newest list of names that knows it. */
  #match(head: Head, lookup: Lookup): Slot | null {
    if (head.newest === null) return null
    const slot = matchIn(head.newest, lookup)
    if (slot !== null) return slot
    for (const spec of head.older) {
      const other = matchIn(spec, lookup)
      if (other !== null) return other
    }
    return null
  }

  #inSlot(head: Head, slot: Slot, lookup: Lookup): Found {
    const marker = slot.marker(lookup.credentialed)
    const { filling, whole } = slot
    if (filling !== null && !lookup.ignoreBusy && lookup.judge(filling) === 'fresh') {
      // What refreshes an object in grace may yet hang or break off.
      if (whole === null || lookup.judge(whole) !== 'grace') return this.#hit(filling, 'fresh', null)
    }
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
      this.#shelves.store.touch(marker)
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
    this.#shelves.store.touch(object)
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
      this.#shelves.tidy(head)
      return { type: 'fetch', claim: null, stale, why }
    }
    return { type: 'fetch', claim: this.#newClaim(head, lookup, stale, part, lookup.range), stale, why }
  }

  #newClaim(head: Head, lookup: Lookup, stale: CachedObject | null, part: CachedObject | null, range: string | null): Claim {
    const names = head.newest?.names ?? NO_NAMES
    const claim = new LocalClaim(head, this.#flights, {
      kind: range === null ? 'whole' : 'range',
      range,
      names,
      variant: lookup.variant(names),
      credentialed: lookup.credentialed,
      position: this.#log.head,
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

  /** A claim of this class and range whose predicted variant is this request's: one to join, else one that was overtaken a moment ago. */
  #findClaim(head: Head, lookup: Lookup, range: string | null): LocalClaim | null {
    let overtaken: LocalClaim | null = null
    for (const claim of head.claims) {
      if (claim.credentialed !== lookup.credentialed || claim.range !== range) continue
      if (claim.variant !== lookup.variant(claim.names)) continue
      if (claim.overtakenAt === null) return claim
      if (lookup.now - claim.overtakenAt < OVERTAKEN_WAIT) overtaken = claim
    }
    return overtaken
  }
}

function matchIn(spec: Spec, lookup: Lookup): Slot | null {
  if (lookup.ignoreVary) for (const slot of spec.slots) if (slot.whole !== null || slot.filling !== null) return slot
  const slot = spec.get(lookup.variant(spec.names))
  if (slot !== undefined) return slot
  if (spec.names.length === 0) return null
  for (const other of spec.slots) if (other.whole !== null && lookup.alsoMatches(other.whole, spec.names)) return other
  return null
}
