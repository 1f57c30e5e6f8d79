/** Values the suite leaves to be worked out when a message is made: dates relative to the origin's clock, locations relative to its URL. */
import type { MagicValue, Step } from './suite.ts'

const DATE_FIELDS: ReadonlySet<string> = new Set(['date', 'expires', 'last-modified', 'if-modified-since', 'if-unmodified-since'])
const LOCATION_FIELDS: ReadonlySet<string> = new Set(['location', 'content-location'])
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** What the origin says of itself in its `Server-Now` (ms since the epoch) and `Server-Base-Url` fields; absent when no origin answer is at hand. */
export interface OriginFacts {
  readonly now: number | null
  readonly url: string | null
}

export function resolveValue(name: string, value: MagicValue, step: Step, facts: OriginFacts): MagicValue {
  const field = name.toLowerCase()
  if (typeof value === 'number' && DATE_FIELDS.has(field)) {
    return httpDate((facts.now ?? Number.NaN) + value * 1000, step.rfc850date?.includes(field) === true)
  }
  if (LOCATION_FIELDS.has(field) && step.magic_locations === true) return value === '' ? String(facts.url) : `${facts.url}/${value}`
  return value
}

/** IMF-fixdate, or the obsolete RFC 850 form (RFC 9110 §5.6.7). */
function httpDate(ms: number, rfc850: boolean): string {
  const date = new Date(ms)
  const imf = date.toUTCString()
  if (!rfc850) return imf
  const [, day, month, year, time] = imf.split(' ')
  return `${WEEKDAYS[date.getUTCDay()]}, ${day}-${month}-${year?.slice(2)} ${time} GMT`
}
