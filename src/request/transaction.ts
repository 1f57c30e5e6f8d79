/** One client request: the canonical request, where it stands, and what it owes to claims, fetches and the exchange. */
import type { Socket } from 'node:net'
import type { PurgeOptions } from '../../vcl-ts/actions.ts'
import type { OriginalRequest, Purged } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { Body } from '../body/body.ts'
import { ReplayBody } from '../body/replay.ts'
import type { Timer } from '../clock.ts'
import { C } from '../counters.ts'
import type { RequestFailure } from '../errors.ts'
import type { PageAllowance } from '../esi/fragments.ts'
import type { FetchHandle, FetchObserver, FetchResult, SliceWish } from '../fetch/start.ts'
import type { Claim, ClaimOutcome, Waiter } from '../object/claim.ts'
import { Filling } from '../object/filling.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject } from '../object/object.ts'
import type { Lookup } from '../object/table.ts'
import type { FleetClaim } from '../object/tier.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import type { ActivePolicy } from '../policy/active.ts'
import { ClientContext } from '../policy/client-context.ts'
import { ClientRequest } from '../policy/client-request.ts'
import { type Note, withNote } from '../policy/notes.ts'
import { effectiveScheme, normaliseHost } from '../wire/forwarded.ts'
import { connectionOptions, stripHopByHop } from '../wire/hop-by-hop.ts'
import { variantKey, variantScheme } from '../wire/vary.ts'
import type { Outcome } from './answer.ts'
import { RequestClient } from './client.ts'
import type { RequestDeps } from './engine.ts'
import type { Exchange, ExchangeEnd, ExchangeObserver } from './exchange.ts'
import { fetched, fetchFailed, tunnelled } from './fetched.ts'
import { finish } from './finish.ts'
import { holdsRange, judgeLimited, speaksLanguage } from './fitness.ts'
import { invalidate } from './invalidate.ts'
import type { PrimaryKey } from './key.ts'
import { released } from './lookup.ts'
import { runRequest } from './machine.ts'
import { openRequestLog, type RequestLog } from './request-log.ts'
import { LOOKUP, RECV, type RequestStep } from './step.ts'
import { judgeUnvouched } from './vouched.ts'

const NO_BYTES: Buffer = Buffer.alloc(0)

/** One object for each request, with all that any of them needs; of no class above it, which would cost each a third of a microsecond more. */
export class RequestTransaction implements ExchangeObserver, Waiter, FetchObserver, Lookup {
  readonly engine: RequestDeps
  readonly exchange: Exchange
  readonly policy: ActivePolicy
  readonly req: ClientRequest
  readonly received: number
  /** Varnish's XID: another one after a restart. */
  xid: number
  /** What is recorded of it; `null`: nothing. */
  readonly log: RequestLog | null
  readonly body: ReplayBody | null
  now: number
  context: ClientContext | null = null
  key = ''
  primary: PrimaryKey | null = null
  credentialed = false
  range: string | null = null
  alwaysMiss = false
  ignoreBusy = false
  ignoreVary = false
  solitary = false
  demanding = false
  completesParts = false
  /** What is asked for in slices; `null`: nothing. */
  slicing: SliceWish | null = null
  /** It turned out that this request cannot be answered in slices. */
  unsliceable = false
  /** What was stored of a file proved to be another's, and was looked up again. */
  foundChanged = false
  attempt = 0
  /** Any limit of this request's own on what is fresh enough. */
  limited = false
  /** Why the request goes forward, once it does. */
  forwardReason: Reason = 'ABSENT'
  /** A claim that this transaction holds and has not handed to a fetch: to refresh what is being served, or to fetch what is missing. */
  claim: Claim | null = null
  /** As `claim`, before all nodes. */
  fleet: FleetClaim | null = null
  /** How often it has asked the tier behind memory. */
  recalls = 0
  /** What that had. */
  fromTier: CachedObject | null = null
  /** What the claim is to refresh when the answer is on its way. */
  refreshes: CachedObject | null = null
  stale: CachedObject | null = null
  fetch: FetchHandle | null = null
  /** Set while it waits for somebody else's fetch. */
  leaveQueue: (() => void) | null = null
  waitTimer: Timer | null = null
  waitingFor: Claim | null = null
  outcome: Outcome = 'SYNTH'
  reason: Reason = 'SYNTH'
  story = ''
  status = 0
  firstByte = 0
  /** What hooks noted; `null`: nothing. */
  notes: Note[] | null = null
  /** Of a split whose arms answer differently: part of the variant. */
  arm = ''
  /** Where that arm goes, as long as `req.backend` is what it was then. */
  armTo: BackendChoice | null = null
  armFrom: BackendChoice | null = null
  dropScheme = false
  onlyIfCached = false
  /** It has a Cache-Control or Pragma of its own. */
  controls = false
  /** A refresh client said no-cache: nothing stored is fresh enough. */
  refreshing = false
  /** Our own fields are on the answer's head already. */
  decorated = false
  /** Synthetic answers tried. */
  synths = 0
  #client: RequestClient | null = null
  #top: OriginalRequest | null = null
  #fetching = false
  #letGo: (() => void) | null = null
  #variantNames: readonly string[] | null = null
  #variant = ''
  /** A policy asked for the body where there is none. */
  #collected: Buffer | null = null
  /** How a fetch of this request was begun. */
  fetchKind: 'miss' | 'pass' | 'pipe' = 'miss'
  over = false
  /** What is left to the page that it answers with, or is part of; `null` while no page is assembled. */
  allowance: PageAllowance | null

