/** HTTP-date (RFC 9110 §5.6.7), strictly: a date that is none of the three formats is no date, whatever `Date.parse` would make of it. */

const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ')
const LONG_WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

const IMF_FIXDATE = /^([a-z]{3}), (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i
const RFC_850 = /^([a-z]{6,9}), (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i
const ASCTIME = /^([a-z]{3}) ([a-z]{3}) (\d{2}| \d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i

/** What was read last: an origin's answers of one second have one Date, and a page its one Last-Modified. */
const READ_LAST = 4
const readTexts: string[] = Array(READ_LAST).fill('')
const readTimes: (number | null)[] = Array(READ_LAST).fill(null)
let readNext = 0

/**
 * Milliseconds since the epoch, or `null`. Letters may be of either case and the weekday need not fit the date.
 * `wall` (ms) resolves the two-digit year of the RFC 850 form: never more than 50 years ahead.
 */
export function parseHttpDate(text: string, wall: number): number | null {
  for (let at = 0; at < READ_LAST; at++) if (readTexts[at] === text && text !== '') return readTimes[at] as number | null
  const imf = IMF_FIXDATE.exec(text)
  if (imf !== null) {
    const [, weekday, day, month, year, hour, minute, second] = imf
    const time = known(WEEKDAYS, weekday) ? utc(Number(year), month, day, hour, minute, second) : null
    // Copied: the text may be a piece of a whole head, which would stay with it.
    readTexts[readNext] = Buffer.from(text, 'latin1').toString('latin1')
    readTimes[readNext] = time
    readNext = (readNext + 1) % READ_LAST
    return time
  }
  const asctime = ASCTIME.exec(text)
  if (asctime !== null) {
    const [, weekday, month, day, hour, minute, second, year] = asctime
    return known(WEEKDAYS, weekday) ? utc(Number(year), month, day, hour, minute, second) : null
  }
  const rfc850 = RFC_850.exec(text)
  if (rfc850 === null) return null
  const [, weekday, day, month, year, hour, minute, second] = rfc850
  return known(LONG_WEEKDAYS, weekday) ? utc(fullYear(Number(year), wall), month, day, hour, minute, second) : null
}

/** IMF-fixdate of milliseconds since the epoch, fractions of a second dropped. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

function known(names: readonly string[], name: string | undefined): boolean {
  return name !== undefined && names.includes(name.toLowerCase())
}

type Digits = string | undefined

function utc(year: number, monthName: Digits, dayText: Digits, hourText: Digits, minuteText: Digits, secondText: Digits): number | null {
  const month = MONTHS.indexOf((monthName ?? '').toLowerCase())
  const day = Number(dayText)
  const hour = Number(hourText)
  const minute = Number(minuteText)
  const second = Number(secondText)
  // Date.UTC takes years below 100 for 19xx; second 60 is a leap second.
  if (month < 0 || year < 100 || hour > 23 || minute > 59 || second > 60) return null
  const midnight = new Date(Date.UTC(year, month, day))
  if (midnight.getUTCDate() !== day || midnight.getUTCMonth() !== month) return null
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

function fullYear(twoDigits: number, wall: number): number {
  const now = new Date(wall).getUTCFullYear()
  const year = now - (now % 100) + twoDigits
  if (year > now + 50) return year - 100
  return year <= now - 50 ? year + 100 : year
}
