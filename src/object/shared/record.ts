/**
 * A kept object or refusal as bytes: what lies in shared memory, and what one thread tells another. Written once, never changed; what
 * changes of an object (its ttl, its uses) lies in its entry.
 */
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import { KeptFields, readFields } from '../kept-fields.ts'
import { Marker } from '../marker.ts'
import { CachedObject, type ObjectInit, type Part } from '../object.ts'
import { sharedNames, sharedText } from '../shared-text.ts'
import { copiedBody } from '../stored-body.ts'
import { codingOfNumber, numberOfCoding } from '../stored-coding.ts'
import { Reading, sizeOf, Writing } from './record-text.ts'

/** Largest body that lies in its record, bytes. */
export const SMALL_BODY: number = 16 * 1024

/** What a record is of: the whole representation, a part of it, or a refusal. */
export const WHOLE = 0
export const PART = 1
export const HIT_FOR_MISS = 2
export const HIT_FOR_PASS = 3
const KIND = 3

const CREDENTIALED = 1 << 2
const STALE_IF_ERROR_EXPLICIT = 1 << 3
const MUST_REVALIDATE = 1 << 4
const RETENTION_SUM = 1 << 5
const DATED = 1 << 6
const TARGET = 1 << 7
/** The fields are all fields, not told by those that are sent and the rest. */
const ALL_FIELDS = 1 << 8
/** The body is not in the record. */
const BODY_APART = 1 << 9
/** Three bits. */
const CODING_AT = 10
const CODING = 7
const ESI = 1 << 13
const SLICED = 1 << 14
/** The id of the fetch is known, and written where a part has its place. */
const NUMBERED = 1 << 15

const ETAG_NONE = -1
const ETAG_APART = -2

// Places in a record, bytes from its beginning.
const SIZE = 0
const HANDLE = 4
const FLAGS = 8
const STATUS = 12
const STORED_AT = 16
const TTL = 24
const AGE = 32
const GRACE = 40
const STALE_IF_ERROR = 48
const KEEP = 56
const DATE = 64
const LAST_MODIFIED = 72
const POSITION = 80
const ETAG = 84
const PART_FIRST = 88
const PART_LAST = 96
const XID = PART_FIRST
const PART_TOTAL = 104
const BODY = 112
const TEXTS = 120

/** What a record is written of. */
export interface Recorded {
  readonly entry: CachedObject | Marker
  readonly names: readonly string[]
  readonly variant: string
  /** The body's bytes where they are to lie in the record, else `null`. */
  readonly body: string | Buffer | null
}

/** Where an entry belongs, and what it is: read without the rest. */
export interface Label {
  readonly kind: number
  readonly credentialed: boolean
  readonly names: readonly string[]
  readonly variant: string
}

/** The texts of a record, in their order. */
function textsOf({ entry, names, variant }: Recorded): string[] {
  const texts = [entry.key, names.join(), variant]
  if (entry instanceof Marker) return texts
  const fields = entry.written
  const etag = entry.writtenEtag
  texts.push(
    entry.fieldLines,
    fields instanceof KeptFields ? fields.leftOut : linesOf(fields),
    typeof etag === 'string' ? etag : '',
    entry.reason,
    entry.withheld.join(),
    entry.lifetimeSource,
    entry.backend,
    entry.target?.url ?? '',
    entry.target?.host ?? '',
    ...entry.tags,
  )
  return texts
}

/** An entry that is about to be written: its size is known before room is taken for it. */
export class RecordDraft {
  readonly size: number
  readonly #recorded: Recorded
  readonly #texts: readonly string[]

