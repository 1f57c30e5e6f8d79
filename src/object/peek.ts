/** What lies under one key at a moment, to be looked at: nothing is counted, touched or claimed. */
import type { Head } from './head.ts'
import type { CachedObject, Marker } from './object.ts'

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
  /** Those whose time is not over. */
  readonly markers: readonly Marker[]
}

/** A fetch that others may join. */
export interface PeekedClaim {
  /** Those by which its variant was foretold. */
  readonly names: readonly string[]
  readonly variant: string
  readonly credentialed: boolean
  readonly range: string | null
  readonly attempt: number
  readonly waiters: number
}

const NOTHING: Peek = Object.freeze({ variants: [], claims: [] })

/** `now`: the monotonic clock's. */
export function peekAt(head: Head | undefined, now: number): Peek {
  if (head === undefined) return NOTHING
  return {
    variants: head.specs.toReversed().flatMap(({ names, slots }) =>
      slots.map(({ variant, whole, part, filling, anonymousMarker, credentialedMarker }) => ({
        names,
        variant,
        whole,
        part,
        filling,
        markers: [anonymousMarker, credentialedMarker].filter((marker) => marker !== null && now < marker.expiresAt) as Marker[],
      })),
    ),
    claims: Array.from(head.claims, ({ names, variant, credentialed, range, attempt, waiters }) => ({
      names,
      variant,
      credentialed,
      range,
      attempt,
      waiters,
    })),
  }
}
