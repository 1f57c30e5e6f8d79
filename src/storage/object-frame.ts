/** A stored answer in a frame: whole, with its body or with what its chunks are known by. Times are relative, so that no clock crosses machines. */
import type { Place } from '../object/key-text.ts'
import { retention } from '../object/lifetime.ts'
import { CachedObject, type ObjectInit } from '../object/object.ts'
import { EMPTY_BODY, keptBody, StoredBody } from '../object/stored-body.ts'
import { codingOfNumber, numberOfCoding } from '../object/stored-coding.ts'
import { isToken } from '../wire/list.ts'
import { Doubt, FrameReader, FrameWriter } from './frame-bytes.ts'
import { readFields, writeFields } from './frame-fields.ts'
import { LONGEST_LIFE, readPlace, type Told, writePlace } from './frame-place.ts'

/** Bytes of the largest body that lies in its frame. */
export const INLINE_BODY: number = 64 * 1024
/** Bytes by which the chunks of one version of a body are known. */
export const MARK = 16

const STALE_IF_ERROR_EXPLICIT = 1
const MUST_REVALIDATE = 1 << 1
const RETENTION_SUM = 1 << 2
const ESI = 1 << 3
const SLICED = 1 << 4
const TARGET = 1 << 5
const ETAG = 1 << 6
const CHUNKED = 1 << 7

/** Milliseconds around the epoch that a date can be. */
const FARTHEST_DATE = 8.64e15
const MOST_TAGS = 16_384
const LONGEST_TAG = 8192
const LONGEST_VALUE = 8192
const LONGEST_TARGET = 128 * 1024
const LONGEST_MANIFEST = LONGEST_VALUE
/** One below what is read as a length in a frame. */
const LONGEST_BODY: number = 2 ** 31

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const MANIFEST = /^[\w-]{1,64} [1-9]\d{0,14} [1-9]\d{0,14} [\x20-\x7e\x80-\xff]+$/

/** An object as it lies in Redis. */
export interface ObjectFrame extends Told {
  /** Milliseconds that it had lain in memory when it was written. */
  readonly lain: number
  readonly bodyLength: number
  /** Of its chunks; `null`: the body is here. */
  readonly mark: Buffer | null
  readonly body: Buffer | null
  readonly init: Omit<ObjectInit, 'position' | 'body' | 'life'> & { readonly life: Omit<ObjectInit['life'], 'storedAt'> }
}

export interface ObjectToWrite extends Omit<Told, 'key' | 'names'> {
  readonly object: CachedObject
  readonly names: readonly string[]
  readonly lain: number
  /** The whole body, or the mark of its chunks. */
  readonly body: { readonly type: 'inline'; readonly bytes: readonly Buffer[] } | { readonly type: 'chunks'; readonly mark: Buffer }
}

export function writeObject({ object, names, variant, since, life, lain, body }: ObjectToWrite): Buffer {
  const { target, etag } = object
  let flags = numberOfCoding(object.coding) << 8
  if (object.staleIfErrorExplicit) flags |= STALE_IF_ERROR_EXPLICIT
  if (object.mustRevalidate) flags |= MUST_REVALIDATE
  if (object.retention === 'sum') flags |= RETENTION_SUM
  if (object.esi) flags |= ESI
  if (object.sliced) flags |= SLICED
  if (target !== null) flags |= TARGET
  if (etag !== null) flags |= ETAG
  if (body.type === 'chunks') flags |= CHUNKED
  const writer = new FrameWriter()
  writer.short(flags)
  writePlace(writer, { key: object.key, names, variant, since, life })
  writer.short(object.status)
  writer.numbers(lain, object.ttl, object.grace, object.staleIfError, object.keep, object.initialAge)
  writer.numbers(object.date, object.lastModified ?? Number.NaN, object.xid)
  writer.text(object.reason)
  writeFields(writer, object)
  writer.text(etag ?? '')
  writer.texts(object.withheld)
  writer.text(object.lifetimeSource)
  writer.text(object.backend)
  writer.text(target?.url ?? '')
  writer.text(target?.host ?? '')
  writer.texts(object.tags)
  writer.int(object.body.length ?? 0)
  if (body.type === 'chunks') writer.raw(body.mark)
  else for (const bytes of body.bytes) writer.raw(bytes)
  return writer.bytes
}

