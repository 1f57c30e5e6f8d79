/** The remembered thing: an answer's head, its body (whole or still arriving), and the numbers of its life. */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { type Entry, newEntryId } from './entry.ts'
import { type EtagPlace, etagAt, settledEtag } from './etag-place.ts'
import { Filling } from './filling.ts'
import { KeptFields, leftOut, type ReadFields, readFields, stayRead } from './kept-fields.ts'
import { type Place, placeEnd } from './key-text.ts'
import type { Freshness, Lifetime } from './lifetime.ts'
import { retention } from './lifetime.ts'
import { ownHeaders, ownText } from './own.ts'
import { failedRare, type Rare, rareBytes, rareOf, settleRare } from './rare.ts'
import { sharedText } from './shared-text.ts'
import type { Slot } from './slot.ts'
import { StoredBody } from './stored-body.ts'
import type { StoredCoding } from './stored-coding.ts'
import type { Carried } from './tag-index.ts'
import { sharedTerms, type Terms } from './terms.ts'

/** The part of a representation that a 206 brought. */
export interface Part {
  readonly first: number
  readonly last: number
  readonly total: number | null
}

export interface ObjectInit {
  readonly key: string
  /** What was asked for; kept only when the key does not tell. */
  readonly target: Place | null
  readonly status: number
  readonly reason: string
  /** As received from the origin, without hop-by-hop fields; or as an object that was kept is written down. */
  readonly headers: HeaderMap | KeptFields
  /** What a hit sends: serialized, without Age and what is not delivered. */
  readonly fieldLines: string
  /** Lower-case names of further fields that a hit leaves out. */
  readonly withheld: readonly string[]
  readonly life: Lifetime
  readonly retention: 'max' | 'sum'
  /** Of the invalidation log when the fetch began. */
  readonly position: number
  readonly etag: EtagPlace
  /** Epoch milliseconds. */
  readonly lastModified: number | null
  /** Epoch milliseconds of `Date`, or of receipt. */
  readonly date: number
  readonly part: Part | null
  readonly tags: Iterable<string>
  readonly mustRevalidate: boolean
  readonly lifetimeSource: string
  readonly body: Filling | StoredBody
  readonly backend: string
  /** It is a page that is assembled each time that it is delivered. Default `false`. */
  readonly esi?: boolean
  /** Its body is a manifest, and the bytes lie in slices of their own. Default `false`. */
  readonly sliced?: boolean
  /** Of the fetch that brought it, where that is told to clients. Default 0. */
  readonly xid?: number
  /** Absent: the body is served as it is. */
  readonly coding?: StoredCoding | null
}

/** Bookkeeping of one object beyond its strings and bytes: its key's head and slot, maps, instances, at worst terms of its own. Measured, rounded up. */
const OVERHEAD = 650
/** Of a field: its places in three arrays, and what a string takes beyond its characters. */
const PER_FIELD = 56

/** Of a key that is more than URL and host: its place in the index of those, beyond their text. Measured, rounded up. */
const PER_INDEXED_KEY = 400
/** Of a key that does not begin with URL and host. */
const PER_KEY_MADE_ANEW = 80

const NO_TAGS: readonly string[] = []
/** Of a tag: its place in the object and its share of the index, at worst as the only object that has it. Measured, rounded up. */
const PER_TAG = 320

export class CachedObject implements Entry {
  // What every hit reads comes first: in a full cache all of this lies where the processor has to wait for it, and two lines of 64 bytes hold it.
  key: string
  /** The variant, where this is all that there is under its key and no Vary tells it from others; else `null`. Its slot's to touch. */
  alone: string | null = null
  /** Position of the invalidation log up to which it has been tested. Nobody else's to touch. */
  checked: number
  fieldLines: string
  /** Small bodies are kept as the text alone, one place less to go to. */
  #body: string | Filling | StoredBody
  readonly storedAt: number
  ttl: number
  readonly initialAge: number
  row = -1
  hits = 0
  readonly #terms: Terms
  readonly id: number = newEntryId()
  readonly position: number
  /** Each once. */
  tags: readonly string[]
  place = -1
  /** What it is called in the memory that all workers share; 0 while it is not there. */
  handle = 0
  /** Where the tag index has it; its own to touch. */
  carried: Carried | null = null
  /** Where the table has it, arriving or kept. Nobody else's to touch. */
  slot: Slot | null = null
  /** Bytes that its key takes beyond itself, and its variant. */
  #indexed: number
  #rare: Rare | null
  #etag: EtagPlace
  /** Seconds, since whole ones need no memory of their own; so is the next. */
  readonly #lastModified: number | null
  readonly #date: number
  /** All fields, as long as they are not told by the texts of those that are sent and those that are not. */
  #fields: HeaderMap | ReadFields | null
  #leftOut = ''

