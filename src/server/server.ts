/** What a server is to those who start one. */
import type { ExplainRequest, Explanation } from '../admin/explain.ts'
import type { Params } from '../config/params.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { CachedObject } from '../object/object.ts'
import type { Policies } from '../policy/policies.ts'

/** A stored object as it may be looked at. */
export type StoredObject = Readonly<Pick<CachedObject, 'key' | 'status' | 'headers' | 'body' | 'part' | 'bytes' | 'hits'>>

/** Which policy runs, and which others are at hand. */
export type ServerPolicies = Pick<Policies, 'load' | 'use' | 'reload' | 'list' | 'discard'>

/** What can be set while the server runs. */
export type ServerParams = Pick<Params, 'list' | 'get' | 'set' | 'reset'>

export interface Server {
  /** Where it listens, ports resolved. */
  readonly addresses: readonly string[]
  /** Where the admin listener is, or `null`. */
  readonly admin: string | null
  /** Threads that serve clients. */
  readonly workers: number
  readonly settings: Settings
  readonly counters: Counters
  readonly policies: ServerPolicies
  readonly params: ServerParams
  /** All counters and gauges, flat, in Varnish's names. */
  stat(): Record<string, number>
  /** Every object that is stored, in no particular order; for inspection. */
  objects(): Iterable<StoredObject>
  /**
   * Why a request would be answered as it would: it runs on the real machines and leaves no trace. Rejects with an `ExplainError` for one that
   * nobody could send.
   */
  explain(request: ExplainRequest): Promise<Explanation>
  /** Stops accepting, lets what is in flight finish within `deadlines.drain`, then stops. */
  drain(): Promise<void>
  /** Stops at once. */
  close(): Promise<void>
}
