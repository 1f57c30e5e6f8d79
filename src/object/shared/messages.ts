/** What workers and the librarian tell each other about what is stored, and workers each other about what they fetch. */
import type { FaultCode } from '../../errors.ts'
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

export type FromLibrarian =
  | Invalidating
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
