/**
 * What a fetch owes to the tier behind memory and to the other nodes: what it brought, that nobody else may have it, or that nothing came of it.
 * Their claim ends exactly once, by the first of these.
 */
import { C, type Counters } from '../counters.ts'
import type { Marker } from '../object/marker.ts'
import type { CachedObject } from '../object/object.ts'
import type { FleetClaim, Tier } from '../object/tier.ts'

/** Where an object is stored. */
export interface Home {
  readonly names: readonly string[]
  readonly variant: string
}

export class Duty {
  readonly #tier: Tier
  readonly #counters: Counters
  /** Up to where the fleet's log was known when the fetch began. */
  readonly since: number
  #claim: FleetClaim | null
  #home: Home | null = null
  #beside: (Home & { readonly object: CachedObject }) | null = null

  /** Of a fetch that begins now. */
  constructor(tier: Tier, counters: Counters, claim: FleetClaim | null) {
    this.#tier = tier
    this.#counters = counters
    this.since = tier.position
    this.#claim = claim
  }

  /** Where the object that arrives is going to be stored. */
  comes(names: readonly string[], variant: string): void {
    this.#home = { names, variant }
  }

  /** A manifest is stored; other nodes hear of it when the slice that came with it is there. */
  holds(object: CachedObject, names: readonly string[], variant: string): void {
    this.#beside = { object, names, variant }
  }

  /** The object is whole. `kept`: and stored in memory. */
  arrived(object: CachedObject, kept: boolean): void {
    const home = this.#home
    const beside = this.#beside
    this.#home = null
    this.#beside = null
    if (!kept || home === null) {
      this.release('again')
      return
    }
    if (beside === null) {
      this.#keep(object, home, this.#take())
      return
    }
    this.#keep(object, home, null)
    this.#keep(beside.object, beside, this.#take())
  }

  /** The answer cannot be shared, and that is remembered. */
  refused(marker: Marker, names: readonly string[], variant: string): void {
    this.#tier.refuse({ marker, names, variant, since: this.since, claim: this.#take() })
  }

  /** Nothing that others may have came of it. `alone`: nor would it if they asked. Harmless when it has ended. */
  release(outcome: 'again' | 'alone'): void {
    this.#take()?.release(outcome)
  }

  /** What is stored under a key is known to be out of date. */
  forget(key: string): void {
    this.#tier.forget(key)
  }

  #keep(object: CachedObject, { names, variant }: Home, claim: FleetClaim | null): void {
    this.#counters.add(C.tier_keep)
    this.#tier.keep({ object, names, variant, since: this.since, claim })
  }

  #take(): FleetClaim | null {
    const claim = this.#claim
    this.#claim = null
    return claim
  }
}
