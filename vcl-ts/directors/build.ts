/** The functions that make directors. Names follow VCL's vmod_directors. Each throws a `TypeError` that names what is wrong. */
import { type Duration, seconds } from '../duration.ts'
import type {
  BackendChoice,
  ByName,
  Consistent,
  Director,
  Fallback,
  Hash,
  Keyed,
  LeastConnections,
  Random,
  RoundRobin,
  Sticky,
} from './director.ts'
import { type Ejection, type EjectionOptions, ejectionOf } from './ejection.ts'
import { checkedKeyBy, type KeyBy } from './key-by.ts'

/** What every director takes. */
export interface DirectorOptions {
  /** Watches members by what they answer, and leaves out for a while what fails again and again. Default: on; `false`: off. */
  readonly ejection?: EjectionOptions | false
  /**
   * While a smaller share of the members than this is healthy, all are taken for healthy that no operator called sick: probes that are wrong
   * then cost less than no answer. 0 to 1, default 0: never.
   */
  readonly panic?: number
  /** A member that was sick comes back to its full share over this time. Default 0: at once. */
  readonly rampup?: Duration
  /**
   * When a member fails before anything was answered, or answers 500, 502, 503 or 504, a request that may be sent again is sent once more, to
   * another member, within the retry budget. Default `true`.
   */
  readonly retry?: boolean
}

/** Of `random` and `leastConnections`. */
export interface WeightedOptions extends DirectorOptions {
  /** Of the members, in their order; above 0. Default 1 each. */
  readonly weights?: readonly number[]
}

/** Of `hash` and `sticky`. */
export interface KeyOptions extends WeightedOptions {
  /** Default `hash` (all that makes the cache key); `identity` for `sticky`. */
  readonly by?: KeyBy
}

export interface ConsistentOptions extends KeyOptions {
  /** Places of a member of weight 1 on the ring. Default 67. */
  readonly replicas?: number
  /** Takes the member so many places behind the first: for a second copy, or a retry. Default 0. */
  readonly alt?: number
  /** The share of requests, 0 to 1, that go to the next member, so that it is warm when it has to take over. Default 0. */
  readonly warmup?: number
}

export interface FallbackOptions extends DirectorOptions {
  /** Who took over goes on after the ones before it have recovered, until it fails itself. Default `false`. */
  readonly sticky?: boolean
}

export interface ByNameOptions extends DirectorOptions {
  /** Where the name is, such as `{ header: 'x-region' }`. */
  readonly by: KeyBy
  /** For a name that no member has. Default: none, which is a 503. */
  readonly otherwise?: BackendChoice
}

/** One after the other. */
export function roundRobin(members: readonly BackendChoice[], options: DirectorOptions = {}): RoundRobin {
  return Object.freeze({ ...shared(members, null, options), kind: 'roundRobin' })
}

/** By chance, in proportion to the weights. */
export function random(members: readonly BackendChoice[], options: WeightedOptions = {}): Random {
  return Object.freeze({ ...weighted(members, null, options), kind: 'random' })
}

/** Whichever has the fewest requests under way for its weight. */
export function leastConnections(members: readonly BackendChoice[], options: WeightedOptions = {}): LeastConnections {
  return Object.freeze({ ...weighted(members, null, options), kind: 'leastConnections' })
}

/** The first that is healthy. */
export function fallback(members: readonly BackendChoice[], options: FallbackOptions = {}): Fallback {
  return Object.freeze({ ...shared(members, null, options), kind: 'fallback', sticky: options.sticky ?? false })
}

/** The same key goes to the same member, as long as the same members are healthy; a change of those moves most keys. */
export function hash(members: readonly BackendChoice[], options: KeyOptions = {}): Hash {
  return Object.freeze({ ...weighted(members, null, options), kind: 'hash', by: checkedKeyBy(options.by ?? 'hash') })
}

