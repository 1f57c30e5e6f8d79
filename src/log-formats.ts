/** The access log's formats: one record in, one line out, escaped and redacted whatever the record holds. */
import { REASONS } from '../vcl-ts/reason.ts'
import type { AccessRecord } from './log.ts'
import { escapeField, jsonString, redactUrl } from './log-escape.ts'

/** A line without its end. */
export type AccessFormat = (record: AccessRecord) => string

/** One JSON object; `event` tells it from the process's own events in the same stream. Times in milliseconds. */
export const json: AccessFormat = (record) =>
  `{"event":"request","time":"${isoTime(record.time)}","id":${jsonString(record.id)},"client":${jsonString(record.client)}` +
  `,"method":${jsonString(record.method)},"host":${jsonString(record.host)},"url":${jsonString(redactUrl(record.url))}` +
  `,"proto":${jsonString(`HTTP/${record.proto}`)},"status":${whole(record.status)},"bytes":${whole(record.bytes)},"bodyBytes":${whole(record.bodyBytes)}` +
  `,"duration":${thousandths(record.duration)},"firstByte":${thousandths(record.firstByte)},"outcome":"${record.outcome}"` +
  `,"reason":"${record.reason}","detail":${jsonString(record.detail)},"end":"${record.end}"` +
  `,"referer":${jsonString(redactUrl(record.referer))},"userAgent":${jsonString(record.userAgent)}${record.esiLevel > 0 ? `,"esiLevel":${whole(record.esiLevel)}` : ''}${notesOf(record)}}`

/** One member for each key, with what was noted last; a plain text is under `log`. The transaction log has them all. */
function notesOf({ notes }: AccessRecord): string {
  if (notes === null) return ''
  const last = new Map(notes.map(([key, value]) => [key === '' ? 'log' : key, value]))
  return `,"notes":{${Array.from(last, ([key, value]) => `${jsonString(key)}:${jsonString(value)}`).join(',')}}`
}

/** NCSA combined, and behind it outcome, reason, seconds and detail. */
export const combined: AccessFormat = (record) =>
  `${bare(record.client)} - - [${ncsaTime(record.time)}] "${escapeField(record.method)} ${escapeField(redactUrl(record.url))} HTTP/${escapeField(record.proto)}"` +
  ` ${whole(record.status)} ${whole(record.bodyBytes)} "${orDash(redactUrl(record.referer))}" "${orDash(record.userAgent)}"` +
  ` ${record.outcome} ${record.reason} ${thousandths(record.duration / 1000)} "${orDash(record.detail)}"`

/** For people at a terminal: `MISS 200 /shop 41ms stored ttl=60s (s-maxage)`; fragments are indented. */
export function pretty(options: { readonly color: boolean }): AccessFormat {
  return (record) => {
    const method = record.method === 'GET' ? '' : `${escapeField(record.method)} `
    const end = record.end === 'sent' ? '' : record.end === 'left' ? ' (client left)' : ' (broken off)'
    const outcome = options.color ? `\x1b[${COLORS[record.outcome]}m${record.outcome}\x1b[0m` : record.outcome
    return `${'  '.repeat(record.esiLevel)}${outcome} ${whole(record.status)} ${method}${escapeField(redactUrl(record.url))} ${shortTime(record.duration)} ${why(record)}${end}`
  }
}

const COLORS: Readonly<Record<AccessRecord['outcome'], number>> = {
  HIT: 32,
  STALE: 36,
  MISS: 33,
  PASS: 35,
  PIPE: 35,
  SYNTH: 34,
  REFUSED: 31,
  ERROR: 31,
}

/** The reason's code goes without saying where the outcome implies it or the detail names it. */
function why(record: AccessRecord): string {
  if (record.detail === '') return REASONS[record.reason]
  const implied = record.reason === 'ABSENT' || record.reason === record.outcome || record.detail.includes(record.reason)
  return implied ? escapeField(record.detail) : `${record.reason} ${escapeField(record.detail)}`
}

function shortTime(ms: number): string {
  return ms < 10 ? `${Math.round(ms * 10) / 10}ms` : `${Math.round(ms)}ms`
}

/** A field between blanks. */
function bare(text: string): string {
  return text === '' ? '-' : escapeField(text).replaceAll(' ', '\\x20')
}

function orDash(text: string): string {
  return text === '' ? '-' : escapeField(text)
}

const whole = (value: number): string => String(Math.round(value))

/** Thousandths as they are written behind a whole number: `.5`, `.043`, nothing for 0. */
const FRACTIONS: readonly string[] = Array.from({ length: 1000 }, (_, part) => String(part / 1000).slice(1))
const MOST_QUICK = 2 ** 30

/** Rounded to thousandths. Numbers that are not whole are dear to print. */
function thousandths(value: number): string {
  const all = Math.round(value * 1000)
  if (!(all >= 0 && all < MOST_QUICK)) return String(all / 1000)
  const part = all % 1000
  return String((all - part) / 1000) + (FRACTIONS[part] as string)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** In UTC, whatever the machine's zone. */
function ncsaTime(ms: number): string {
  const iso = isoTime(ms)
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}

/** Made once a second up to its point: the rest is three digits. */
let second = Number.NaN
let secondText = ''

function isoTime(ms: number): string {
  const whole = Math.trunc(ms)
  const part = ((whole % 1000) + 1000) % 1000
  if (whole - part !== second) {
    second = whole - part
    secondText = new Date(second).toISOString().slice(0, -4)
  }
  return `${secondText}${part < 10 ? '00' : part < 100 ? '0' : ''}${part}Z`
}
