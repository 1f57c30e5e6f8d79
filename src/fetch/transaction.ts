/** One fetch: what it was asked for, where it stands, and what it owes to the claim, the origin call and the filling. */
import type { Socket } from 'node:net'
import type { PurgeOptions } from '../../vcl-ts/actions.ts'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Purged } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body, BodyEnd } from '../body/body.ts'
import type { Timer } from '../clock.ts'
import { C } from '../counters.ts'
import { type FaultCode, RequestFailure } from '../errors.ts'
import { Filling, type FillingOwner } from '../object/filling.ts'
import type { CachedObject } from '../object/object.ts'
import type { StoredBody } from '../object/stored-body.ts'
import type { FleetClaim, Tier } from '../object/tier.ts'
import type { RetryBudget } from '../origin/budget.ts'
import type { Chosen } from '../origin/directors/choice.ts'
import { type OriginCall, OriginFailure, type OriginObserver, type OriginResponse } from '../origin/exchange.ts'
import type { BackendContext } from '../policy/backend-context.ts'
import type { BackendRequest } from '../policy/backend-request.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { type Note, withNote } from '../policy/notes.ts'
import { joinCacheControl } from '../wire/cache-control.ts'
import { stripHopByHop } from '../wire/hop-by-hop.ts'
import { formatHttpDate } from '../wire/http-date.ts'
import { serializeFields } from '../wire/message-head.ts'
import type { Compression } from './compressing.ts'
import { Duty } from './duty.ts'
import { type FetchLog, openFetchLog } from './fetch-log.ts'
import { runFetch } from './machine.ts'
import { Pace } from './pace.ts'
import type { FoundSlice } from './slicing.ts'
import type { FetchDeps, FetchHandle, FetchInit, FetchObserver, FetchResult } from './start.ts'
import { failWith } from './step.ts'

/** First pause after a refresh failed, and the longest, in milliseconds; it doubles in between. */
const RETRY_FIRST = 1000
const RETRY_LONGEST = 30_000

/** Failures that tell nothing of the origin server. */
const NOT_ITS_OWN: ReadonlySet<FaultCode> = new Set(['cancelled', 'pool_full', 'unhealthy', 'request_refused', 'request_body_failed'])

/** Methods whose stored answers a conditional request confirms. */
const CONFIRMS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'QUERY'])

export class FetchTransaction implements FetchHandle, OriginObserver, FillingOwner {
  readonly deps: FetchDeps
  readonly init: FetchInit
  readonly position: number
  /** Varnish's XID: another one with each retry. */
  xid: number
  /** What is recorded of it; `null`: nothing. */
  readonly log: FetchLog | null
  observer: FetchObserver | null
  bereq: BackendRequest | null = null
  context: BackendContext | null = null
  retries = 0
  /** What hooks of this fetch noted; `null`: nothing. */
  notes: Note[] | null = null
  /** Whether the request asks the origin to confirm the stale object. */
  conditional = false
  /** Whether it asks for the rest of a stored part. */
  completing = false
  /** The stale object is of no use for a conditional request any more. */
  plain = false
  call: OriginCall | null = null
  /** Asked last. */
  backend: Backend | null = null
  /** The same where a director chose it. */
  chosen: Chosen | null = null
  /** Chosen already for the next attempt. */
  next: Chosen | null = null
  wentElsewhere = false
  wentAgain = false
  /** For directors not to choose again, if another one can be had. */
  avoid: Backend | null = null
  /** What a retry under way was paid from. */
  spent: RetryBudget | null = null
  /** The backend's own Host in place of the request's. */
  hostSet: { readonly from: string; readonly to: string } | null = null
  /** Milliseconds for which the backend does not want to be asked again. */
  rest = 0
  requestTime = 0
  /** When the head of the answer was here: monotonic milliseconds, and those since the epoch. */
  responseTime = 0
  responseWall = 0
  filling: Filling | null = null
  object: CachedObject | null = null
  /** What came is a slice. */
  slice: FoundSlice | null = null
  /** What was decided about compressing the body; `null`: nothing asked for it. */
  compression: Compression | null = null
  /** Told when the body is whole, for answers that are not delivered while they arrive. */
  whenWhole: (() => void) | null = null
  /** What it owes to the tier behind memory; `null`: there is none. */
  duty: Duty | null
  #alone: Timer | null = null
  #pace: Pace | null = null
  #ended = false
  #asks = true
  #inFlight = true

  constructor(deps: FetchDeps, init: FetchInit) {
    this.deps = deps
    this.init = init
    this.observer = init.observer
    this.position = init.claim?.position ?? deps.table.position
    deps.table.flights.begin(this.position)
    init.policy.enter()
    this.duty = null
    if (deps.tier !== null) this.owes(deps.tier, init.fleet)
    this.xid = deps.xids.next()
    this.log = init.request.log === null ? null : openFetchLog(this)
  }

