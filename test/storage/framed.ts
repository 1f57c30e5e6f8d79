/** Objects of every kind that can lie in Redis, and frames of them. */
import { CachedObject, type ObjectInit } from '../../src/object/object.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import { codingOfNumber } from '../../src/object/stored-coding.ts'
import { Seal } from '../../src/redis/seal.ts'
import { openFrame, sealFrame } from '../../src/storage/frame.ts'
import { objectOf, readObject, writeObject } from '../../src/storage/object-frame.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

export const KEY = 'clearcoat:{AAAAAAAAAAAAAAAAAAAAAA}'
export const SECRETS = [null, 'correct horse battery staple'] as const

const value = fc.string({ unit: fc.constantFrom(...'abz 09,;="/\t~\u00e9\u00ff'), maxLength: 40 })
const name = fc.constantFrom(
  'Content-Type',
  'Date',
  'ETag',
  'X-A',
  'x-a',
  'Vary',
  'Link',
  'Last-Modified',
  'Cache-Control',
  '__proto__',
  'constructor',
)
const text = fc.string({ unit: 'binary', maxLength: 20 })
const tag = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
const seconds = fc.oneof(fc.double({ min: 0, max: 2 ** 31, noNaN: true }), fc.constantFrom(0, 10, 3600, 2 ** 31))

interface Kind {
  readonly init: ObjectInit
  readonly names: readonly string[]
  readonly variant: string
  readonly since: number
}

/** Any object with any fields, some of them left out of what is sent. `fields` are told with what a hit leaves out. */
export const anyObject: fc.Arbitrary<Kind> = fc
  .record({
    fields: fc.array(fc.tuple(name, value, fc.boolean()), { maxLength: 12 }),
    length: fc.option(fc.nat(999_999), { nil: null }),
    sentApart: fc.boolean(),
    key: text,
    target: fc.option(fc.record({ url: text, host: text }), { nil: null }),
    status: fc.constantFrom(200, 203, 204, 301, 404, 410, 501, 599),
    reason: value,
    withheld: fc.uniqueArray(fc.constantFrom('xkey', 'age', 'x-a'), { maxLength: 3 }),
    times: fc.record({
      ttl: seconds,
      grace: seconds,
      staleIfError: seconds,
      keep: seconds,
      age: seconds,
      staleIfErrorExplicit: fc.boolean(),
    }),
    retention: fc.constantFrom('max' as const, 'sum' as const),
    etag: fc.constantFrom(null, '"1"', 'W/"1"', '', '"\u00e9"', 'bare'),
    lastModified: fc.option(
      fc.integer({ min: -8e12, max: 8e12 }).map((at) => at * 1000),
      { nil: null },
    ),
    date: fc.integer({ min: -8e12, max: 8e12 }),
    tags: fc.uniqueArray(tag, { maxLength: 8 }),
    mustRevalidate: fc.boolean(),
    lifetimeSource: fc.constantFrom('max-age', 'policy', 'default_ttl'),
    backend: fc.constantFrom('http://origin', 'b1', ''),
    esi: fc.boolean(),
    sliced: fc.boolean(),
    coding: fc.nat(6).map((number) => codingOfNumber(number)),
    xid: fc.constantFrom(0, 7, 2 ** 40),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(2048, 2049, 65_536).map((bytes) => new Uint8Array(bytes).fill(7)),
    ),
    names: fc.uniqueArray(fc.constantFrom('accept', 'accept-encoding', 'x-a', '__proto__'), { maxLength: 3 }).map((names) => names.sort()),
    variant: text,
    since: fc.constantFrom(0, 1, 2 ** 32 + 5, 2 ** 40),
  })
  .map(({ fields, length, sentApart, times, body, names, variant, since, sliced, ...rest }) => {
    const lines = fields.map(([field, text]) => [field, text.trim()] as const)
    const all = length === null ? lines : [...lines, ['Content-Length', `${length}`] as const]
    const sent = fields.filter(([, , left]) => !left).map(([field, text]) => `${field}: ${text.trim()}\r\n`)
    return {
      init: {
        ...rest,
        headers: HeaderMap.of(all),
        fieldLines: (sentApart ? sent.toReversed() : sent).join(''),
        life: { ...times, ttl: Math.min(times.ttl + 1, 2 ** 31), storedAt: 1000 },
        position: 3,
        part: null,
        sliced,
        body: new StoredBody(sliced ? Buffer.from('QUJDREVGR0hJ 1048576 9000000 "v 1"') : Buffer.from(body)),
      },
      names,
      variant,
      since,
    }
  })

export function told({ names, variant, since }: Omit<Kind, 'init'>, object: CachedObject, lain = 0): Buffer {
  const { ttl, grace, staleIfError, keep } = object
  const past = object.retention === 'max' ? Math.max(grace, staleIfError, keep) : grace + keep
  const life = Math.floor(Math.min(2 ** 31, ttl + past) * 1000) - lain
  const segments = object.body instanceof StoredBody ? object.body.segments : []
  return writeObject({ object, names, variant, since, life, lain, body: { type: 'inline', bytes: segments } })
}

/** A frame of an object under `KEY`. */
export function framed(kind: Kind, seal: Seal = new Seal(null, 'clearcoat:')): Buffer {
  const frame = sealFrame(seal, 'object', KEY, told(kind, new CachedObject(kind.init)))
  if (frame === null) throw new Error('the frame is too large')
  return frame
}

/** What is read from it; `null`: it is refused. */
export function unframed(frame: Buffer, seal: Seal, key: string = KEY): CachedObject | null {
  const opened = openFrame(seal, key, frame)
  if (typeof opened === 'string' || opened.kind !== 'object') return null
  try {
    return objectOf(readObject(opened.told), 1000, 3, null)
  } catch {
    return null
  }
}

/** All that is to be seen of an object. */
export function seen(object: CachedObject): unknown {
  const { key, target, status, reason, fieldLines, withheld, ttl, grace, staleIfError, staleIfErrorExplicit, keep, initialAge } = object
  const { retention, etag, lastModified, date, part, tags, mustRevalidate, lifetimeSource, backend, esi, sliced, coding, xid, storedAt } =
    object
  return {
    ...{ key, target, status, reason, fieldLines, withheld, ttl, grace, staleIfError, staleIfErrorExplicit, keep, initialAge, retention },
    ...{ etag, lastModified, date, part, tags, mustRevalidate, lifetimeSource, backend, esi, sliced, coding, xid, storedAt },
    dated: object.dated,
    fields: [...object.headers],
    body: object.body instanceof StoredBody ? Buffer.concat(object.body.segments).toString('latin1') : null,
  }
}
