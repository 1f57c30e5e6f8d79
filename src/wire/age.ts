/** The Age field on receipt (RFC 9111 §5.1). */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { deltaSeconds } from './cache-control.ts'
import { trimOws } from './list.ts'

/** Seconds: the first member of the first line if it is all digits, else 0; at most 2^31. */
export function parseAge(headers: HeaderMap): number {
  const line = headers.getLower('age')
  if (line === undefined) return 0
  const comma = line.indexOf(',')
  return deltaSeconds(trimOws(comma < 0 ? line : line.slice(0, comma)))
}
