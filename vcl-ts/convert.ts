/** Numbers and times out of text that strangers wrote, with a fallback in place of NaN (`std.integer` and its kin). */
import { type Duration, seconds } from './duration.ts'

/** Each takes what may be a text, and a fallback. */
export interface Convert {
  /** A whole number in decimal, of at most 15 digits: `integer(req.headers.get('x-limit'), 10)`. */
  readonly integer: <F>(text: string | undefined, fallback: F) => number | F
  /** A decimal number without exponent, of at most 15 digits before the point. */
  readonly real: <F>(text: string | undefined, fallback: F) => number | F
  /** Seconds of `90`, `'1.5h'` and so on; units as in `Duration`. */
  readonly duration: <F>(text: string | undefined, fallback: F) => number | F
  /** Bytes of `512`, `64K`, `10M`, `1G`, `1T`, each a power of 1024, with or without `B` behind. */
  readonly bytes: <F>(text: string | undefined, fallback: F) => number | F
  /** Seconds since the Unix epoch of an HTTP date in GMT (RFC 9110 §5.6.7, the form of today), of `2026-01-31T12:00:00Z`, or of a number of them. */
  readonly time: <F>(text: string | undefined, fallback: F) => number | F
}

const INTEGER = /^[+-]?\d{1,15}$/
const REAL = /^[+-]?\d{1,15}(?:\.\d{1,15})?$/
const BYTES = /^(\d{1,12}(?:\.\d{1,6})?)([KMGT]?)B?$/i
const SIZES: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/

/** Each answers the fallback for what is not of its form, and for `undefined`; white space around the text does not count. */
export const convert: Convert = Object.freeze({
  integer: <F>(text: string | undefined, fallback: F) => read(text, fallback, (given) => (INTEGER.test(given) ? Number(given) : null)),
  real: <F>(text: string | undefined, fallback: F) => read(text, fallback, (given) => (REAL.test(given) ? Number(given) : null)),
  duration: <F>(text: string | undefined, fallback: F) => read(text, fallback, durationOf),
  bytes: <F>(text: string | undefined, fallback: F) => read(text, fallback, bytesOf),
  time: <F>(text: string | undefined, fallback: F) => read(text, fallback, timeOf),
})

/** What is longer is none of these. */
const LONGEST = 64

function read<F>(text: string | undefined, fallback: F, parse: (given: string) => number | null): number | F {
  if (typeof text !== 'string' || text.length > LONGEST) return fallback
  return parse(text.trim()) ?? fallback
}

function durationOf(given: string): number | null {
  if (REAL.test(given)) return Number(given)
  try {
    return seconds(given as Duration)
  } catch {
    return null
  }
}

function bytesOf(given: string): number | null {
  const [, number, unit = ''] = BYTES.exec(given) ?? []
  return number === undefined ? null : Math.floor(Number(number) * (SIZES[unit.toUpperCase()] ?? 1))
}

function timeOf(given: string): number | null {
  if (REAL.test(given)) return Number(given)
  const ms = HTTP_DATE.test(given) || ISO_DATE.test(given) ? Date.parse(given) : Number.NaN
  return Number.isNaN(ms) ? null : ms / 1000
}
