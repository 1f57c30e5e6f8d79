/** What coding the content of a message has, and what its head says once the bytes are others (RFC 9110 §8.4, §8.8.1, RFC 9530). */
import { type Coding, isCoding } from '../../vcl-ts/coding.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { splitPlain } from './list.ts'

/** `null`: none. `other`: one that is not undone here, or several. */
export function contentCoding(headers: HeaderMap): Coding | 'other' | null {
  if (!headers.hasLower('content-encoding')) return null
  const members = splitPlain((headers.joinedLower('content-encoding') ?? '').toLowerCase()).filter((member) => member !== 'identity')
  const [only] = members
  if (only === undefined) return null
  if (members.length > 1) return 'other'
  return only === 'x-gzip' ? 'gzip' : isCoding(only) ? only : 'other'
}

/** Fields that are true of the very bytes only. */
const OF_BYTES = ['content-length', 'content-md5', 'digest', 'content-digest', 'repr-digest'] as const

/** The content's bytes become others that mean the same: the tag is weak from now on. */
export function bytesChanged(headers: HeaderMap): void {
  for (const name of OF_BYTES) headers.removeRaw(name)
  const etag = headers.getLower('etag')
  if (etag?.startsWith('"') === true) headers.setRaw('ETag', 'etag', `W/${etag}`)
}

/** The content is coded from now on, or with `null` not any more. */
export function setContentCoding(headers: HeaderMap, coding: Coding | null): void {
  headers.removeRaw('content-encoding')
  if (coding !== null) headers.appendRaw('Content-Encoding', 'content-encoding', coding)
}

/** What is sent depends on the codings that a client takes, and says so. */
export function varyByCoding(headers: HeaderMap): void {
  const vary = headers.joinedLower('vary')
  if (vary === undefined) headers.appendRaw('Vary', 'vary', 'Accept-Encoding')
  else if (!splitPlain(vary.toLowerCase()).some((name) => name === 'accept-encoding' || name === '*'))
    headers.setRaw('Vary', 'vary', vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`)
}