  /** The origin is asked from now on, for all nodes where `claim` says so. */
  owes(tier: Tier, claim: FleetClaim | null): void {
    this.duty = new Duty(tier, this.deps.counters, claim)
  }

  /** The stale object that a conditional request may name, unless an invalidation overtook it. */
  get confirmable(): CachedObject | null {
    const { claim } = this.init
    const stale = claim?.stale ?? null
    // A condition on a method with effects asks for something else (RFC 9110 §13.1.2).
    if (!CONFIRMS.has(this.bereq?.method ?? '')) return null
    if (stale === null || this.plain || !stale.validator || !stale.complete || stale.part !== null) return null
    // Varnish confirms nothing else.
    if (stale.status !== 200 && this.deps.decisions.varnishLifetime) return null
    if (claim?.detached === true || this.deps.table.outdated(stale, this.position) !== 'valid') return null
    return stale
  }

  /** Noted with the request, too, while that waits for this. */
  note(key: string, value: string): void {
    this.notes = withNote(this.notes, key, value)
    if (this.log !== null) this.log.open.note(key, value)
    if (this.init.kind !== 'refresh') this.init.request.note(key, value)
  }

  get healthy(): (choice: BackendChoice) => boolean {
    const { directors } = this.deps
    return (choice) => directors.healthy(choice)
  }

  epochSeconds(): number {
    return this.deps.clock.wall() / 1000
  }

  invalidate(options?: PurgeOptions): Promise<Purged> {
    return this.init.request.invalidate(options)
  }

  leave(): void {
    this.observer = null
    if (this.init.claim !== null && !this.init.claim.released) return
    // Nobody but this request waited for it. An object that is being stored is finished through its own filling.
    if (this.object === null) this.#giveUp()
    else if (this.whenWhole !== null && !this.keeping) {
      this.whenWhole = null
      this.decided()
      this.filling?.abort(new RequestFailure('cancelled'))
    }
  }

  interim(status: number, reason: string, headers: HeaderMap): void {
    stripHopByHop(headers, 'response')
    this.observer?.interim(status, reason, serializeFields(headers))
  }

  response(response: OriginResponse, body: Body | null): void {
    if (this.#ended) return
    this.responseTime = this.deps.clock.now()
    this.responseWall = this.deps.clock.wall()
    if (this.log !== null) this.log.came(response, this.call?.wire ?? null)
    if (this.chosen !== null || this.spent !== null) this.#came(response.status)
    if (this.deps.decisions.preset === 'varnish') joinCacheControl(response.headers)
    // RFC 9110 §6.6.1: an answer without Date gets that of its receipt, and keeps it.
    if (!response.headers.hasLower('date')) response.headers.appendRaw('Date', 'date', formatHttpDate(this.responseWall))
    runFetch(
      this,
      response.status === 304 && this.conditional ? { step: 'refresh', response } : { step: 'respond', response, body, merged: null },
    )
  }

  upgraded(response: OriginResponse, socket: Socket, rest: Buffer): void {
    if (this.log !== null) this.log.came(response, this.call?.wire ?? null)
    this.call = null
    this.#ended = true
    this.decided()
    const { observer } = this
    if (observer === null) {
      socket.destroy()
      return
    }
    // The upgrade's own fields are the client's to see: they complete the handshake.
    const upgrade = response.headers.getLower('upgrade') ?? this.init.request.upgrade ?? ''
    stripHopByHop(response.headers, 'response')
    const fieldLines = `${serializeFields(response.headers)}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`
    observer.upgraded({ status: response.status, reason: response.reason, fieldLines }, socket, rest)
  }

  failed(failure: OriginFailure): void {
    this.call = null
    if (this.chosen !== null && !NOT_ITS_OWN.has(failure.code)) this.chosen.failed()
    if (!this.#ended) runFetch(this, failWith(failure))
  }

  /** A hook may not want the backend that it has heard of to be asked for this again. */
  deny({ denial }: BackendResponse): void {
    const { backend, deps, init } = this
    if (denial > 0 && backend !== null) deps.directors.deny(backend, init.request.key, denial * 1000, false)
  }

  /** What arrives, for all who read it. */
  newFilling(length: number | null, keep: boolean): Filling {
    const { settings, fillBudget } = this.deps
    const filling = new Filling(
      length,
      keep,
      { keep: settings.maxObject, window: settings.limits.transferBuffer, budget: fillBudget },
      this,
    )
    this.filling = filling
    return filling
  }

  /** Lets the body arrive. */
  fill(body: Body): void {
    const { filling } = this
    if (filling === null) return
    filling.fill(body)
    if (filling.ended) return
    const { settings, clock } = this.deps
    if (this.keeping) this.#pace = new Pace(filling, settings, clock, this.#drips)
    if (!filling.wanted) this.watchAlone()
  }

  /** The request has its answer; nothing is told to it any more. */
  tell(result: FetchResult): void {
    const { observer } = this
    this.observer = null
    observer?.readable(result)
  }

  /** Nothing asks the policy any more, unless a body that is not delivered while it arrives may still fail. */
  decided(): void {
    const over = this.filling === null || this.filling.ended
    if (this.log !== null && over) this.log.end()
    if (this.duty !== null && over && this.whenWhole === null) this.duty.release('again')
    if (!this.#asks || this.whenWhole !== null) return
    this.#asks = false
    this.init.policy.leave()
    // What the table has is tested there; only a part that arrives is in no place where it would be found.
    if (this.object === null || this.object.part === null || this.filling === null || this.filling.ended) this.#land()
  }

  /** Asks again under another id. */
  renumber(): void {
    this.xid = this.deps.xids.next()
    if (this.log !== null) this.log.retries()
  }

  /** Ends the call to the origin, if it still runs. */
  cancelCall(): void {
    this.call?.cancel()
    this.call = null
  }

  /** The stale object stays; it is asked for again after a pause that grows. */
  postpone(stale: CachedObject): void {
    const pause = Math.max(Math.min(RETRY_FIRST * 2 ** stale.failures, RETRY_LONGEST), this.rest)
    this.deps.table.postpone(stale, Math.min(stale.failures + 1, 10), this.deps.clock.now() + pause)
  }

  /** Ends without any answer: the claim is released, the origin let go. */
  abandon(failure: RequestFailure): void {
    this.#ended = true
    this.decided()
    this.context?.end()
    this.cancelCall()
    if (this.duty !== null) this.duty.release('again')
    if (this.init.claim !== null) this.deps.table.release(this.init.claim, { type: 'failed', cause: failure, page: null })
  }

  /** Nobody reads what is filling; give it time to become whole if it is worth keeping. */
  watchAlone(): void {
    const { filling } = this
    if (filling === null || filling.ended) return
    if (this.object === null || !this.keeping) {
      filling.abort(new RequestFailure('cancelled'))
      return
    }
    this.#alone ??= this.deps.clock.after(this.deps.settings.deadlines.fillAlone * 1000, () => {
      this.#alone = null
      if (!filling.wanted) filling.abort(new RequestFailure('cancelled'))
    })
  }

  /** A body that drips is theirs who read it, and is not stored: the next request fetches anew. */
  readonly #drips = (): void => {
    const { filling, object } = this
    if (filling === null || object === null || !this.keeping) return
    this.keeping = false
    this.deps.table.discard(object)
    if (this.duty !== null) this.duty.release('alone')
    if (!filling.wanted) filling.abort(new RequestFailure('cancelled'))
  }

