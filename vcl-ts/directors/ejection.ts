import { type Duration, seconds } from '../duration.ts'

/** When a member of a director is left out because of what it answers, as data. Envoy's outlier detection. */
export interface Ejection {
  readonly consecutive: number
  /** Seconds. */
  readonly time: number
  readonly longest: number
  readonly share: number
}

export interface EjectionOptions {
  /** So many requests in a row that failed or were answered 500–599 eject a member. Default 5. */
  readonly consecutive?: number
  /** For how long, the first time; the second time twice as long, and so on. Default 30 s. */
  readonly time?: Duration
  /** At most for so long. Default 300 s. */
  readonly longest?: Duration
  /** At most this share of the members is left out at a time, but one may always be, if another one is healthy. 0 to 1, default 0.1. */
  readonly share?: number
}

/** Throws a `TypeError` that names what is wrong. */
export function ejectionOf(options: EjectionOptions): Ejection {
  const { consecutive = 5, share = 0.1 } = options
  if (!Number.isInteger(consecutive) || consecutive < 1) throw new TypeError('ejection: consecutive must be a whole number of at least 1')
  if (!(share >= 0 && share <= 1)) throw new TypeError('ejection: share must be from 0 to 1')
  const time = seconds(options.time ?? 30)
  const longest = seconds(options.longest ?? 300)
  if (time <= 0 || longest < time) throw new TypeError('ejection: time must be above 0, and longest not below time')
  return Object.freeze({ consecutive, time, longest, share })
}