/** Throws `Doubt`. */
export function readObject(told: Buffer): ObjectFrame {
  const reader = new FrameReader(told)
  const flags = reader.short()
  const coding = codingOfNumber(flags >> 8)
  if (numberOfCoding(coding) !== flags >> 8) throw new Doubt('its coding is unknown')
  const place = readPlace(reader)
  const status = reader.short()
  if (status < 200 || status > 599 || status === 206 || status === 304) throw new Doubt('its status is not that of a stored answer')
  const lain = reader.number(0, LONGEST_LIFE * 1000)
  const seconds = (): number => reader.number(-LONGEST_LIFE, LONGEST_LIFE)
  const [ttl, grace, staleIfError, keep] = [seconds(), seconds(), seconds(), seconds()]
  const age = reader.number(0, LONGEST_LIFE)
  const mode = (flags & RETENTION_SUM) === 0 ? 'max' : 'sum'
  const kept = retention({ ttl, grace, staleIfError, keep }, mode) * 1000
  if (lain + place.life > kept + 1) throw new Doubt('it would be kept for too long')
  const date = reader.number(-FARTHEST_DATE, FARTHEST_DATE)
  const lastModified = reader.numberIfAny(-FARTHEST_DATE, FARTHEST_DATE)
  const xid = reader.whole(Number.MAX_SAFE_INTEGER)
  const reason = value(reader)
  const { headers, fieldLines } = readFields(reader)
  const etag = value(reader)
  const withheld = reader.texts(1024, LONGEST_VALUE)
  if (!withheld.every((name) => isToken(name) && name === name.toLowerCase())) throw new Doubt('what is withheld are no names')
  const lifetimeSource = reader.text(64)
  if (!isToken(lifetimeSource)) throw new Doubt('the source of its lifetime is unknown')
  const backend = value(reader)
  const target: Place = { url: reader.text(LONGEST_TARGET), host: reader.text(LONGEST_TARGET) }
  const tags = reader.texts(MOST_TAGS, LONGEST_TAG)
  if (tags.includes('') || new Set(tags).size !== tags.length) throw new Doubt('its tags are not told once each')
  const bodyLength = reader.int()
  const chunked = (flags & CHUNKED) !== 0
  if (bodyLength > LONGEST_BODY || chunked !== bodyLength > INLINE_BODY) throw new Doubt('its body is where it cannot be')
  const rest = reader.raw(chunked ? MARK : bodyLength)
  if (reader.left > 0) throw new Doubt('it goes on behind its end')
  const sliced = (flags & SLICED) !== 0
  if (sliced && (bodyLength > LONGEST_MANIFEST || !MANIFEST.test(rest.toString('latin1')))) throw new Doubt('its manifest is none')
  return {
    ...place,
    lain,
    bodyLength,
    mark: chunked ? Buffer.from(rest) : null,
    body: chunked ? null : rest,
    init: {
      key: place.key,
      target: (flags & TARGET) === 0 ? null : target,
      status,
      reason,
      headers,
      fieldLines,
      withheld,
      life: { ttl, grace, staleIfError, staleIfErrorExplicit: (flags & STALE_IF_ERROR_EXPLICIT) !== 0, keep, age },
      retention: mode,
      etag: (flags & ETAG) === 0 ? null : etag,
      lastModified,
      date,
      part: null,
      tags,
      mustRevalidate: (flags & MUST_REVALIDATE) !== 0,
      lifetimeSource,
      backend,
      esi: (flags & ESI) !== 0,
      sliced,
      coding,
      xid,
    },
  }
}

/** What was read, as an object of this thread. `position`: of its own log. `body`: that of the chunks; `null`: there are none, or they have not been read. */
export function objectOf(frame: ObjectFrame, storedAt: number, position: number, body: Buffer | null): CachedObject {
  const bytes = body ?? frame.body
  return new CachedObject({
    ...frame.init,
    life: { ...frame.init.life, storedAt },
    position,
    body: bytes === null || bytes.length === 0 ? EMPTY_BODY : body === null ? keptBody(new StoredBody(bytes)) : new StoredBody(bytes),
  })
}

function value(reader: FrameReader): string {
  const text = reader.text(LONGEST_VALUE)
  if (!VALUE.test(text)) throw new Doubt('a text is no value of a field')
  return text
}
