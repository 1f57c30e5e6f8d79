/** Why a request is refused before anybody acts on it: a closed set of reasons, each with its status (RFC 9110 §15.5, RFC 9112). */
import type { ChunkFault } from '../../body/chunked.ts'
import type { FieldFault } from '../../wire/fields.ts'
import { reasonPhrase } from '../../wire/status.ts'

export type RefusalReason =
  | FieldFault
  | ChunkFault
  | 'leading_bytes'
  | 'request_line'
  | 'method'
  | 'method_case'
  | 'connect'
  | 'http2_preface'
  | 'target'
  | 'target_too_long'
  | 'version'
  | 'version_unsupported'
  | 'head_too_large'
  | 'head_incomplete'
  | 'head_timeout'
  | 'host'
  | 'host_missing'
  | 'host_repeated'
  | 'length'
  | 'length_repeated'
  | 'length_too_large'
  | 'length_required'
  | 'length_and_coding'
  | 'coding'
  | 'coding_repeated'
  | 'coding_unsupported'
  | 'coding_in_1_0'
  | 'expect'
  | 'nomination'
  | 'body_timeout'

/** Status of each reason. */
export const REFUSALS: Readonly<Record<RefusalReason, number>> = {
  bare_lf: 400,
  bare_cr: 400,
  folded_line: 400,
  field_name: 400,
  field_value: 400,
  field_too_long: 431,
  too_many_fields: 431,
  chunk_size: 400,
  chunk_extension: 400,
  chunk_extension_too_long: 400,
  chunk_end: 400,
  trailer: 400,
  leading_bytes: 400,
  request_line: 400,
  method: 400,
  method_case: 400,
  connect: 405,
  http2_preface: 400,
  target: 400,
  target_too_long: 414,
  version: 400,
  version_unsupported: 505,
  head_too_large: 431,
  head_incomplete: 400,
  head_timeout: 408,
  host: 400,
  host_missing: 400,
  host_repeated: 400,
  length: 400,
  length_repeated: 400,
  length_too_large: 413,
  length_required: 411,
  length_and_coding: 400,
  coding: 400,
  coding_repeated: 400,
  coding_unsupported: 501,
  coding_in_1_0: 400,
  expect: 417,
  nomination: 400,
  body_timeout: 408,
}

const ALLOW = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n'

/** The whole answer to a refused request. It names the reason, which is ours, and repeats nothing that the client sent. */
export function refusalAnswer(reason: RefusalReason, dateLine: string): string {
  const status = REFUSALS[reason]
  return plainAnswer(status, reason, `${dateLine}${status === 405 ? ALLOW : ''}`)
}

/** A short closing answer of this connection's own. */
export function plainAnswer(status: number, detail: string, fieldLines: string): string {
  const phrase = reasonPhrase(status)
  const page = `${status} ${phrase}: ${detail}\n`
  return (
    `HTTP/1.1 ${status} ${phrase}\r\n${fieldLines}Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n` +
    `Cache-Control: no-store\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`
  )
}
