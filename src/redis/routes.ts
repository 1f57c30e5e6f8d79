/** Which connection leads to a key. */
import type { Endpoint } from './address.ts'
import type { Link } from './link.ts'
import type { Lane } from './port.ts'
import type { Redirect } from './reply-error.ts'

export interface Routes {
  /** Whether anything can be asked at all. */
  readonly ready: boolean
  /** `key`: `null` for what is of no key. `null`: nobody serves it, as far as is known. */
  link(lane: Lane, key: string | null): Link | null
  /** Who is to be asked instead. `null`: nobody can be. */
  redirected(lane: Lane, redirect: Redirect, from: Link): Link | null
  /** Some server to subscribe at; another one each time where there are several. */
  anywhere(): Endpoint
  /** The connections of a lane are replaced. */
  distrust(lane: Lane, reason: string): void
  stop(): void
}
