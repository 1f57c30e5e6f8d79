/**
 * What a memory tier has to do. It knows keys, bytes and sizes, never Vary, Age or policy. `storage/` implements it; every
 * implementation passes `test/object/store-contract.ts`.
 */
import type { Entry } from './entry.ts'

/** Why an entry left: `lru` to make room (Varnish's word), `expired`, `superseded` by a newer one, `purged`, `banned`. */
export type LeaveReason = 'lru' | 'expired' | 'superseded' | 'purged' | 'banned'

export interface ObjectStore {
  /** Bytes that all entries together may take. */
  readonly budget: number
  readonly bytes: number
  readonly count: number
  /** Whether there can be room for an entry. */
  takes(entry: Entry): boolean
  /** Keeps an entry, evicting until there is room: of two alike the one that came first, and rather what was not used. `false`: it alone is larger than the budget, nothing changed. */
  put(entry: Entry): boolean
  /** The entry was used. */
  touch(entry: Entry): void
  has(entry: Entry): boolean
  /** The entry with this id; that is no use of it. */
  get(id: number): Entry | undefined
  /** Forgets an entry; harmless when it is not there. */
  remove(entry: Entry, reason: LeaveReason): void
  /** Called for every entry that leaves, however. */
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null
}
