/** Units behind numbers: of times, in seconds, and of sizes, in bytes. */

export interface Unit {
  readonly kind: 'duration' | 'bytes'
  readonly factor: number
}

const DAY = 86_400

const UNITS: Readonly<Record<string, Unit>> = {
  ms: { kind: 'duration', factor: 0.001 },
  s: { kind: 'duration', factor: 1 },
  m: { kind: 'duration', factor: 60 },
  h: { kind: 'duration', factor: 3600 },
  d: { kind: 'duration', factor: DAY },
  w: { kind: 'duration', factor: 7 * DAY },
  y: { kind: 'duration', factor: 365 * DAY },
  b: { kind: 'bytes', factor: 1 },
  k: { kind: 'bytes', factor: 2 ** 10 },
  g: { kind: 'bytes', factor: 2 ** 30 },
  t: { kind: 'bytes', factor: 2 ** 40 },
  kb: { kind: 'bytes', factor: 2 ** 10 },
  mb: { kind: 'bytes', factor: 2 ** 20 },
  gb: { kind: 'bytes', factor: 2 ** 30 },
  tb: { kind: 'bytes', factor: 2 ** 40 },
}

/** The case of sizes is free, times are lower-case. */
export function unitOf(word: string): Unit | null {
  // A small m is a minute.
  const key = word === 'M' ? 'mb' : word.toLowerCase()
  const unit = Object.hasOwn(UNITS, key) ? UNITS[key] : undefined
  return unit !== undefined && (unit.kind === 'bytes' || word === key) ? unit : null
}
