/** Times as text, in UTC (`std.strftime`). */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'January February March April May June July August September October November December'.split(' ')

const two = (value: number): string => String(value).padStart(2, '0')
const dayOfYear = (date: Date): number => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1

/** The conversions of C, in its own locale. */
const CONVERSIONS: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => dayName(date).slice(0, 3),
  A: (date) => dayName(date),
  b: (date) => monthName(date).slice(0, 3),
  B: (date) => monthName(date),
  c: (date) => strftime('%a %b %e %T %Y', date.getTime() / 1000),
  C: (date) => two(Math.floor(date.getUTCFullYear() / 100)),
  d: (date) => two(date.getUTCDate()),
  D: (date) => strftime('%m/%d/%y', date.getTime() / 1000),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  F: (date) => strftime('%Y-%m-%d', date.getTime() / 1000),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 || 12),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  m: (date) => two(date.getUTCMonth() + 1),
  M: (date) => two(date.getUTCMinutes()),
  n: () => '\n',
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  R: (date) => strftime('%H:%M', date.getTime() / 1000),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getUTCSeconds()),
  t: () => '\t',
  T: (date) => strftime('%H:%M:%S', date.getTime() / 1000),
  u: (date) => String(date.getUTCDay() || 7),
  w: (date) => String(date.getUTCDay()),
  y: (date) => two(date.getUTCFullYear() % 100),
  Y: (date) => String(date.getUTCFullYear()),
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
}

/**
 * `strftime('%Y-%m-%d', now)`: seconds since the Unix epoch as C's function of that name writes them, in UTC and English. Throws a `TypeError` for a
 * conversion that is not known, a `RangeError` for a time that no calendar has.
 */
export function strftime(format: string, time: number): string {
  const date = new Date(time * 1000)
  if (Number.isNaN(date.getTime())) throw new RangeError(`strftime(): ${time} is no time`)
  return format.replace(/%(.?)/gs, (all, letter: string) => {
    const conversion = Object.hasOwn(CONVERSIONS, letter) ? CONVERSIONS[letter] : undefined
    if (conversion === undefined) throw new TypeError(`strftime(): there is no ${JSON.stringify(all)}; write %% for a percent sign`)
    return conversion(date)
  })
}

function dayName(date: Date): string {
  return DAYS[date.getUTCDay()] ?? ''
}

function monthName(date: Date): string {
  return MONTHS[date.getUTCMonth()] ?? ''
}
