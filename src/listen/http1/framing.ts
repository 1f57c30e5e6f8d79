/**
 * Where a request's body ends (RFC 9112 §6.3), decided on the raw field lines and strictly: what two parsers could read
 * in two ways is refused, never repaired.
 */
import type { RefusalReason } from './refusal.ts'

/** `none`, `chunked`, or a length in bytes. */
export type Framing = 'none' | 'chunked' | number

export interface FramingFields {
  readonly version: '1.0' | '1.1'
  readonly method: string
  /** Lines of `Content-Length` and `Transfer-Encoding`: how many, and the value of the first. */
  readonly lengths: number
  readonly length: string
  readonly codings: number
  readonly coding: string
}

const DIGITS = /^[0-9]+$/
const CODING_LIST = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)+$/

export function requestFraming(fields: FramingFields): { readonly framing: Framing } | { readonly refusal: RefusalReason } {
  if (fields.codings > 0) return coded(fields)
  if (fields.lengths > 1) return { refusal: 'length_repeated' }
  if (fields.lengths === 0) {
    // DECISIONS, request body framing: an HTTP/1.0 upload without length would end with the connection, which proves nothing.
    if (fields.version === '1.0' && (fields.method === 'POST' || fields.method === 'PUT')) return { refusal: 'length_required' }
    return { framing: 'none' }
  }
  if (!DIGITS.test(fields.length)) return { refusal: 'length' }
  const length = Number(fields.length)
  return Number.isSafeInteger(length) ? { framing: length } : { refusal: 'length_too_large' }
}

function coded(fields: FramingFields): { readonly framing: Framing } | { readonly refusal: RefusalReason } {
  if (fields.lengths > 0) return { refusal: 'length_and_coding' }
  if (fields.version === '1.0') return { refusal: 'coding_in_1_0' }
  if (fields.codings > 1) return { refusal: 'coding_repeated' }
  const coding = fields.coding.toLowerCase()
  if (coding === 'chunked') return { framing: 'chunked' }
  if (!CODING_LIST.test(coding)) return { refusal: 'coding' }
  const members = coding.split(/[ \t]*,[ \t]*/)
  const under = members.slice(0, -1)
  // RFC 9112 §6.1: codings not understood are 501; a list that does not end in the one chunked coding has no end at all.
  if (members.at(-1) !== 'chunked' || under.includes('chunked') || under.includes('identity')) return { refusal: 'coding' }
  return { refusal: 'coding_unsupported' }
}
