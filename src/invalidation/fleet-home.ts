/** A node as its connection to the fleet sees it: where invalidations are carried out, and what keeps account of those of the fleet. */
import type { FleetEntry, FleetReplica } from '../object/fleet-view.ts'
import type { CachedObject } from '../object/object.ts'
import type { Vouching } from '../object/tier.ts'
import type { FleetLog } from './fleet-log.ts'
import type { Invalidated } from './invalidation.ts'

/** What is carried out; a generation is none. */
export type Order = Exclude<FleetEntry, { do: 'generation' }>

export interface FleetHome {
  readonly log: FleetLog
  /** All copies of the log on this node, `log` among them. Nobody else changes them. */
  readonly replica: FleetReplica
  /** On what this node stores, and on that alone. In force when it returns. Throws or rejects with a `BanError` or a `BanLimitError`. */
  carryOut(order: Order, gone?: (object: CachedObject) => void): Invalidated | Promise<Invalidated>
  /** From when on what is stored has to be confirmed, in all threads. */
  vouch(from: number): void
  readonly vouching: Vouching
}

export const ALL: Order = { do: 'subject', subject: { by: 'all' }, soft: false }
