/** The shape of the payload tables. Bytes are latin-1 text. */
import type { RefusalReason } from '../../src/listen/http1/refusal.ts'

/** Must be refused: that status, that reason, closed, nothing behind it looked at. */
export interface RefusedPayload {
  readonly name: string
  readonly bytes: string
  readonly status: number
  readonly reason: RefusalReason
  /** Requests in front of it that are good and get their answers. Default 0. */
  readonly before?: number
}

/** Must be accepted in exactly this canonical form. */
export interface AcceptedPayload {
  readonly name: string
  readonly bytes: string
  readonly method: string
  readonly target: string
  readonly host: string | null
  /** Default `''`. */
  readonly body?: string
  /** Lines that must be among the fields, and names (lower case) that must not. */
  readonly fields?: readonly string[]
  readonly without?: readonly string[]
  /** Whether the connection closes after the answer. Default `false`. */
  readonly closes?: boolean
}

/** A refused request of one line and the fields given. */
export function refused(name: string, bytes: string, reason: RefusalReason, status: number = 400): RefusedPayload {
  return { name, bytes, reason, status }
}

export function show(bytes: string): string {
  const text = JSON.stringify(bytes).slice(1, -1)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
