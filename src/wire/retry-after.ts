/** `Retry-After` (RFC 9110 §10.2.3). */
import { parseHttpDate } from './http-date.ts'

/** Seconds from now, or `null` for what says nothing. `wall` in milliseconds since the epoch. */
export function retryAfter(field: string | undefined, wall: number): number | null {
  if (field === undefined) return null
  const text = field.trim()
  if (/^\d{1,10}$/.test(text)) return Number(text)
  const date = parseHttpDate(text, wall)
  return date === null ? null : Math.max(0, (date - wall) / 1000)
}
