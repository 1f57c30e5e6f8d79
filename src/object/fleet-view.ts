/**
 * What the tier asks of the fleet's log, and what keeps a thread's copy of it in step. Positions here are those of the fleet, which have nothing to
 * do with those of a table.
 */
import type { CachedObject } from './object.ts'
import type { SubjectPurge } from './subject.ts'
import type { Verdict } from './table.ts'

/** An entry of the log that all nodes share. */
export type FleetEntry =
  | { readonly do: 'key'; readonly key: string; readonly soft: boolean }
  | { readonly do: 'subject'; readonly subject: SubjectPurge; readonly soft: boolean }
  | { readonly do: 'ban'; readonly text: string }
  /** The log had lost what stood behind this position of the generation before. */
  | { readonly do: 'generation'; readonly kept: number }

/** `unknown`: it cannot be told what became of it, so that it is of no use. */
export type FleetVerdict = Verdict | 'unknown'

/** The log as a thread knows it. */
export interface FleetView {
  /** `false`: nothing is known of it yet, or not for too long a time. Nothing can be said of what lies in the tier then, and nothing is wrong with it. */
  readonly ready: boolean
  /** Up to where it is known: what a fetch that begins now has seen. */
  readonly position: number
  /**
   * What became of an object whose fetch began when its node knew the log up to `since`; `names` and `variant`: where it lies under its key.
   * `soft`: it is stale since a moment. Who adopts the object asks its table for its position first, and awaits nothing between.
   */
  verdict(object: CachedObject, names: readonly string[], variant: string, since: number, now: number): FleetVerdict
  /** The same of a remembered refusal, which only what is hard ends. */
  refusalVerdict(key: string, since: number): Exclude<FleetVerdict, 'soft'>
}

/** The log in its compacted form: plain data. Positions per subject: that of the last hard entry, and of the last of either kind; the oldest first. */
export interface FleetSnapshot {
  readonly position: number
  /** Of what is older, nobody can tell. */
  readonly floor: number
  /** Positions that were given twice: of what began after the first and before the second of a pair, nobody can tell. */
  readonly lost: readonly (readonly [kept: number, until: number])[]
  readonly all: SnapshotPositions
  readonly keys: readonly SnapshotSubject[]
  readonly urls: readonly SnapshotSubject[]
  readonly tags: readonly SnapshotSubject[]
  readonly hosts: readonly SnapshotSubject[]
  readonly prefixes: readonly SnapshotSubject[]
  readonly bans: readonly (readonly [text: string, position: number])[]
}

export type SnapshotPositions = readonly [hard: number, soft: number]
export type SnapshotSubject = readonly [subject: string, hard: number, soft: number]

/** An entry of this node that is not in the log yet. It is in force for everything that is older than its place will be: for all. */
export interface PendingEntry {
  /** By it the entry is known again when it comes in the log. */
  readonly uid: string
  readonly entry: FleetEntry
}

/** A copy of the log that follows another one, step by step. */
export interface FleetReplica {
  /** Begins anew with all that is known. */
  begin(snapshot: FleetSnapshot, pending: readonly PendingEntry[]): void
  pend(uid: string, entry: FleetEntry): void
  /** Pending ones that will never be in the log. */
  withdraw(uids: readonly string[]): void
  /** An entry has its place in the log. */
  apply(position: number, entry: FleetEntry, uid: string | null): void
  /** Positions behind `kept`, below `until`, were given twice. */
  lose(kept: number, until: number): void
  /** Whether the log is heard of. */
  heard(still: boolean): void
}