  constructor(init: ObjectInit) {
    const { headers } = init
    this.key = init.key
    this.#fields = headers instanceof HeaderMap ? headers : null
    if (headers instanceof KeptFields) this.#leftOut = headers.leftOut
    this.fieldLines = init.fieldLines
    // Whole, so that it needs no memory of its own.
    this.storedAt = Math.floor(init.life.storedAt)
    this.ttl = init.life.ttl
    this.initialAge = init.life.age
    this.position = init.position
    this.checked = init.position
    const placed = placeEnd(init.key)
    const { xid = 0 } = init
    this.#rare = rareOf(init.part, placed < 0 ? init.target : null, xid)
    this.#indexed = placed < 0 ? PER_KEY_MADE_ANEW : placed === init.key.length ? 0 : PER_INDEXED_KEY + placed
    this.#etag = init.etag
    this.#lastModified = init.lastModified === null ? null : inSeconds(init.lastModified)
    this.#date = inSeconds(init.date)
    const tags = [...init.tags]
    this.tags = tags.length === 0 ? NO_TAGS : tags
    this.#body = textOf(init.body)
    const { grace, staleIfError, staleIfErrorExplicit, keep } = init.life
    const {
      status,
      reason,
      withheld,
      retention,
      mustRevalidate,
      lifetimeSource,
      backend,
      coding = null,
      esi = false,
      sliced = false,
    } = init
    const dated = headers instanceof HeaderMap ? headers.hasLower('date') : headers.dated
    this.#terms = sharedTerms({
      status,
      reason,
      withheld,
      grace,
      staleIfError,
      staleIfErrorExplicit,
      keep,
      retention,
      dated,
      mustRevalidate,
      lifetimeSource,
      backend,
      esi,
      sliced,
      coding,
    })
  }

  /** Lets go of what its strings were cut from: stored, it holds no more than it counts. The slot has the table's own copy of the key. */
  settle({ head, variant }: Slot): void {
    this.key = head.key
    this.#indexed += variant.length
    if (this.#rare !== null) settleRare(this.#rare)
    this.fieldLines = ownText(this.fieldLines)
    const headers = this.#fields
    if (headers instanceof HeaderMap) {
      const left = leftOut(headers, this.fieldLines, this.body.length)
      this.#fields = left === null ? ownHeaders(headers) : null
      this.#leftOut = left === null || left === '' ? '' : sharedText(left)
    }
    this.#etag = settledEtag(this.etag, this.fieldLines)
    const { body } = this
    if (body instanceof StoredBody) this.body = body.settled()
  }

  get body(): Filling | StoredBody {
    const body = this.#body
    return typeof body === 'string' ? new StoredBody(body) : body
  }

  set body(body: Filling | StoredBody) {
    this.#body = textOf(body)
  }

  /** Takes its place in the table without being settled: what it is made of is its own. The slot has the table's own copy of the key. */
  seat({ head, variant }: Slot): void {
    this.key = head.key
    this.#indexed += variant.length
  }

  /** The object with all that belongs to it. */
  get unabridged(): CachedObject {
    return this
  }

  /** Of a settled object, as it is written down: what is not sent, or all fields where the texts do not tell them. */
  get written(): KeptFields | HeaderMap {
    const fields = this.#fields
    return fields instanceof HeaderMap ? fields : new KeptFields(this.#leftOut, this.#terms.dated)
  }

  /** Of a settled object. */
  get writtenEtag(): EtagPlace {
    return this.#etag
  }

  get retention(): 'max' | 'sum' {
    return this.#terms.retention
  }

  /** As received from the origin, or as the policy left them, without hop-by-hop fields. To be read only; not for the hot path. */
  get headers(): HeaderMap {
    const fields = this.#fields
    if (fields instanceof HeaderMap) return fields
    if (fields !== null && fields.headers !== null) return fields.headers
    const headers = readFields(this.fieldLines, this.#leftOut, this.body.length)
    this.#fields = stayRead(headers, this.fieldLines)
    return headers
  }

  /** URL and host, when the key does not tell them. */
  get target(): Place | null {
    return this.#rare === null ? null : this.#rare.target
  }

  get part(): Part | null {
    return this.#rare === null ? null : this.#rare.part
  }

  /** Of the fetch that brought it; 0: that is not remembered. */
  get xid(): number {
    return this.#rare === null ? 0 : this.#rare.xid
  }

  /** No refresh is tried before (monotonic ms): the last one failed. */
  get retryAt(): number {
    return this.#rare === null ? 0 : this.#rare.retryAt
  }

  /** How often it failed in a row. */
  get failures(): number {
    return this.#rare === null ? 0 : this.#rare.failures
  }

  /** A refresh failed for the `failures`th time in a row. */
  failed(failures: number, retryAt: number): void {
    this.#rare = failedRare(this.#rare, failures, retryAt)
  }

  get status(): number {
    return this.#terms.status
  }

  get reason(): string {
    return this.#terms.reason
  }

  get withheld(): readonly string[] {
    return this.#terms.withheld
  }

  get grace(): number {
    return this.#terms.grace
  }

  get staleIfError(): number {
    return this.#terms.staleIfError
  }

  get staleIfErrorExplicit(): boolean {
    return this.#terms.staleIfErrorExplicit
  }

  get keep(): number {
    return this.#terms.keep
  }

  get mustRevalidate(): boolean {
    return this.#terms.mustRevalidate
  }

  get lifetimeSource(): string {
    return this.#terms.lifetimeSource
  }

  get backend(): string {
    return this.#terms.backend
  }

  get esi(): boolean {
    return this.#terms.esi
  }

  /** Whether its body is only a manifest (`manifest.ts`). */
  get sliced(): boolean {
    return this.#terms.sliced
  }

  /** Of the body, where clients that do not take it get it decoded; `null`: the body is served as it is. */
  get coding(): StoredCoding | null {
    return this.#terms.coding
  }

  /** Whether the head has a Date; only a policy can have taken it away. */
  get dated(): boolean {
    return this.#terms.dated
  }

  get etag(): string | null {
    return etagAt(this.#etag, this.fieldLines)
  }

  get lastModified(): number | null {
    return this.#lastModified === null ? null : this.#lastModified * 1000
  }

  get date(): number {
    return Math.round(this.#date * 1000)
  }

  get bytes(): number {
    let bytes = OVERHEAD + this.body.held + this.key.length + this.#indexed + this.fieldLines.length + this.#leftOut.length
    if (this.#rare !== null) bytes += rareBytes(this.#rare)
    if (typeof this.#etag === 'string') bytes += this.#etag.length
    if (this.#fields instanceof HeaderMap) bytes += fieldBytes(this.#fields)
    for (const tag of this.tags) bytes += tag.length + PER_TAG
    return bytes
  }

  get expiresAt(): number {
    return this.storedAt + retention(this, this.#terms.retention) * 1000
  }

  /** Seconds, fractional (RFC 9111 §4.2.3). */
  age(now: number): number {
    return this.initialAge + Math.max(0, now - this.storedAt) / 1000
  }

  /** Seconds until it is stale; negative when it is. */
  left(now: number): number {
    return this.ttl - (now - this.storedAt) / 1000
  }

  freshness(now: number): Freshness {
    const left = this.left(now)
    return left > 0 ? 'fresh' : left + this.grace > 0 ? 'grace' : 'stale'
  }

  /** Whether it may be served because its refresh failed. */
  servableOnError(now: number, wellFormedAnswer: boolean): boolean {
    if (wellFormedAnswer && !this.staleIfErrorExplicit) return false
    return this.left(now) + this.staleIfError > 0
  }

  /** A soft purge: stale from now on; never lengthens a life. */
  soften(now: number): void {
    this.ttl = Math.min(this.ttl, (now - this.storedAt) / 1000)
  }

  get validator(): boolean {
    return this.#etag !== null || this.#lastModified !== null
  }

  /** Whole and in memory, so that it can be compared, sliced and stored. */
  get complete(): boolean {
    return !(this.#body instanceof Filling)
  }
}

/** As it is kept. */
function textOf(body: Filling | StoredBody): string | Filling | StoredBody {
  const text = body instanceof StoredBody ? body.atHand : null
  return typeof text === 'string' ? text : body
}

/** Of milliseconds. What is whole becomes a number that V8 keeps without memory of its own, which the quotient alone is not. */
function inSeconds(time: number): number {
  return time % 1000 === 0 ? Math.floor(time / 1000) : time / 1000
}

function fieldBytes(headers: HeaderMap): number {
  let bytes = headers.size * PER_FIELD
  for (let i = 0; i < headers.size; i++) bytes += headers.nameAt(i).length + headers.valueAt(i).length
  return bytes
}
