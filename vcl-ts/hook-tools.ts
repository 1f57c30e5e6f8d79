/** What every hook of a transaction has besides its nouns and verbs: what it notes, and what it may ask of the engine. */
import type { BackendChoice } from './directors/director.ts'

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
}

export interface Log {
  (key: string, value: string | number | boolean): void
  (text: string): void
}
