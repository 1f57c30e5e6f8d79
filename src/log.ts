/** What is written about a request and about the process. */
import type { Reason } from '../vcl-ts/reason.ts'

/** One line of the access log. Strings are as received; the sink escapes and redacts. */
export interface AccessRecord {
  /** Milliseconds since the epoch, at the request's first byte. */
  readonly time: number
  readonly id: string
  readonly client: string
  readonly method: string
  readonly host: string
  readonly url: string
  readonly proto: string
  readonly status: number
  /** Bytes sent, head and body; and body alone. */
  readonly bytes: number
  readonly bodyBytes: number
  /** Milliseconds from the request to the end of the answer, and to its head. */
  readonly duration: number
  readonly firstByte: number
  readonly outcome: 'HIT' | 'MISS' | 'PASS' | 'STALE' | 'SYNTH' | 'PIPE' | 'ERROR' | 'REFUSED'
  readonly reason: Reason
  /** What happened besides: `stored ttl=60s (s-maxage)`, `not stored (SET_COOKIE)`, a failure's detail. May be empty. */
  readonly detail: string
  /** The client went away, or we broke the answer off. */
  readonly end: 'sent' | 'left' | 'aborted'
  readonly referer: string
  readonly userAgent: string
}

/** Takes access records; `null` where nothing is logged, so that it costs one comparison. */
export interface AccessLog {
  write(record: AccessRecord): void
}

/** The process's own events: warnings, policy errors, refused input. */
export interface EventLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}
