/** How a request begins a fetch, and what it hears of it: the only door from the request machine to the fetch machine. */
import type { Socket } from 'node:net'
import type { PurgeOptions } from '../../vcl-ts/actions.ts'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { Purged } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { ReplayBody } from '../body/replay.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { RequestFailure } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { EventLog } from '../log.ts'
import type { Claim } from '../object/claim.ts'
import type { FillBudget } from '../object/fill-budget.ts'
import type { Manifest } from '../object/manifest.ts'
import type { Marker } from '../object/marker.ts'
import type { CachedObject } from '../object/object.ts'
import type { ObjectTable } from '../object/table.ts'
import type { FleetClaim, Tier } from '../object/tier.ts'
import type { Directors } from '../origin/directors/directors.ts'
import type { Origin, OriginFailure } from '../origin/exchange.ts'
import type { ClientEnds } from '../origin/proxy-header.ts'
import type { ActivePolicy } from '../policy/active.ts'
import type { Journal, OpenTransaction } from '../vsl/journal.ts'
import type { Xids } from '../vsl/xids.ts'
import { runFetch } from './machine.ts'
import { beginsByRecall } from './recall.ts'
import type { Recompressor } from './recompressing.ts'
import { PREPARE, RECALL } from './step.ts'
import { FetchTransaction } from './transaction.ts'
import type { Unsliced } from './unsliced.ts'

/** What every fetch of this process works with. */
export interface FetchDeps {
  readonly settings: Settings
  readonly decisions: Decisions
  readonly clock: Clock
  readonly counters: Counters
  readonly log: EventLog
  readonly table: ObjectTable
  /** Behind memory, shared with other nodes; `null`: there is none. */
  readonly tier: Tier | null
  readonly fillBudget: FillBudget
  readonly invalidation: Pick<Invalidation, 'unsafe'>
  readonly unsliced: Unsliced
  readonly defaultBackend: BackendChoice | null
  originOf(backend: Backend): Origin
  /** `null`: what is stored stays as it is. */
  readonly recompressor: Recompressor | null
  readonly directors: Directors
  readonly xids: Xids
  readonly journal: Journal
}

/** `miss`: may be stored, under a claim or (hit-for-miss, solitary) without. `pass`: for this request alone. `refresh`: in the background. */
export type FetchKind = 'miss' | 'pass' | 'refresh'

/** The request is for a slice of something large. */
export interface SliceWish {
  /** Bytes of a slice. */
  readonly size: number
  readonly index: number
  /** What it is a slice of; `null`: the answer tells, and where slices are of no use there it may be the whole. */
  readonly of: Manifest | null
}

export interface FetchRequest {
  readonly method: string
  readonly scheme: string
  readonly url: string
  readonly host: string
  /** Canonical, hop-by-hop fields gone, forwarding fields set. The fetch takes a copy. */
  readonly headers: HeaderMap
  readonly body: ReplayBody | null
  /** Goes to the origin with its own method and body though its answer may be stored: a policy kept the body, and the key holds both. */
  readonly ownMethod: boolean
  readonly backend: BackendChoice | null
  readonly key: string
  /** Whose it is, for directors that tell clients apart. */
  readonly identity: string
  readonly credentialed: boolean
  readonly authorized: boolean
  /** The request's own `no-store`, where it is honoured. */
  readonly noStore: boolean
  /** `null`: the whole, or the range that is forwarded. */
  readonly slice: SliceWish | null
  /** Token of a protocol change to ask for (pipe). */
  readonly upgrade: string | null
  readonly id: string
  /** Of the transaction that asks. */
  readonly xid: number
  /** Where that is recorded; `null`: nowhere. */
  readonly log: OpenTransaction | null
  /** The ends of the client's connection; its own address as `client.ip` shows it. */
  client(): ClientEnds
  /** The key of another URL of the same host, for invalidation (RFC 9111 §4.4). */
  keyOf(url: string): string
  /** The variant that this request selects. */
  variant(names: readonly string[]): string
  /** A hook of the fetch noted something. */
  note(key: string, value: string): void
  /** See `HookTools.invalidate`. */
  invalidate(options?: PurgeOptions): Promise<Purged>
}

export interface FetchInit {
  readonly kind: FetchKind
  readonly policy: ActivePolicy
  readonly request: FetchRequest
  readonly claim: Claim | null
  /** Nobody else in the fleet fetches it meanwhile; `null`: that is not known. Handed over: the fetch ends it. */
  readonly fleet: FleetClaim | null
  /** Remembered refusal that led here. */
  readonly refusal: 'hitForMiss' | 'hitForPass' | null
  /** The same as it was found; `null`: it was not looked up. */
  readonly marker: Marker | null
  /** Served if the fetch fails and staleIfError allows. */
  readonly stale: CachedObject | null
  /** The Range that is forwarded. */
  readonly range: string | null
  readonly state: object
  readonly observer: FetchObserver | null
}

/** What the leader gets: its own answer, which may differ from what is stored (Set-Cookie of a 304, fields that are not reused). */
export interface FetchResult {
  readonly status: number
  readonly reason: string
  /** As delivered, without hop-by-hop fields; `null`: the object's own head as it is kept. */
  readonly headers: HeaderMap | null
  /** Readable now. */
  readonly object: CachedObject
  readonly contentLength: number | null
  /** Kept for others once it is whole. */
  readonly stored: boolean
  /** `STORED`, or why not. */
  readonly why: Reason
  readonly ttl: number
  readonly ttlSource: string
  /** Status that the origin gave; 304 when it confirmed the stale object. */
  readonly originStatus: number
  /** An error page made here. */
  readonly failure: RequestFailure | OriginFailure | null
}

export interface FetchObserver {
  interim(status: number, reason: string, fieldLines: string): void
  /** Last call, unless `failed` or `upgraded` is. */
  readable(result: FetchResult): void
  /** The origin changed the protocol as asked. */
  upgraded(head: { status: number; reason: string; fieldLines: string }, socket: Socket, rest: Buffer): void
  /** The fetch failed and `stale` may be served instead. */
  failed(failure: RequestFailure | OriginFailure, stale: CachedObject): void
  /** What was asked for in slices cannot be had so; the claim is given back. */
  unsliced(): void
  /** Another node had fetched it. Last call of a fetch that asks the tier first. */
  recalled(object: CachedObject): void
}

export interface FetchHandle {
  /** The request does not wait any longer. What is fetched under a claim goes on, for a while. */
  leave(): void
}

/** Begins a fetch. The observer may be called before this returns. */
export function startFetch(deps: FetchDeps, init: FetchInit): FetchHandle {
  const fetch = new FetchTransaction(deps, init)
  runFetch(fetch, beginsByRecall(deps.tier, init) ? RECALL : PREPARE)
  return fetch
}
