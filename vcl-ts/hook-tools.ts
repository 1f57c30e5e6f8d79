/** What every hook of a transaction has besides its nouns and verbs: what it notes, and what it may ask of the engine. */
import type { PurgeOptions } from './actions.ts'
import type { Purged } from './context.ts'
import type { BackendChoice } from './directors/director.ts'

/** Use no `this`, as verbs do. */
export interface HookTools {
  /**
   * Notes something about this transaction: `log('arm', 'canary')`. It is shown by the JSON access log (`notes`), by the transaction log
   * (`VCL_Log: arm:canary`) and by `trace.notes` of the testing kit. What a fetch notes is noted with the request that began it, unless that has
   * been answered already. A key has up to 64 visible ASCII characters but `:`, else a `TypeError`; a value is cut at 1,024 characters; of a
   * transaction the first 64 notes are kept. One text alone, `log('arm:canary')`, is taken as VCL's `std.log` has it: what stands before the
   * first `:` is the key, if it can be one.
   */
  readonly log: Log
  /**
   * Whether a backend may be asked, as an operator or its probe says; of a director whether any backend below it may (`std.healthy`). What
   * directors leave out for a while, and who has no connection free, does not count.
   */
  readonly healthy: (choice: BackendChoice) => boolean
  /**
   * Drops what is stored, as the action `purge` does, and goes on: `await invalidate({ tags: ['news'] })`. Without options it is for the key of
   * this request, which is known from `hit` and `miss` on. Resolves with what it did, when nothing older is served any more. Rejects with a
   * `TypeError` for what is no purge or ban, and when there are too many bans. It asks nobody for permission: see `client.mayInvalidate`.
   */
  readonly invalidate: (options?: PurgeOptions) => Promise<Purged>
}

/** Their names, for whoever lists what a hook has. */
export const HOOK_TOOLS: readonly (keyof HookTools)[] = Object.freeze(['log', 'healthy'])

/** A key and its value, or a text that has both. */
export type Log = ((key: string, value: string | number | boolean) => void) & ((text: string) => void)
