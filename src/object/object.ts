/** The remembered thing: an answer's head, its body (whole or still arriving), and the numbers of its life. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { reasonPhrase } from '../wire/status.ts'
import type { Filling } from './filling.ts'
import { leftOut, type ReadFields, readFields, stayRead } from './kept-fields.ts'
import { type Place, placeEnd } from './key-text.ts'
import type { Freshness, Lifetime } from './lifetime.ts'
import { retention } from './lifetime.ts'
import { ownHeaders, ownText } from './own.ts'
import type { Slot } from './slot.ts'
import { StoredBody } from './stored-body.ts'
import type { Carried } from './tag-index.ts'

/** What a store and the expiry need to know of an entry: nothing of HTTP. */
export interface Entry {
  readonly id: number
  /** Primary key. */
  readonly key: string
  /** Bytes of everything the entry holds: body, head, key, tags, index. */
  readonly bytes: number
  /** Monotonic milliseconds from which it is worthless. */
  readonly expiresAt: number
  /** Where the expiry holds it; -1 while it does not. Nobody else's to touch. */
  place: number
  /** Where the store has it; -1 while it has not. Nobody else's to touch. */
  row: number
}

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
  /** As received from the origin, without hop-by-hop fields. */
  readonly headers: HeaderMap
  /** What a hit sends: serialized, without Age and what is not delivered. */
  readonly fieldLines: string
  /** Lower-case names of further fields that a hit leaves out. */
  readonly withheld: readonly string[]
  readonly life: Lifetime
  readonly retention: 'max' | 'sum'
  /** Of the invalidation log when the fetch began. */
  readonly position: number
  readonly etag: string | null
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
}

/** Bookkeeping of one object beyond its strings and bytes: its key's head and slot, maps, instances. Measured, rounded up. */
const OVERHEAD = 960
/** Of a field: its places in three arrays, and what a string takes beyond its characters. */
const PER_FIELD = 56
/** As `OVERHEAD`, of a refusal. */
const MARKER_OVERHEAD = 700

/** Of a key that is more than URL and host: its place in the index of those, beyond their text. Measured, rounded up. */
const PER_INDEXED_KEY = 400

const NO_TAGS: readonly string[] = []
/** Of a tag: its place in the object and its share of the index, at worst as the only object that has it. Measured, rounded up. */
const PER_TAG = 320

let nextId = 1

/** Ids are process-wide, so that entries of all kinds can share one store. */
export function newEntryId(): number {
  return nextId++
}

export class CachedObject implements Entry {
  readonly id: number = newEntryId()
  readonly status: number
  readonly reason: string
  key: string
  fieldLines: string
  readonly withheld: readonly string[]
  readonly storedAt: number
  readonly grace: number
  readonly staleIfError: number
  readonly staleIfErrorExplicit: boolean
  readonly keep: number
  readonly initialAge: number
  readonly position: number
  etag: string | null
  readonly lastModified: number | null
  readonly date: number
  /** Whether the head has a Date; only a policy can have taken it away. */
  readonly dated: boolean
  readonly part: Part | null
  /** Each once. */
  tags: readonly string[]
  readonly mustRevalidate: boolean
  readonly lifetimeSource: string
  readonly backend: string
  place = -1
  row = -1
  /** Where the tag index has it; its own to touch. */
  carried: Carried | null = null
  /** Where the table has it, arriving or kept. Nobody else's to touch, like `checked`. */
  slot: Slot | null = null
  /** Position of the invalidation log up to which it has been tested. */
  checked: number
  /** URL and host, when the key does not tell them. */
  target: Place | null
  /** Bytes that its key takes beyond itself, and its variant. */
  #indexed: number
  ttl: number
  body: Filling | StoredBody
  hits = 0
  /** No refresh is tried before (monotonic ms): the last one failed. And how often it failed in a row. */
  retryAt = 0
  failures = 0
  readonly #retention: 'max' | 'sum'
  /** All fields, as long as they are not told by the texts of those that are sent and those that are not. */
  #headers: HeaderMap | null
  #leftOut = ''
  #read: ReadFields | null = null