  constructor(recorded: Recorded) {
    this.#recorded = recorded
    this.#texts = textsOf(recorded)
    let size = TEXTS
    for (const text of this.#texts) size += sizeOf(text)
    this.size = size + (recorded.body?.length ?? 0)
  }

  /** `handle`: what the entry is called in shared memory, 0 for none. */
  write(buffer: Buffer, at: number, handle: number): void {
    const { entry, body } = this.#recorded
    buffer.writeInt32LE(this.size, at + SIZE)
    buffer.writeInt32LE(handle, at + HANDLE)
    buffer.writeInt32LE(entry.position, at + POSITION)
    if (entry instanceof Marker) {
      const kind = entry.type === 'hitForMiss' ? HIT_FOR_MISS : HIT_FOR_PASS
      buffer.writeInt32LE(kind | (entry.credentialed ? CREDENTIALED : 0), at + FLAGS)
      buffer.writeDoubleLE(entry.expiresAt, at + STORED_AT)
      buffer.writeDoubleLE(entry.xid, at + XID)
    } else writeObject(buffer, at, entry, body === null)
    const writing = new Writing(buffer, at + TEXTS)
    for (const text of this.#texts) writing.text(text)
    if (typeof body === 'string') buffer.write(body, writing.at, 'latin1')
    else if (body !== null) body.copy(buffer, writing.at)
  }
}

function writeObject(buffer: Buffer, at: number, object: CachedObject, bodyApart: boolean): void {
  const { part } = object
  const etag = object.writtenEtag
  let flags = part === null ? WHOLE : PART
  if (object.staleIfErrorExplicit) flags |= STALE_IF_ERROR_EXPLICIT
  if (object.mustRevalidate) flags |= MUST_REVALIDATE
  if (object.retention === 'sum') flags |= RETENTION_SUM
  if (object.dated) flags |= DATED
  if (object.target !== null) flags |= TARGET
  if (!(object.written instanceof KeptFields)) flags |= ALL_FIELDS
  if (bodyApart) flags |= BODY_APART
  if (object.esi) flags |= ESI
  if (object.sliced) flags |= SLICED
  if (part === null && object.xid > 0) flags |= NUMBERED
  flags |= numberOfCoding(object.coding) << CODING_AT
  buffer.writeInt32LE(flags, at + FLAGS)
  buffer.writeInt32LE(object.status, at + STATUS)
  buffer.writeDoubleLE(object.storedAt, at + STORED_AT)
  buffer.writeDoubleLE(object.ttl, at + TTL)
  buffer.writeDoubleLE(object.initialAge, at + AGE)
  buffer.writeDoubleLE(object.grace, at + GRACE)
  buffer.writeDoubleLE(object.staleIfError, at + STALE_IF_ERROR)
  buffer.writeDoubleLE(object.keep, at + KEEP)
  buffer.writeDoubleLE(object.date, at + DATE)
  buffer.writeDoubleLE(object.lastModified ?? Number.NaN, at + LAST_MODIFIED)
  buffer.writeInt32LE(typeof etag === 'number' ? etag : etag === null ? ETAG_NONE : ETAG_APART, at + ETAG)
  if (part !== null) {
    buffer.writeDoubleLE(part.first, at + PART_FIRST)
    buffer.writeDoubleLE(part.last, at + PART_LAST)
    buffer.writeDoubleLE(part.total ?? Number.NaN, at + PART_TOTAL)
  }
  if ((flags & NUMBERED) !== 0) buffer.writeDoubleLE(object.xid, at + XID)
  buffer.writeDoubleLE(object.body.length ?? Number.NaN, at + BODY)
}

export function recordSize(buffer: Buffer, at: number): number {
  return buffer.readInt32LE(at + SIZE)
}

/** What the entry of a record is called. */
export function recordHandle(buffer: Buffer, at: number): number {
  return buffer.readInt32LE(at + HANDLE)
}

export function recordStoredAt(buffer: Buffer, at: number): number {
  return buffer.readDoubleLE(at + STORED_AT)
}

/** `null`: nobody knows yet. */
export function recordBodyLength(buffer: Buffer, at: number): number | null {
  const length = buffer.readDoubleLE(at + BODY)
  return Number.isNaN(length) ? null : length
}

export function recordHasKey(buffer: Buffer, at: number, key: string): boolean {
  return new Reading(buffer, at + TEXTS).isText(key)
}

export function readKey(buffer: Buffer, at: number): string {
  return new Reading(buffer, at + TEXTS).text()
}

export function readLabel(buffer: Buffer, at: number): Label {
  const reading = new Reading(buffer, at + TEXTS)
  reading.skip()
  const flags = buffer.readInt32LE(at + FLAGS)
  const names = namesOf(reading.text())
  return { kind: flags & KIND, credentialed: (flags & CREDENTIALED) !== 0, names, variant: sharedText(reading.text()) }
}

export function readMarker(buffer: Buffer, at: number): Marker {
  const flags = buffer.readInt32LE(at + FLAGS)
  const type = (flags & KIND) === HIT_FOR_MISS ? 'hitForMiss' : 'hitForPass'
  const until = buffer.readDoubleLE(at + STORED_AT)
  const position = buffer.readInt32LE(at + POSITION)
  return new Marker(readKey(buffer, at), type, until, position, (flags & CREDENTIALED) !== 0, buffer.readDoubleLE(at + XID))
}

/** What is not in the record. */
export interface Beside {
  /** Where the body is when it is not in the record; asked with its length. */
  body(length: number | null): CachedObject['body']
  /** What stands for a body that is in the record; default its bytes. */
  within?(length: number): CachedObject['body']
  /** Overrides what the record has. */
  readonly ttl?: number
  /** Position of the invalidation log from which on it is to be tested; default its own. */
  readonly position?: number
}

/** The object of a record. Nothing of it refers to the bytes that were read. */
export function readObject(buffer: Buffer, at: number, beside: Beside): CachedObject {
  return new CachedObject(readInit(buffer, at, beside))
}

/** As `readObject`, what it is made of. */
export function readInit(buffer: Buffer, at: number, beside: Beside): ObjectInit {
  const flags = buffer.readInt32LE(at + FLAGS)
  const reading = new Reading(buffer, at + TEXTS)
  const end = at + buffer.readInt32LE(at + SIZE)
  const key = reading.text()
  reading.skip()
  reading.skip()
  const fieldLines = reading.text()
  const rest = reading.text()
  const etagApart = reading.text()
  const reason = reading.text()
  const withheld = reading.text()
  const lifetimeSource = reading.text()
  const backend = reading.text()
  const url = reading.text()
  const host = reading.text()
  const bodyApart = (flags & BODY_APART) !== 0
  const length = recordBodyLength(buffer, at)
  const bodyAt = bodyApart ? end : end - (length ?? 0)
  const tags: string[] = []
  while (reading.at < bodyAt) tags.push(reading.text())
  const etag = buffer.readInt32LE(at + ETAG)
  const lastModified = buffer.readDoubleLE(at + LAST_MODIFIED)
  return {
    key,
    target: (flags & TARGET) === 0 ? null : { url, host },
    status: buffer.readInt32LE(at + STATUS),
    reason,
    headers: (flags & ALL_FIELDS) === 0 ? new KeptFields(sharedText(rest), (flags & DATED) !== 0) : readFields(rest, '', null),
    fieldLines,
    withheld: namesOf(withheld),
    life: {
      storedAt: buffer.readDoubleLE(at + STORED_AT),
      ttl: beside.ttl ?? buffer.readDoubleLE(at + TTL),
      grace: buffer.readDoubleLE(at + GRACE),
      staleIfError: buffer.readDoubleLE(at + STALE_IF_ERROR),
      staleIfErrorExplicit: (flags & STALE_IF_ERROR_EXPLICIT) !== 0,
      keep: buffer.readDoubleLE(at + KEEP),
      age: buffer.readDoubleLE(at + AGE),
    },
    retention: (flags & RETENTION_SUM) === 0 ? 'max' : 'sum',
    position: beside.position ?? buffer.readInt32LE(at + POSITION),
    etag: etag === ETAG_NONE ? null : etag === ETAG_APART ? etagApart : etag,
    lastModified: Number.isNaN(lastModified) ? null : lastModified,
    date: buffer.readDoubleLE(at + DATE),
    part: (flags & KIND) === PART ? partOf(buffer, at) : null,
    tags,
    mustRevalidate: (flags & MUST_REVALIDATE) !== 0,
    lifetimeSource,
    body: bodyApart ? beside.body(length) : (beside.within?.(length ?? 0) ?? copiedBody(buffer, bodyAt, bodyAt + (length ?? 0))),
    backend,
    esi: (flags & ESI) !== 0,
    sliced: (flags & SLICED) !== 0,
    coding: codingOfNumber((flags >> CODING_AT) & CODING),
    xid: (flags & NUMBERED) === 0 ? 0 : buffer.readDoubleLE(at + XID),
  }
}

/** The bytes of a body that lies in its record, in memory of their own. */
export function readBody(buffer: Buffer, at: number): Buffer {
  const end = at + buffer.readInt32LE(at + SIZE)
  return Buffer.from(buffer.subarray(end - buffer.readDoubleLE(at + BODY), end))
}

function partOf(buffer: Buffer, at: number): Part {
  const total = buffer.readDoubleLE(at + PART_TOTAL)
  return {
    first: buffer.readDoubleLE(at + PART_FIRST),
    last: buffer.readDoubleLE(at + PART_LAST),
    total: Number.isNaN(total) ? null : total,
  }
}

function namesOf(text: string): readonly string[] {
  return text === '' ? sharedNames([]) : sharedNames(text.split(','))
}

function linesOf(headers: HeaderMap): string {
  let lines = ''
  for (let i = 0; i < headers.size; i++) lines += `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`
  return lines
}
