/** Seconds as a number, or a number with a unit: `'500ms' '30s' '5m' '1h' '7d' '2w' '1y'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'y'}`

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }
const PATTERN = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)$/

/** Seconds of a duration. Throws a `TypeError` for anything else, NaN and infinity included. */
export function seconds(value: Duration): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const match = typeof value === 'string' ? PATTERN.exec(value) : null
  if (match === null)
    throw new TypeError(`${JSON.stringify(value)} is not a duration: give seconds as a number, or text such as '90s', '5m', '1h', '7d'`)
  return Number(match[1]) * (UNITS[match[2] as string] as number)
}

/** Seconds of so many minutes. */
export const minutes = (count: number): number => count * 60
/** Seconds of so many hours. */
export const hours = (count: number): number => count * 3600
/** Seconds of so many days. */
export const days = (count: number): number => count * 86_400
