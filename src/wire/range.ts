/** Range requests and Content-Range (RFC 9110 §14). Positions are inclusive, as on the wire. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { splitPlain } from './list.ts'

export interface ByteRange {
  readonly first: number
  readonly last: number
}

export type RangeAnswer =
  | { readonly type: 'ignore' }
  | { readonly type: 'unsatisfiable' }
  | { readonly type: 'ranges'; readonly ranges: readonly ByteRange[] }

/** `first` null: the last `last` bytes. `last` null: to the end. */
export interface RequestedRange {
  readonly first: number | null
  readonly last: number | null
}

/** `total` null: `*`. */
export interface ContentRange {
  readonly first: number
  readonly last: number
  readonly total: number | null
}

export interface UnsatisfiedRange {
  readonly unsatisfied: number | null
}

const IGNORE: RangeAnswer = Object.freeze({ type: 'ignore' })
const UNSATISFIABLE: RangeAnswer = Object.freeze({ type: 'unsatisfiable' })
/** Asks for bytes, and for some. */
const BYTES_UNIT = /^bytes(?![!#$%&'*+\-.^_`|~0-9A-Za-z])(?!=?$)/i
const SPEC = /^(\d*)-(\d*)$/
const CONTENT_RANGE = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i

/**
 * The ranges of a Range field over a representation of `length` bytes. Anything but well-formed `bytes` ranges is ignored as a whole,
 * and so are more than `max` ranges or ranges that add up to more than twice the length (RFC 9110 §14.2, §17.15). Overlapping ranges
 * are joined; otherwise the client's order stands. `strict`: as Varnish does, byte ranges that are not well-formed are refused, and of
 * nothing there are none to refuse.
 */
export function parseRange(value: string, length: number, max: number, strict: boolean = false): RangeAnswer {
  if (strict && length === 0) return IGNORE
  const specs = parseSpecs(value, max)
  if (specs === null) return strict && BYTES_UNIT.test(value) ? UNSATISFIABLE : IGNORE
  const ranges: ByteRange[] = []
  let total = 0
  for (const spec of specs) {
    if (spec.first === null && length === 0 && spec.last !== 0) return IGNORE
    const range = within(spec, length)
    if (range === null) continue
    total += range.last - range.first + 1
    ranges.push(range)
  }
  if (total > 2 * length) return IGNORE
  return ranges.length === 0 ? UNSATISFIABLE : { type: 'ranges', ranges: coalesce(ranges) }
}

/** A single byte range as asked for, without knowing the length; `null` for several or for anything malformed. */
export function requestedRange(value: string): RequestedRange | null {
  return parseSpecs(value, 1)?.[0] ?? null
}

/** A Content-Range of unit `bytes`; `null` when malformed or contradicting itself (RFC 9110 §14.4). */
export function parseContentRange(value: string): ContentRange | UnsatisfiedRange | null {
  const match = CONTENT_RANGE.exec(value)
  if (match === null) return null
  const total = match[3] === '*' ? null : Number(match[3])
  if (match[1] === undefined) return { unsatisfied: total }
  const first = Number(match[1])
  const last = Number(match[2])
  return first > last || (total !== null && last >= total) ? null : { first, last, total }
}

/** Value of a Content-Range field. */
export function contentRange(first: number, last: number, total: number): string {
  return `bytes ${first}-${last}/${total}`
}

/**
 * Whether a 206 says consistently which bytes it holds; the field means nothing with other statuses. A 206 without the field
 * (`multipart/byteranges` included) counts as inconsistent. `bodyLength` null: not known yet.
 */
export function contentRangeState(headers: HeaderMap, status: number, bodyLength: number | null): 'none' | 'consistent' | 'inconsistent' {
  if (status !== 206) return 'none'
  const range = parseContentRange(headers.joinedLower('content-range') ?? '')
  if (range === null || 'unsatisfied' in range) return 'inconsistent'
  return bodyLength === null || bodyLength === range.last - range.first + 1 ? 'consistent' : 'inconsistent'
}

function parseSpecs(value: string, max: number): RequestedRange[] | null {
  if (value.slice(0, 6).toLowerCase() !== 'bytes=') return null
  const members = splitPlain(value.slice(6))
  if (members.length === 0 || members.length > max) return null
  const specs: RequestedRange[] = []
  for (const member of members) {
    const match = SPEC.exec(member)
    if (match === null) return null
    const first = position(match[1])
    const last = position(match[2])
    if (first === null ? last === null : last !== null && last < first) return null
    specs.push({ first, last })
  }
  return specs
}

/** A position beyond 2^53 lies behind every representation, whatever its exact value. */
function position(digits: string | undefined): number | null {
  return digits === undefined || digits === '' ? null : Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

function within(spec: RequestedRange, length: number): ByteRange | null {
  if (spec.first === null) {
    const count = Math.min(spec.last ?? 0, length)
    return count === 0 ? null : { first: length - count, last: length - 1 }
  }
  return spec.first >= length ? null : { first: spec.first, last: Math.min(spec.last ?? length - 1, length - 1) }
}

function coalesce(ranges: ByteRange[]): ByteRange[] {
  if (ranges.length === 1) return ranges
  const joined: { first: number; last: number }[] = []
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const previous = joined.at(-1)
    if (previous !== undefined && range.first <= previous.last) previous.last = Math.max(previous.last, range.last)
    else joined.push({ ...range })
  }
  return joined.length === ranges.length ? ranges : joined
}
