/** What a policy remembers from one request to the next: values under keys, bounded in number and age. */
import { type Duration, seconds } from './duration.ts'

export interface VarsOptions {
  /** Values at most; the one that was not used for the longest goes first. Default 1,000, up to 1,000,000. */
  readonly max?: number
  /** For how long a value is there, unless it is set with another time. Default: until it has to go. */
  readonly ttl?: Duration
  /**
   * A name under which all policies of this worker have the same values, those that are loaded later included. Without one the values are this
   * policy's, and go with it. What is stored under a name outlives the code that stored it: keep it to plain data.
   */
  readonly shared?: string
}

/** Values under keys. */
export interface Vars<T> {
  /** `undefined`: there is none, or not any more. `now`, seconds since the epoch, is the hook's; default the machine's clock. */
  readonly get: (key: string, now?: number) => T | undefined
  /** `ttl` in place of the store's own. */
  readonly set: (key: string, value: T, options?: { readonly ttl?: Duration; readonly now?: number }) => void
  /** What there is, or what `make` makes, which is then stored. */
  readonly getOr: (key: string, make: () => T, options?: { readonly ttl?: Duration; readonly now?: number }) => T
  /** Whether there was one. */
  readonly delete: (key: string) => boolean
  /** Forgets all. */
  readonly clear: () => void
  /** Values, those that are too old and not yet found to be so included. */
  readonly size: () => number
}

interface Entry {
  readonly value: unknown
  /** Seconds since the epoch. */
  readonly ends: number
}

const MOST = 1_000_000
const MOST_SHARED = 100

/** Stores by name, least recently used entry first in each. */
const shared = new Map<string, Map<string, Entry>>()

/**
 * `const seen = vars<number>({ max: 10_000, ttl: '1h' })` at the top of a policy; in a hook `seen.set(client.ip, count, { now })`. Each worker has
 * its own, so they are for what may be counted or fetched several times, never for what must hold for all; `rateLimit` counts across workers.
 * For one transaction there is `state`. Throws a `RangeError` for a bound that is none, a `TypeError` for the hundred and first name.
 */
export function vars<T>({ max = 1000, ttl, shared: name }: VarsOptions = {}): Vars<T> {
  if (!Number.isInteger(max) || max < 1 || max > MOST)
    throw new RangeError(`vars(): max cannot be ${max}; give a whole number from 1 to ${MOST}`)
  const lasts = ttl === undefined ? Number.POSITIVE_INFINITY : positive(ttl)
  const entries = name === undefined ? new Map<string, Entry>() : storeOf(name)

  const get = (key: string, now = epochSeconds()): T | undefined => {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    entries.delete(key)
    if (entry.ends <= now) return undefined
    entries.set(key, entry)
    return entry.value as T
  }
  const set: Vars<T>['set'] = (key, value, { ttl: own, now = epochSeconds() } = {}) => {
    entries.delete(key)
    entries.set(key, { value, ends: now + (own === undefined ? lasts : positive(own)) })
    // A store that several policies share may have been larger.
    for (const oldest of entries.keys()) {
      if (entries.size <= max) break
      entries.delete(oldest)
    }
  }
  return Object.freeze<Vars<T>>({
    get,
    set,
    getOr(key, make, options) {
      const found = get(key, options?.now)
      if (found !== undefined) return found
      const value = make()
      set(key, value, options)
      return value
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    size: () => entries.size,
  })
}

function storeOf(name: string): Map<string, Entry> {
  let store = shared.get(name)
  if (store !== undefined) return store
  if (shared.size >= MOST_SHARED)
    throw new TypeError(`vars(): ${MOST_SHARED} shared stores are there already; names are for few stores, keys for many values`)
  shared.set(name, (store = new Map()))
  return store
}

function positive(ttl: Duration): number {
  const time = seconds(ttl)
  if (time > 0) return time
  throw new RangeError(`vars(): a value cannot be there for ${time} seconds; give more than 0`)
}

function epochSeconds(): number {
  return Date.now() / 1000
}
