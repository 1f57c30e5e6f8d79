/** What of a running server its operators work with. */
import type { Clock } from '../clock.ts'
import type { Params } from '../config/params.ts'
import type { Counters } from '../counters.ts'
import type { FleetDesk } from '../invalidation/fleet.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { EventLog } from '../log.ts'
import type { Policies } from '../policy/policies.ts'
import type { Journal } from '../vsl/journal.ts'
import type { Xids } from '../vsl/xids.ts'
import type { Backends } from './backends.ts'
import type { ExplainRequest, Explanation } from './explanation.ts'
import type { Shelf } from './inventory.ts'

export interface ServerStatus {
  readonly version: string
  readonly pid: number
  readonly state: 'running' | 'draining'
  /** Whether clients can connect. */
  readonly serving: boolean
  /** Seconds. */
  readonly uptime: number
  readonly addresses: readonly string[]
  readonly admin: string | null
  /** Threads that serve clients. */
  readonly workers: number
  readonly policy: string
  readonly preset: string
  /** Bytes. */
  readonly memory: { readonly budget: number; readonly used: number; readonly rss: number; readonly heap: number }
}

/** Fetches a stored object anew; resolves with whether that was done. */
export type Refetch = (object: RefetchTarget) => Promise<boolean>

export interface RefetchTarget {
  readonly url: string
  readonly host: string
  readonly scheme: 'http' | 'https'
}

export interface AdminParts {
  /** Flat, Varnish's names; with each worker's own under `worker.N.` if `perWorker`. */
  readonly stat: (perWorker: boolean) => Record<string, number>
  readonly status: () => ServerStatus
  readonly params: Params
  readonly policies: Pick<Policies, 'load' | 'use' | 'list' | 'discard'>
  readonly backends: Backends
  readonly invalidation: Pick<Invalidation, 'purge' | 'count' | 'bans'>
  /** `null`: this node is alone. */
  readonly fleet: FleetDesk | null
  readonly table: Shelf
  readonly counters: Counters
  readonly clock: Clock
  readonly log: EventLog
  readonly xids: Xids
  /** Of all threads. */
  readonly journal: Journal
  readonly refetch: Refetch
  readonly explain: (request: ExplainRequest) => Promise<Explanation>
}
