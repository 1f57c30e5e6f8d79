/** What a look-up would find under one key at a moment, to be looked at: nothing is counted, touched, claimed or purged. */
import type { Head } from './head.ts'
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'
import type { Slot } from './slot.ts'
import type { Sweeps } from './sweeps.ts'

export interface Peek {
  /** From the oldest list of Vary names to the newest, and from the oldest variant to the newest. */
  readonly variants: readonly PeekedVariant[]
  readonly claims: readonly PeekedClaim[]
}

export interface PeekedVariant {
  readonly names: readonly string[]
  readonly variant: string
  readonly whole: CachedObject | null
  readonly part: CachedObject | null
  readonly filling: CachedObject | null
  /** Those whose time is over included: they stay until the expiry comes to them. */
  readonly markers: readonly Marker[]
  /** Of these objects those that a soft purge under way names, and when it came (monotonic ms): a look-up would make them stale since then. */
  readonly softened: ReadonlyMap<CachedObject, number>
}

/** A fetch under way. */
export interface PeekedClaim {
  /** Those by which its variant was foretold. */
  readonly names: readonly string[]
  readonly variant: string
  readonly credentialed: boolean
  readonly range: string | null
  readonly attempt: number
  readonly waiters: number
  /** When an invalidation overtook it (monotonic ms), those under way included; `null`: others may join it. */
  readonly overtakenAt: number | null
}

const NOTHING: Peek = Object.freeze({ variants: [], claims: [] })

export function peekAt(head: Head | undefined, sweeps: Sweeps): Peek {
  if (head === undefined) return NOTHING
  return {
    variants: head.specs.toReversed().flatMap(({ slots }) => slots.map((slot) => peekIn(slot, sweeps)).filter(holdsAnything)),
    claims: Array.from(head.claims, (claim) => {
      const { names, variant, credentialed, range, attempt, waiters, checked } = claim
      const overtakenAt = claim.overtakenAt ?? sweeps.overtakenAt(head.key, checked, true)
      return { names, variant, credentialed, range, attempt, waiters, overtakenAt }
    }),
  }
}

function peekIn(slot: Slot, sweeps: Sweeps): PeekedVariant {
  const softened = new Map<CachedObject, number>()
  const found = (object: CachedObject | null): CachedObject | null => {
    if (object === null) return null
    const { gone, softenedAt } = sweeps.standing(object, slot)
    if (gone) return null
    if (softenedAt !== null) softened.set(object, softenedAt)
    return object
  }
  const markers = [slot.anonymousMarker, slot.credentialedMarker].filter((marker) => marker !== null)
  return {
    names: slot.spec.names,
    variant: slot.variant,
    whole: found(slot.whole),
    part: found(slot.part),
    filling: found(slot.filling),
    markers: markers.filter((marker) => sweeps.overtakenAt(marker.key, marker.checked, false) === null),
    softened,
  }
}

function holdsAnything({ whole, part, filling, markers }: PeekedVariant): boolean {
  return whole !== null || part !== null || filling !== null || markers.length > 0
}