  constructor(init: ObjectInit) {
    this.key = init.key
    this.status = init.status
    this.reason = reasonPhrase(init.status) === init.reason ? reasonPhrase(init.status) : ownText(init.reason)
    this.#headers = init.headers
    this.fieldLines = init.fieldLines
    this.withheld = init.withheld
    this.storedAt = init.life.storedAt
    this.ttl = init.life.ttl
    this.grace = init.life.grace
    this.staleIfError = init.life.staleIfError
    this.staleIfErrorExplicit = init.life.staleIfErrorExplicit
    this.keep = init.life.keep
    this.initialAge = init.life.age
    this.position = init.position
    this.checked = init.position
    const placed = placeEnd(init.key)
    this.target = placed < 0 ? init.target : null
    this.#indexed = placed === init.key.length ? 0 : PER_INDEXED_KEY + Math.max(0, placed)
    this.etag = init.etag
    this.lastModified = init.lastModified
    this.date = init.date
    this.dated = init.headers.hasLower('date')
    this.part = init.part
    const tags = [...init.tags]
    this.tags = tags.length === 0 ? NO_TAGS : tags
    this.mustRevalidate = init.mustRevalidate
    this.lifetimeSource = init.lifetimeSource
    this.backend = init.backend
    this.body = init.body
    this.#retention = init.retention
  }

  /** Lets go of what its strings were cut from: stored, it holds no more than it counts. The slot has the table's own copy of the key. */
  settle({ head, variant }: Slot): void {
    this.key = head.key
    this.#indexed += variant.length
    if (this.target !== null) this.target = { url: ownText(this.target.url), host: ownText(this.target.host) }
    this.fieldLines = ownText(this.fieldLines)
    const headers = this.#headers
    if (headers !== null) {
      const left = leftOut(headers, this.fieldLines)
      this.#headers = left === null ? ownHeaders(headers) : null
      this.#leftOut = left === null || left === '' ? '' : ownText(left)
    }
    if (this.etag !== null) this.etag = ownText(this.etag)
    if (this.body instanceof StoredBody) this.body = this.body.settled()
  }

  /** As received from the origin, or as the policy left them, without hop-by-hop fields. To be read only; not for the hot path. */
  get headers(): HeaderMap {
    if (this.#headers !== null) return this.#headers
    if (this.#read !== null && this.#read.headers !== null) return this.#read.headers
    const headers = readFields(this.fieldLines, this.#leftOut)
    this.#read = stayRead(headers, this.fieldLines)
    return headers
  }

  get bytes(): number {
    let bytes = OVERHEAD + this.body.held + this.key.length + this.#indexed + this.fieldLines.length + this.#leftOut.length
    if (this.target !== null) bytes += this.target.url.length + this.target.host.length
    if (this.etag !== null) bytes += this.etag.length
    if (this.#headers !== null) bytes += fieldBytes(this.#headers)
    for (const tag of this.tags) bytes += tag.length + PER_TAG
    return bytes
  }

  get expiresAt(): number {
    return this.storedAt + retention(this, this.#retention) * 1000
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
    return this.etag !== null || this.lastModified !== null
  }

  /** Whole and in memory, so that it can be compared, sliced and stored. */
  get complete(): boolean {
    return this.body instanceof StoredBody
  }
}

/** A remembered refusal: what the last answer said about sharing, held per variant and class. */
export class Marker implements Entry {
  readonly id: number = newEntryId()
  readonly key: string
  readonly type: 'hitForMiss' | 'hitForPass'
  readonly expiresAt: number
  readonly position: number
  readonly credentialed: boolean
  place = -1
  row = -1
  /** As an object's, both. */
  slot: Slot | null = null
  checked: number

  constructor(key: string, type: 'hitForMiss' | 'hitForPass', expiresAt: number, position: number, credentialed: boolean) {
    this.key = ownText(key)
    this.type = type
    this.expiresAt = expiresAt
    this.position = position
    this.checked = position
    this.credentialed = credentialed
  }

  get bytes(): number {
    return MARKER_OVERHEAD + this.key.length * 2
  }
}

function fieldBytes(headers: HeaderMap): number {
  let bytes = headers.size * PER_FIELD
  for (let i = 0; i < headers.size; i++) bytes += headers.nameAt(i).length + headers.valueAt(i).length
  return bytes
}
