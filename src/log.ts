/** What is written about a request and about the process. `log-formats.ts` makes lines of records, `log-sink.ts` puts them somewhere. */
import { pino } from 'pino'
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
  /** The version: `1.1`. */
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
  /** 0 for what a client asked for, 1 for a fragment that its page includes, 2 for what that includes. */
  readonly esiLevel: number
  /** What the policy noted, in order; a key may occur again, that of a plain text is empty. `null`: nothing. */
  readonly notes: readonly (readonly [key: string, value: string])[] | null
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

const REDACTED = ['authorization', 'cookie', 'password', 'proxy-authorization', 'set-cookie', 'token']

/** Events as JSON lines of printable ASCII: `level`, `time`, the fields, `msg`. `event` is `log` where the fields do not name one. */
export function jsonEventLog(line: (text: string) => void): EventLog {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => ({ event: 'log', ...fields }) },
      redact: { paths: REDACTED.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '***' },
    },
    { write: (text) => line(text.trimEnd().replace(/[\x7f-\uffff]/g, unicodeEscape)) },
  )
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}

/** Events as text for people at a terminal. */
export function textEventLog(line: (text: string) => void): EventLog {
  const say = (level: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    const facts = Object.entries(fields).filter(([name]) => name !== 'event' && !REDACTED.includes(name.toLowerCase()))
    const shown = facts.map(([name, value]) => `${name}=${value instanceof Error ? value.message : String(value)}`).join(' ')
    line(`${level}${message}${shown === '' ? '' : ` (${shown})`}`.replace(/[\x00-\x1f\x7f-\x9f]/g, unicodeEscape))
  }
  return {
    info: (fields, message) => say('', fields, message),
    warn: (fields, message) => say('warning: ', fields, message),
    error: (fields, message) => say('error: ', fields, message),
  }
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
