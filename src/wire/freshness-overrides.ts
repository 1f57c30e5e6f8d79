/**
 * Where freshness is ours and not that of `http-cache-semantics`. The package computes the lifetime of the message that
 * `presented` shows it; the table lists every rule by which that differs from the message as it came, and why.
 */
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import { formatHttpDate } from './http-date.ts'

/** A response as freshness sees it. Times in ms since the epoch. */
export interface Message {
  readonly status: number
  readonly method: string
  /** Resolved: a targeted field's directives if one decides. */
  readonly control: CacheControl
  readonly targeted: boolean
  /** Whether a lifetime may be made up: status or `public`, and GET or HEAD. */
  readonly heuristicAllowed: boolean
  /** Wall clock at receipt. */
  readonly wall: number
  readonly date: number | null
  readonly expiresPresent: boolean
  /** `null`: absent or no HTTP-date. */
  readonly expires: number | null
  readonly lastModified: number | null
}

export const RAW_FIELDS = ['cache-control', 'pragma', 'expires', 'date', 'last-modified', 'set-cookie', 'vary'] as const
/** Field values as they came, all lines joined; `null`: absent. */
export type RawFields = Readonly<Record<(typeof RAW_FIELDS)[number], string | null>>

export interface Override {
  readonly rule: string
  readonly clause: string
  /** Whether the rule can make a difference for this message. */
  readonly applies: (message: Message, fields: RawFields) => boolean
}

const PLAIN_CACHE_CONTROL = /^[a-z-]+(?:=[0-9]{1,9})?(?:, ?[a-z-]+(?:=[0-9]{1,9})?)*$/
const UNDERSTOOD_BY_PACKAGE: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501])

export const OVERRIDES: readonly Override[] = [
  {
    rule: 'a targeted field replaces Cache-Control and Expires',
    clause: 'RFC 9213 §2.2',
    applies: (message) => message.targeted,
  },
  {
    rule: 'directive names are case-insensitive, values may be quoted, commas in quotes do not separate, a number is all digits or 0 and at most 2^31',
    clause: 'RFC 9111 §5.2, §1.2.2',
    applies: (_message, fields) => fields['cache-control'] !== null && !PLAIN_CACHE_CONTROL.test(fields['cache-control']),
  },
  {
    rule: 'the first of a repeated directive counts',
    clause: 'RFC 9111 §4.2.1',
    applies: (_message, fields) => hasDuplicate(fields['cache-control'] ?? ''),
  },
  {
    rule: 'the arithmetic does not ask whether the answer may be stored; the built-in steps do',
    clause: 'RFC 9111 §3',
    applies: ({ control }) => control.noStore || control.private || control.privateFields.length > 0,
  },
  {
    rule: 'any final status may have explicit freshness, and a made-up one where its definition allows it or with public',
    clause: 'RFC 9111 §3, §4.2.2, RFC 9110 §15.1',
    applies: ({ status }) => !UNDERSTOOD_BY_PACKAGE.has(status),
  },
  {
    rule: 'methods other than GET and HEAD have explicit freshness only',
    clause: 'RFC 9110 §9.2.3',
    applies: ({ method }) => method !== 'GET' && method !== 'HEAD',
  },
  {
    rule: 'proxy-revalidate leaves a fresh answer fresh',
    clause: 'RFC 9111 §5.2.2.8',
    applies: ({ control }) => control.proxyRevalidate,
  },
  {
    rule: 'no-cache with field names leaves the answer fresh',
    clause: 'RFC 9111 §5.2.2.4',
    applies: ({ control }) => control.noCacheFields.length > 0,
  },
  {
    rule: 'Pragma means nothing in a response',
    clause: 'RFC 9111 §5.4',
    applies: (_message, fields) => fields.pragma !== null,
  },
  {
    rule: 'immutable does not make up a lifetime',
    clause: 'RFC 8246 §2',
    applies: ({ control }) => control.immutable,
  },
  {
    rule: 'Set-Cookie does not change the lifetime; the built-in step berespCookie decides about sharing',
    clause: 'RFC 9111 §7.3',
    applies: (_message, fields) => fields['set-cookie'] !== null,
  },
  {
    rule: 'Vary: * does not change the lifetime; the built-in step berespVary decides about reuse',
    clause: 'RFC 9111 §4.1',
    applies: (_message, fields) => fields.vary !== null,
  },
  {
    rule: 'only the three formats of HTTP-date are dates',
    clause: 'RFC 9110 §5.6.7, RFC 9111 §4.2',
    applies: (_message, fields) =>
      [fields.expires, fields.date, fields['last-modified']].some((value) => value !== null && !isCanonicalDate(value)),
  },
  {
    rule: 'without a valid Date the time of receipt counts',
    clause: 'RFC 9110 §6.6.1',
    applies: ({ date }) => date === null,
  },
  {
    rule: 'a Date ahead of our clock does not lengthen a made-up lifetime',
    clause: 'RFC 9111 §4.2.2',
    applies: ({ date, wall }) => date !== null && date > wall,
  },
  {
    rule: 'no lifetime exceeds 2^31 seconds',
    clause: 'RFC 9111 §1.2.2',
    applies: ({ expires, lastModified, wall }) =>
      (expires !== null && expires - wall > 2 ** 30 * 1000) || (lastModified !== null && wall - lastModified > 2 ** 33 * 1000),
  },
]

/** Header fields of the message that the package is shown: canonical, and without what must not play a part. */
export function presented(message: Message): Record<string, string> {
  const { control, wall } = message
  const headers: Record<string, string> = {}
  const directives: string[] = []
  if (control.noCache) directives.push('no-cache')
  if (control.sMaxage !== null) directives.push(`s-maxage=${control.sMaxage}`)
  if (control.maxAge !== null) directives.push(`max-age=${control.maxAge}`)
  if (directives.length > 0) headers['cache-control'] = directives.join(', ')
  if (control.sMaxage !== null || control.maxAge !== null || control.noCache) return headers
  const date = message.date ?? wall
  if (message.expiresPresent && !message.targeted) {
    // Whole seconds, rounded so that the lifetime is never longer for it.
    headers['date'] = formatHttpDate(Math.ceil(date / 1000) * 1000)
    headers['expires'] = message.expires === null ? 'invalid' : formatHttpDate(message.expires)
  } else if (message.heuristicAllowed && message.lastModified !== null) {
    headers['date'] = formatHttpDate(Math.min(date, wall))
    headers['last-modified'] = formatHttpDate(message.lastModified)
  }
  return headers
}

function hasDuplicate(value: string): boolean {
  const names = value.split(',').map((member) => member.split('=', 1)[0]?.trim())
  return new Set(names).size < names.length
}

function isCanonicalDate(value: string): boolean {
  const time = Date.parse(value)
  return !Number.isNaN(time) && formatHttpDate(time) === value
}
