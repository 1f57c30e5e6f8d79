/** One slice on its way to who reads it: at hand, fetched here, or fetched by somebody else for all. */
import type { Socket } from 'node:net'
import type { Body } from '../body/body.ts'
import type { Timer } from '../clock.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { type FetchHandle, type FetchObserver, type FetchResult, startFetch } from '../fetch/start.ts'
import { type Claim, type ClaimOutcome, OVERTAKEN_WAIT, type Waiter } from '../object/claim.ts'
import { Filling } from '../object/filling.ts'
import { sliceKey } from '../object/key-text.ts'
import { dropSlices, type Manifest } from '../object/manifest.ts'
import type { CachedObject } from '../object/object.ts'
import { SliceLookup } from '../object/slice-lookup.ts'
import { OriginFailure } from '../origin/exchange.ts'
import { sliceRange } from '../wire/slices.ts'
import { ForwardedRequest } from './fetch-request.ts'
import type { RequestTransaction } from './transaction.ts'

/** Whose slices are read, and by which request. */
export interface SliceSource {
  readonly tx: RequestTransaction
  readonly object: CachedObject
  readonly manifest: Manifest
}

export type SliceFailure = RequestFailure | OriginFailure

export type SliceOutcome =
  /** Readable from its first byte. `stored`: nobody had to be asked for it. */
  { readonly type: 'slice'; readonly body: Body; readonly stored: boolean } | { readonly type: 'failed'; readonly failure: SliceFailure }

export class SliceRequest implements Waiter, FetchObserver {
  readonly index: number
  readonly #source: SliceSource
  readonly #lookup: SliceLookup
  readonly #began: number
  #stored = true
  #outcome: SliceOutcome | null = null
  #ready: ((outcome: SliceOutcome) => void) | null = null
  #fetch: FetchHandle | null = null
  #fetching = false
  #leaveQueue: (() => void) | null = null
  #timer: Timer | null = null
  #waitsFor: Claim | null = null
  #letGo: (() => void) | null = null
  #over = false

  /** Begins at once. `goesOn`: slices before it were read, so that the manifest is used again. */
  constructor(source: SliceSource, index: number, goesOn: boolean) {
    const { tx, manifest } = source
    // Or its own slices would push it out, and lead nowhere.
    if (goesOn) tx.engine.table.find(new ManifestLookup(tx))
    this.index = index
    this.#source = source
    this.#began = tx.engine.clock.now()
    this.#lookup = new SliceLookup(sliceKey(tx.key, manifest.mark, index), tx.credentialed, this.#began)
    this.#find()
  }

  /** Calls back once, maybe before it returns. */
  whenReady(ready: (outcome: SliceOutcome) => void): void {
    if (this.#outcome !== null) ready(this.#outcome)
    else this.#ready = ready
  }

  /** Nobody wants it any more, or whoever does reads it by now. */
  leave(): void {
    this.#over = true
    this.#stopWaiting()
    this.#letGo?.()
    this.#letGo = null
    this.#fetch?.leave()
    this.#fetch = null
  }

  released(outcome: ClaimOutcome): void {
    const claim = this.#waitsFor
    this.#leaveQueue = null
    this.#stopWaiting()
    if (this.#over) return
    this.#source.tx.engine.counters.add(C.busy_wakeup)
    switch (outcome.type) {
      case 'object':
        this.#have(outcome.object)
        return
      case 'alone':
        this.#begin(null)
        return
      case 'failed':
        if (claim !== null && claim.attempt > 0) this.#fail(named(outcome.cause))
        else {
          this.#lookup.attempt = 1
          this.#find()
        }
        return
      case 'again':
        this.#find()
        return
      default:
        outcome satisfies never
    }
  }

  interim(): void {}

  readable({ object, failure }: FetchResult): void {
    this.#fetchEnded()
    if (failure !== null) this.#fail(failure)
    else this.#have(object)
  }

  failed(failure: SliceFailure): void {
    this.#fetchEnded()
    this.#fail(failure)
  }

  /** Nobody asked for another protocol. */
  upgraded(_head: unknown, socket: Socket): void {
    this.#fetchEnded()
    socket.destroy()
    this.#fail(new RequestFailure('internal'))
  }

  recalled(object: CachedObject): void {
    this.#fetchEnded()
    this.#stored = true
    this.#source.tx.engine.counters.add(C.slice_hit)
    this.#have(object)
  }

  unsliced(): void {
    this.#fetchEnded()
    this.#fail(new RequestFailure('slice_changed'))
  }

  #find(): void {
    const { tx } = this.#source
    const { table, counters, clock } = tx.engine
    this.#lookup.now = clock.now()
    const found = table.find(this.#lookup)
    if (found.type === 'object') {
      if (found.claim !== null) table.release(found.claim, { type: 'again' })
      counters.add(C.slice_hit)
      this.#have(found.object)
      return
    }
    if (found.type === 'away') {
      this.#wait(found.claim)
      return
    }
    this.#stored = false
    if (tx.onlyIfCached) {
      if (found.type === 'fetch' && found.claim !== null) table.release(found.claim, { type: 'again' })
      this.#fail(new RequestFailure('only_if_cached'))
    } else if (found.type === 'wait') this.#wait(found.claim)
    else this.#begin(found.type === 'fetch' ? found.claim : null)
  }

  #wait(claim: Claim): void {
    const { clock, counters, settings, table } = this.#source.tx.engine
    if (claim.waiters >= settings.limits.waiters) {
      this.#fail(new RequestFailure('wait_limit'))
      return
    }
    counters.add(C.busy_sleep)
    this.#waitsFor = claim
    this.#leaveQueue = table.wait(claim, this)
    const now = clock.now()
    const left = settings.deadlines.firstByte * 1000 - (now - this.#began)
    const patience = claim.overtakenAt === null ? left : claim.overtakenAt + OVERTAKEN_WAIT - now
    this.#timer = clock.after(Math.min(left, patience), () => {
      this.#stopWaiting()
      if (patience < left) {
        this.#find()
        return
      }
      counters.add(C.busy_killed)
      this.#fail(new RequestFailure('wait_timeout'))
    })
  }

