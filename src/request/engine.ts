/** What a request works with. */
import type { FetchDeps } from '../fetch/start.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { AccessLog } from '../log.ts'
import type { Vouching } from '../object/tier.ts'
import type { ActivePolicy } from '../policy/active.ts'
import type { RepeatedText } from '../wire/repeated-text.ts'
import type { Invalidators } from './invalidators.ts'
import type { Confirmations } from './vouched.ts'

export interface RequestDeps extends FetchDeps {
  /** The policy of the next transaction. */
  readonly policy: () => ActivePolicy
  readonly accessLog: AccessLog | null
  readonly invalidation: Pick<Invalidation, 'purgeKey' | 'purge' | 'unsafe'>
  /** How long what is stored is as good as its life says; without other nodes, always. */
  readonly vouching: Vouching
  readonly confirmations: Confirmations
  /** Who may purge, and whose no-cache is honoured. */
  readonly invalidators: Invalidators
  readonly isTrusted: (ip: string) => boolean
  /** First part of every transaction's `id`, unlike that of any other process; its XID is the rest. */
  readonly idPrefix: string
  /** A line that ends with CRLF: `Via: 1.1 NAME`. */
  readonly viaLine: string
  /** Our own lines of a plain hit, by its age and time to live in whole seconds, and the reason. */
  readonly hitLines: RepeatedText
}

/** What every request of this process works with. */
export interface Engine extends RequestDeps {
  readonly invalidation: Invalidation
}
