/** `std.strftime`: a time in UTC, written as `strftime(3)` does in the C locale. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** `seconds` since the epoch. What is no conversion stays as it is. */
export function strftime(seconds: number, format: string): string {
  const date = new Date(seconds * 1000)
  return format.replace(/%(.)/g, (whole, letter: string) => converted(date, letter) ?? whole)
}

function converted(date: Date, letter: string): string | null {
  const again = (format: string): string => strftime(date.getTime() / 1000, format)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const [hour, weekday] = [date.getUTCHours(), date.getUTCDay()]
  switch (letter) {
    case 'a':
      return (DAYS[weekday] as string).slice(0, 3)
    case 'A':
      return DAYS[weekday] as string
    case 'b':
    case 'h':
      return (MONTHS[month] as string).slice(0, 3)
    case 'B':
      return MONTHS[month] as string
    case 'c':
      return again('%a %b %e %H:%M:%S %Y')
    case 'C':
      return padded(Math.trunc(year / 100))
    case 'd':
      return padded(day)
    case 'D':
    case 'x':
      return again('%m/%d/%y')
    case 'e':
      return String(day).padStart(2)
    case 'F':
      return again('%Y-%m-%d')
    case 'H':
      return padded(hour)
    case 'I':
      return padded(hour % 12 === 0 ? 12 : hour % 12)
    case 'j':
      return padded(Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1, 3)
    case 'm':
      return padded(month + 1)
    case 'M':
      return padded(date.getUTCMinutes())
    case 'n':
      return '\n'
    case 'p':
      return hour < 12 ? 'AM' : 'PM'
    case 'R':
      return again('%H:%M')
    case 's':
      return String(Math.floor(date.getTime() / 1000))
    case 'S':
      return padded(date.getUTCSeconds())
    case 't':
      return '\t'
    case 'T':
    case 'X':
      return again('%H:%M:%S')
    case 'u':
      return String(weekday === 0 ? 7 : weekday)
    case 'w':
      return String(weekday)
    case 'y':
      return padded(year % 100)
    case 'Y':
      return String(year)
    case 'z':
      return '+0000'
    case 'Z':
      return 'GMT'
    case '%':
      return '%'
    default:
      return null
  }
}

function padded(value: number, length: number = 2): string {
  return String(value).padStart(length, '0')
}