  keeping = false

  oversize(): void {
    this.keeping = false
    this.deps.counters.add(C.n_lru_limited)
    this.deps.counters.reason('reason', 'TOO_LARGE')
    if (this.object !== null) this.deps.table.discard(this.object)
    if (this.duty !== null) this.duty.release('alone')
    // Too large to be held until it is whole: deliver while it arrives after all.
    this.whenWhole?.()
  }

  deserted(): void {
    this.watchAlone()
  }

  filled(end: BodyEnd, stored: StoredBody | null): void {
    this.#alone?.cancel()
    this.#alone = null
    this.#pace?.stop()
    this.#pace = null
    this.call = null
    const { object } = this
    if (this.log !== null) this.log.body(end, stored?.length ?? this.filling?.received ?? 0)
    if (object === null) return
    if (stored !== null) object.body = stored
    if (end.type === 'reset' && this.whenWhole !== null) {
      // Nothing has been delivered: the failure can still become an answer.
      this.whenWhole = null
      runFetch(this, failWith(end.cause instanceof OriginFailure ? end.cause : new RequestFailure('incomplete', end.cause.message)))
      return
    }
    if (end.type === 'complete' && stored !== null && this.keeping) {
      const kept = this.deps.table.complete(object)
      if (this.duty !== null && this.whenWhole === null) this.duty.arrived(object, kept)
      if (kept && object.coding?.here === true) this.deps.recompressor?.add(object, this.duty === null ? 0 : this.duty.since)
      if (!kept) this.deps.fillBudget.memory.dropped(stored.length)
    } else {
      this.deps.table.discard(object)
      if (this.duty !== null && this.whenWhole === null) this.duty.release('again')
      const { stale } = this.init
      if (end.type === 'reset' && stale !== null) this.postpone(stale)
    }
    this.whenWhole?.()
    this.#land()
    if (this.log !== null) this.log.end()
  }

  /** For whoever chose the backend, and what a retry costs: one that was answered costs nothing. */
  #came(status: number): void {
    if (status >= 500) {
      this.chosen?.failed()
      return
    }
    this.chosen?.succeeded()
    this.spent?.refund()
    this.spent = null
  }

  /** Nothing of it can come into the table any more. */
  #land(): void {
    this.context?.end()
    if (this.#inFlight) this.deps.table.flights.end(this.position)
    this.#inFlight = false
  }

  #giveUp(): void {
    if (this.#ended) return
    this.#ended = true
    this.decided()
    this.context?.end()
    this.cancelCall()
  }
}
