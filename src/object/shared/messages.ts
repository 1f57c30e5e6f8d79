/** What workers and the librarian tell each other about what is stored, and workers each other about what they fetch. */
import type { FaultCode } from '../../errors.ts'
import type { FleetEntry, FleetSnapshot, PendingEntry } from '../fleet-view.ts'
import type { SubjectPurge } from '../subject.ts'

/** An invalidation that is in force, in the order of positions. */
export type Invalidating =
  | { readonly type: 'key'; readonly position: number; readonly key: string; readonly soft: boolean }
  | { readonly type: 'subject'; readonly position: number; readonly subject: SubjectPurge; readonly soft: boolean }
  | { readonly type: 'ban'; readonly position: number; readonly text: string }

/** What a worker asks the librarian to do for all. */
export type Asking =
  | { readonly do: 'purgeKey'; readonly key: string; readonly soft: boolean }
  | { readonly do: 'purge'; readonly subject: SubjectPurge; readonly soft: boolean }
  | { readonly do: 'count'; readonly subject: SubjectPurge }
  | { readonly do: 'ban'; readonly text: string }
  /** To carry it out, and to tell other nodes. `quiet`: nobody waits until they are told. */
  | { readonly do: 'fleet'; readonly order: Exclude<FleetEntry, { do: 'generation' }>; readonly quiet: boolean }
  | { readonly do: 'countBan'; readonly text: string }
  | { readonly do: 'bans' }

/** An error that crosses threads. */
export interface ToldError {
  readonly name: string
  readonly message: string
  /** Seconds, of a `BanLimitError`. */
  readonly retryAfter: number | null
}

export type ToLibrarian =
  /** There is something in the ring of notices, or too little in one of the others. */
  | { readonly type: 'wake' }
  | { readonly type: 'ask'; readonly id: number; readonly asking: Asking }
  /** The bytes of an entry whose body has memory of its own. */
  | { readonly type: 'large'; readonly handle: number; readonly buffers: readonly SharedArrayBuffer[] }
  | { readonly type: 'want'; readonly handle: number }
  /** An invalidation was carried out here: on so many objects that were arriving. */
  | { readonly type: 'applied'; readonly position: number; readonly objects: number }
  /** An active ban names what lies in this entry. */
  | { readonly type: 'test'; readonly handle: number }
  /** A fetch has landed that began before the newest ban. */
  | { readonly type: 'landed' }

/** What becomes of the fleet's log, told before what is carried out because of it. */
export type FleetMessage =
  /** All that is known of it, for who begins. `from`: see `Vouching`. */
  | {
      readonly type: 'fleetBegin'
      readonly snapshot: FleetSnapshot
      readonly pending: readonly PendingEntry[]
      /** `false`: nothing is known yet. */
      readonly begun: boolean
      readonly heard: boolean
      readonly from: number
    }
  /** An entry of this node, which has no place in the log yet. */
  | { readonly type: 'pending'; readonly uid: string; readonly entry: FleetEntry }
  | { readonly type: 'withdrawn'; readonly uids: readonly string[] }
  | { readonly type: 'fleet'; readonly position: number; readonly entry: FleetEntry; readonly uid: string | null }
  /** Positions behind `kept`, below `until`, were given twice. */
  | { readonly type: 'lost'; readonly kept: number; readonly until: number }
  /** Whether the log is heard of. */
  | { readonly type: 'heard'; readonly still: boolean }
  /** See `Vouching.from`. */
  | { readonly type: 'vouching'; readonly from: number }

export type FromLibrarian =
  | Invalidating
  | FleetMessage
  /** How the log stands for who begins: what is stored has been tested up to `settled`; what follows is told after it. */
  | {
      readonly type: 'begin'
      readonly settled: number
      readonly forgotten: number
      /** In force, and not told after it. */
      readonly bans: readonly { readonly text: string; readonly position: number }[]
    }
  /** Bans up to this position are done with. */
  | { readonly type: 'retired'; readonly position: number }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown; readonly error: ToldError | null }
  /** `null`: it is gone. */
  | { readonly type: 'bytes'; readonly handle: number; readonly buffers: readonly SharedArrayBuffer[] | null }
  /** A body that has memory of its own is stored no longer. */
  | { readonly type: 'drop'; readonly handle: number }

/** A failure that crosses threads, as `RequestFailure` has it. */
export interface ToldFailure {
  readonly code: FaultCode
  readonly message: string
  readonly wellFormed: boolean
}

/** From who follows another worker's fetch. `id` is the follower's; it means nothing to others. */
export type ToHolder =
  | {
      readonly type: 'follow'
      readonly id: number
      readonly key: string
      readonly names: readonly string[]
      readonly variant: string
      readonly credentialed: boolean
      readonly range: string | null
    }
  /** So many bytes have been read. */
  | { readonly type: 'read'; readonly id: number; readonly bytes: number }
  | { readonly type: 'leave'; readonly id: number }

/** From who fetches. */
export type ToFollower =
  /** `none`: nobody fetches that here, though the claim cells say so. */
  | { readonly type: 'again' | 'alone' | 'none'; readonly id: number }
  /** The fetch was overtaken by an invalidation, then (monotonic ms), and goes on. */
  | { readonly type: 'overtaken'; readonly id: number; readonly at: number }
  | { readonly type: 'failed'; readonly id: number; readonly failure: ToldFailure; readonly page: Uint8Array | null }
  /** The object is readable; its body is in the record, or its bytes follow. */
  | { readonly type: 'object'; readonly id: number; readonly record: Uint8Array; readonly kept: boolean; readonly arriving: boolean }
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: Uint8Array }
  /** `null`: the body is whole. */
  | { readonly type: 'end'; readonly id: number; readonly broken: ToldFailure | null }

export type BetweenWorkers =
  | { readonly to: 'holder'; readonly message: ToHolder }
  | { readonly to: 'follower'; readonly message: ToFollower }
