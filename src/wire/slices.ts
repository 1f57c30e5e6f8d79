/** Which slices of a representation hold which bytes. Positions are inclusive, as on the wire; sizes are those of `Req.slice`. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { isStrong } from './entity-tag.ts'
import { parseHttpDate } from './http-date.ts'
import { type ByteRange, requestedRange } from './range.ts'

/** The slice that holds a byte. */
export function sliceOf(position: number, size: number): number {
  return Math.floor(position / size)
}

/** The bytes of a slice; of one that nobody knows to be the last when `total` is `null`. */
export function sliceRange(index: number, size: number, total: number | null): ByteRange {
  const first = index * size
  const last = first + size - 1
  return { first, last: total === null ? last : Math.min(last, total - 1) }
}

/** What of a slice lies within `first` to `last`, which it has a part in: positions within the slice. */
export function withinSlice(index: number, size: number, { first, last }: ByteRange): ByteRange {
  const start = index * size
  return { first: Math.max(first - start, 0), last: Math.min(last - start, size - 1) }
}

/** The slice that a request needs first, as far as its Range field tells without the length: for several ranges, or one of the last bytes, number 0. */
export function firstSliceOf(range: string | undefined, size: number): number {
  const first = range === undefined ? null : (requestedRange(range)?.first ?? null)
  return first === null || first > Number.MAX_SAFE_INTEGER - size ? 0 : sliceOf(first, size)
}

/**
 * What shows that two answers are parts of the same representation, byte for byte: a strong entity tag, or without any tag the text of a
 * Last-Modified that is at least a second older than Date (RFC 9110 §8.8.2.2). `wall`: epoch milliseconds. `null`: nothing does.
 */
export function strongValidator(headers: HeaderMap, wall: number): string | null {
  const etag = headers.getLower('etag')
  if (etag !== undefined) return isStrong(etag) ? etag : null
  const text = headers.getLower('last-modified')
  if (text === undefined) return null
  const lastModified = parseHttpDate(text, wall)
  const date = parseHttpDate(headers.getLower('date') ?? '', wall)
  return lastModified !== null && date !== null && lastModified <= date - 1000 ? text : null
}