  #stopWaiting(): void {
    this.#leaveQueue?.()
    this.#leaveQueue = null
    this.#timer?.cancel()
    this.#timer = null
    this.#waitsFor = null
  }

  #begin(claim: Claim | null): void {
    const { tx, manifest } = this.#source
    const { size } = manifest
    this.#fetching = true
    const fetch = startFetch(tx.engine, {
      kind: 'miss',
      policy: tx.policy,
      request: new ForwardedRequest(tx, null).askForSlice({ size, index: this.index, of: manifest }, this.#lookup.key),
      claim,
      fleet: null,
      refusal: claim === null ? 'hitForMiss' : null,
      marker: null,
      stale: null,
      range: null,
      state: tx.context?.state ?? {},
      observer: this,
    })
    if (this.#fetching) this.#fetch = fetch
  }

  #fetchEnded(): void {
    this.#fetching = false
    this.#fetch = null
  }

  #have({ body }: CachedObject): void {
    const { size, total } = this.#source.manifest
    const { first, last } = sliceRange(this.index, size, total)
    if (body.length !== last - first + 1) {
      this.#fail(new RequestFailure('slice_changed'))
      return
    }
    if (body instanceof Filling && !this.#over) this.#letGo = body.hold()
    this.#end({ type: 'slice', body, stored: this.#stored })
  }

  #fail(failure: SliceFailure): void {
    if (failure.code === 'slice_changed') this.#drop()
    this.#end({ type: 'failed', failure })
  }

  #end(outcome: SliceOutcome): void {
    this.#outcome = outcome
    if (!this.#over) this.#ready?.(outcome)
  }

  /** The file is another now: nothing that is stored of it is of any use. */
  #drop(): void {
    const { tx, object, manifest } = this.#source
    const { table, log } = tx.engine
    table.discard(object)
    tx.engine.tier?.forget(tx.key)
    dropSlices(table, tx.key, manifest, (error) => log.error({ err: error, request: tx.id }, 'slices could not be dropped'))
  }
}

/** A look at what is there, which claims nothing and waits for nothing. */
class ManifestLookup extends SliceLookup {
  override readonly solitary: boolean = true
  readonly #tx: RequestTransaction

  constructor(tx: RequestTransaction) {
    super(tx.key, tx.credentialed, tx.engine.clock.now())
    this.#tx = tx
  }

  override variant(names: readonly string[]): string {
    return this.#tx.variant(names)
  }
}

function named(cause: Error): SliceFailure {
  return cause instanceof RequestFailure || cause instanceof OriginFailure ? cause : new RequestFailure('origin_error', cause.message)
}