  /** `page`: the transaction whose page includes this one. */
  constructor(engine: RequestDeps, exchange: Exchange, page: RequestTransaction | null = null) {
    this.engine = engine
    this.exchange = exchange
    const { head, peer } = exchange
    const { headers } = head
    this.policy = page === null ? engine.policy() : page.policy
    this.now = engine.clock.now()
    this.received = this.now
    this.xid = engine.xids.next()
    this.log = engine.journal.recording ? openRequestLog(this, page) : null
    this.body = exchange.body === null ? null : new ReplayBody(exchange.body, engine.settings.limits.replay)
    const upgrade = headers.hasLower('upgrade') && connectionOptions(headers).upgrade ? (headers.joinedLower('upgrade') ?? null) : null
    stripHopByHop(headers, 'request')
    const scheme = effectiveScheme(headers, peer.trusted, peer.scheme)
    if (head.host !== null) setHost(headers, normaliseHost(head.host, scheme))
    this.req = new ClientRequest({
      method: head.method,
      url: head.target,
      proto: head.version,
      scheme,
      headers,
      hasBody: exchange.body !== null,
      upgrade,
      esiLevel: page === null ? 0 : page.req.esiLevel + 1,
      slice: engine.settings.slice,
      owner: this,
    })
    this.allowance = page === null ? null : page.allowance
    if (page !== null) {
      if (page.#client !== null) this.client.takeAfter(page.#client)
      this.#top = page.top
    }
    exchange.observer = this
    this.policy.enter()
  }

  /** Who asks. */
  get client(): RequestClient {
    this.#client ??= new RequestClient(this)
    return this.#client
  }

  /** The request whose page this one is a part of, its own if of none. */
  get top(): OriginalRequest {
    return this.#top ?? this.req
  }

  get id(): string {
    return `${this.engine.idPrefix}${this.xid}`
  }

  get collected(): Buffer | null {
    return this.body === null ? this.#collected : this.body.whole
  }

  /** Whether it is looked up by its method and body, too. */
  get asksWithBody(): boolean {
    const { collected } = this
    return collected !== null && (collected.length > 0 || (this.req.method !== 'GET' && this.req.method !== 'HEAD'))
  }

  /** See `Req.cacheBody`. */
  collect(limit: number): Promise<Buffer | null> {
    const { body } = this
    if (body === null) {
      this.#collected = NO_BYTES
      return Promise.resolve(NO_BYTES)
    }
    const collected = new Promise<Buffer | null>((resolve, reject) => {
      body.collect(limit, (bytes, cause) => (cause === null ? resolve(bytes) : reject(cause)))
    })
    // A hook that does not wait for it must not end the process when the client leaves.
    collected.catch(() => undefined)
    return collected
  }

  /** The context of the client hooks. */
  hooks(): ClientContext {
    this.context ??= new ClientContext(this, this.policy.newState(), this.req)
    return this.context
  }

  /** Begins again under another id. */
  renumber(): void {
    this.xid = this.engine.xids.next()
  }

  epochSeconds(): number {
    return this.engine.clock.wall() / 1000
  }

  invalidate(options?: PurgeOptions): Promise<Purged> {
    return invalidate(this, options)
  }

  /** Of a client hook, or of the fetch that answers this request. */
  note(key: string, value: string): void {
    this.notes = withNote(this.notes, key, value)
    if (this.log !== null) this.log.open.note(key, value)
  }

  get healthy(): (choice: BackendChoice) => boolean {
    const { directors } = this.engine
    return (choice) => directors.healthy(choice)
  }

  variant(names: readonly string[]): string {
    const scheme = variantScheme(this.dropScheme ? '' : this.req.scheme, this.arm)
    if (names.length === 0) return scheme
    if (this.#variantNames === names) return this.#variant
    this.client.forward()
    this.#variantNames = names
    this.#variant = `${scheme} ${variantKey(names, this.req.headers, this.engine.decisions.acceptLanguage)}`
    return this.#variant
  }

  /** A hook may have changed fields that Vary names. */
  forgetVariant(): void {
    this.#variantNames = null
  }

  judge(object: CachedObject): Freshness {
    const freshness = this.limited ? judgeLimited(this, object) : object.freshness(this.now)
    return this.now < this.engine.vouching.from ? freshness : judgeUnvouched(this, object, freshness)
  }

  alsoMatches(object: CachedObject, names: readonly string[]): boolean {
    return speaksLanguage(this, object, names)
  }

  covers(part: CachedObject): boolean {
    return holdsRange(this, part)
  }

  /** Begins a fetch. It may have ended before its beginning returns. */
  begin(start: (observer: FetchObserver) => FetchHandle): void {
    this.#fetching = true
    if (this.log !== null) this.log.fetches()
    const fetch = start(this)
    if (this.#fetching) this.fetch = fetch
  }

  /** What this request is going to read stays readable from its first byte, until it reads it, holds something else or ends. */
  hold(body: Body | null): void {
    const before = this.#letGo
    this.#letGo = body instanceof Filling ? body.hold() : null
    before?.()
  }

  /** As `hold`, of what is not a body: it is let go of when this request reads, holds something else or ends. */
  keep(letGo: () => void): void {
    const before = this.#letGo
    this.#letGo = letGo
    before?.()
  }

  /** Goes on at a step, unless the client has left. */
  resume(step: RequestStep): void {
    if (!this.over) runRequest(this, step)
  }

  left(): void {
    this.over = true
    this.context?.end()
    this.stopWaiting()
    this.hold(null)
    this.fetch?.leave()
    this.fetch = null
  }

  ended(end: ExchangeEnd): void {
    this.over = true
    this.context?.end()
    this.stopWaiting()
    this.hold(null)
    this.releaseClaims()
    this.policy.leave()
    finish(this, end)
  }

  /** Requests a fragment of the page that this request is answered with. It may be answered before this returns. */
  include(exchange: Exchange): void {
    runRequest(new RequestTransaction(this.engine, exchange, this), RECV)
  }

  /** Gives back a claim that will not be used. */
  releaseClaims(): void {
    if (this.claim !== null) this.engine.table.release(this.claim, { type: 'again' })
    this.claim = null
    this.refreshes = null
    if (this.fleet !== null) this.fleet.release('again')
    this.fleet = null
  }

  stopWaiting(): void {
    this.leaveQueue?.()
    this.leaveQueue = null
    this.waitTimer?.cancel()
    this.waitTimer = null
  }

  released(outcome: ClaimOutcome): void {
    this.leaveQueue = null
    this.waitTimer?.cancel()
    this.waitTimer = null
    this.engine.counters.add(C.busy_wakeup)
    if (this.log !== null) this.log.stamp('Waitinglist')
    if (!this.over) runRequest(this, released(this, outcome))
  }

  interim(status: number, reason: string, fieldLines: string): void {
    this.exchange.interim(status, reason, fieldLines)
  }

  readable(result: FetchResult): void {
    this.#fetchEnded()
    runRequest(this, fetched(this, result))
  }

  upgraded(head: { status: number; reason: string; fieldLines: string }, socket: Socket, rest: Buffer): void {
    this.#fetchEnded()
    tunnelled(this, head, socket, rest)
  }

  failed(failure: RequestFailure | OriginFailure, stale: CachedObject): void {
    this.#fetchEnded()
    runRequest(this, fetchFailed(this, failure, stale))
  }

  /** A request has asked before it began a fetch; should one find it all the same, it is stored. */
  recalled(): void {
    this.#fetchEnded()
    this.now = this.engine.clock.now()
    this.resume(LOOKUP)
  }

  unsliced(): void {
    this.#fetchEnded()
    this.unsliceable = true
    this.now = this.engine.clock.now()
    this.resume(LOOKUP)
  }

  #fetchEnded(): void {
    if (this.log !== null) this.log.stamp('Fetch')
    this.#fetching = false
    this.fetch = null
  }
}

function setHost(headers: HeaderMap, host: string): void {
  if (headers.getLower('host') === host) return
  headers.removeRaw('host')
  headers.appendRaw('Host', 'host', host)
}