/** As `hash`, over a ring: a member that comes or goes moves only the keys that it takes or had. VCL's `shard`. */
export function consistent(members: readonly BackendChoice[], options: ConsistentOptions = {}): Consistent {
  const { replicas = 67, alt = 0, warmup = 0 } = options
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 10_000)
    throw new TypeError('replicas must be a whole number from 1 to 10000')
  if (!Number.isInteger(alt) || alt < 0) throw new TypeError('alt must be a whole number of at least 0')
  if (!(warmup >= 0 && warmup < 1)) throw new TypeError('warmup must be a share from 0 to below 1')
  const by = checkedKeyBy(options.by ?? 'hash')
  return Object.freeze({ ...weighted(members, null, options), kind: 'consistent', by, replicas, alt, warmup })
}

/**
 * The same client goes to the same member: by cookie, header or `client.identity`. Nothing is remembered, so that every worker and node
 * chooses alike. Given by their names, a key that is a member's name is that member's: what the application sets as a cookie.
 */
export function sticky(members: readonly BackendChoice[] | Readonly<Record<string, BackendChoice>>, options: KeyOptions = {}): Sticky {
  const [choices, names] = named(members)
  return Object.freeze({ ...weighted(choices, names, options), kind: 'sticky', by: checkedKeyBy(options.by ?? 'identity') })
}

/** The member whose name the key is. VCL's `lookup`. */
export function byName(members: Readonly<Record<string, BackendChoice>>, options: ByNameOptions): ByName {
  const [choices, names] = named(members)
  if (options?.by === undefined) throw new TypeError("byName needs to know where the name is: { by: { header: 'x-region' } }")
  const otherwise = options.otherwise ?? null
  if (otherwise !== null) checkChoice(otherwise, 'otherwise')
  return Object.freeze({ ...shared(choices, names, options), kind: 'byName', by: checkedKeyBy(options.by), otherwise })
}

/** The director, choosing by this key in place of its `by`: `req.backend = withKey(shards, state.tenant)`. */
export function withKey(director: Director, key: string): Keyed {
  if (director?.type !== 'director') throw new TypeError('withKey() takes a director and a key')
  return Object.freeze({ type: 'director', kind: 'keyed', of: director, key: String(key) })
}

type Shared = Omit<RoundRobin, 'kind'>

export function shared(members: readonly BackendChoice[], names: readonly string[] | null, options: DirectorOptions): Shared {
  if (!Array.isArray(members)) throw new TypeError('a director takes a list of backends and directors: roundRobin([a, b])')
  for (const [index, member] of members.entries()) checkChoice(member, names?.[index] ?? `member ${index}`)
  const { panic = 0, retry = true } = options
  if (!(panic >= 0 && panic <= 1)) throw new TypeError('panic must be a share from 0 to 1')
  const rampup = seconds(options.rampup ?? 0)
  if (rampup < 0) throw new TypeError('rampup must not be negative')
  return { type: 'director', members: Object.freeze([...members]), names, ejection: ejected(options.ejection), panic, rampup, retry }
}

export function weighted(
  members: readonly BackendChoice[],
  names: readonly string[] | null,
  options: WeightedOptions,
): Shared & { readonly weights: readonly number[] } {
  const weights = options.weights ?? members.map(() => 1)
  if (weights.length !== members.length) throw new TypeError(`there are ${members.length} members, but ${weights.length} weights`)
  for (const weight of weights) if (!(weight > 0 && Number.isFinite(weight))) throw new TypeError('weights must be above 0')
  return { ...shared(members, names, options), weights: Object.freeze([...weights]) }
}

function ejected(options: EjectionOptions | false | undefined): Ejection | null {
  return options === false ? null : ejectionOf(options ?? {})
}

function named(
  members: readonly BackendChoice[] | Readonly<Record<string, BackendChoice>>,
): readonly [choices: readonly BackendChoice[], names: readonly string[] | null] {
  if (Array.isArray(members)) return [members, null]
  return [Object.values(members), Object.freeze(Object.keys(members))]
}

function checkChoice(value: unknown, name: string): void {
  const type = typeof value === 'object' && value !== null ? (value as BackendChoice).type : null
  if (type !== 'backend' && type !== 'director')
    throw new TypeError(`${name} is neither a backend nor a director; make it with backend('http://host:port')`)
}
