/** Limits on how often something may happen, per key: token buckets that all workers share, and all nodes of a fleet. */
import type { Synth } from '../actions.ts'
import { synthetic } from '../actions.ts'
import { type Duration, seconds } from '../duration.ts'
import type { HookContext } from '../hook-context.ts'
import { networkOf } from '../network.ts'
import type { Policy } from '../policy.ts'
import { type Service, workOf } from './service.ts'

export interface RateRule {
  /** How many may come at once, and in each `period` from then on: a whole number from 1 to 1,000,000. */
  readonly limit: number
  /** In which a bucket that is empty fills again, evenly. From 0.1 s to 30 days. */
  readonly period: Duration
  /** For so long a key is denied altogether once it was denied; up to 30 days. Default 0: until there is a token again. */
  readonly block?: Duration
}

/** The numbers of a rule, in seconds. */
export interface CheckedRate {
  readonly limit: number
  readonly period: number
  readonly block: number
}

export interface RateLimitPolicyOptions {
  /** What is counted together; `null`: this request is not limited. Default: the client's address, of an IPv6 address its /64. */
  readonly key?: (context: HookContext<'recv'>) => string | null
  /** Whether answers that are not denied tell what is left, too (`RateLimit`, `RateLimit-Policy`). Default `false`. */
  readonly fields?: boolean
}

/** As `rateLimit` makes it. `rule` is for this call in place of the declared one; buckets are told apart by service, key, limit and period. */
export interface RateLimit extends Service, CheckedRate {
  readonly kind: 'rateLimit'
  /** Takes a token for a key. `true`: there is none, or the key is blocked. */
  readonly isDenied: (key: string, rule?: RateRule) => boolean
  /** Tokens that are left to a key; 0 while it is blocked. */
  readonly remaining: (key: string, rule?: RateRule) => number
  /** Seconds for which a key is blocked still; 0: it is not. */
  readonly blocked: (key: string, rule?: RateRule) => number
  /** Seconds until a key that is denied may come again; 0: it may. */
  readonly retryAfter: (key: string, rule?: RateRule) => number
  /** Gives a token back, of a request that is not to count. */
  readonly returnToken: (key: string, rule?: RateRule) => void
  /** Forgets a key, its block included. */
  readonly remove: (key: string, rule?: RateRule) => void
  /** The answer 429 to a request under that key, with `Retry-After`, `RateLimit` and `RateLimit-Policy`. */
  readonly refusal: (key: string) => Synth
  /**
   * As a policy for `stack`: answers 429 to what is denied. A client's request counts once, whatever restarts and ESI fragments it leads to.
   */
  readonly policy: (options?: RateLimitPolicyOptions) => Policy
}

/** Who counts. */
export interface RateLimitWork {
  take(key: string, rate: CheckedRate): boolean
  remaining(key: string, rate: CheckedRate): number
  blocked(key: string, rate: CheckedRate): number
  retryAfter(key: string, rate: CheckedRate): number
  giveBack(key: string, rate: CheckedRate): void
  remove(key: string, rate: CheckedRate): void
}

/**
 * A limit, `rateLimit({ limit: 100, period: '1m' })`: token buckets, as of Varnish's vsthrottle. All workers count together; a reload keeps
 * what was counted under an equal declaration of the same name. About 100,000 keys are told apart at a time; where more have used up something,
 * those that used least are forgotten first, and those that are denied never: what then finds no place is counted together.
 *
 * Nodes that share a Redis count together, too, as long as they run the same declaration under the same name: all of them let through at most a
 * fifth of the limit (of a limit below five for each other node: a token for each) more than one bucket would, at whatever moment and node it is
 * asked. To hold that, a node takes only its share of what is left, until the others have heard of it: within 0.1 s, and within a few
 * milliseconds where more is wanted. So a burst on one node of n may be cut at the nth part of the limit at first. Blocks, tokens that are given
 * back and keys that are removed are told as well. While Redis is away each node counts alone.
 *
 * Throws a `TypeError` or `RangeError` for numbers that cannot be.
 */
export function rateLimit(rule: RateRule): RateLimit {
  const declared = checkRate(rule)
  const checked = checkedOnce()
  const rate = (given: RateRule | undefined): CheckedRate => (given === undefined ? declared : checked(given))
  const work = (): RateLimitWork => workOf<RateLimitWork>(limit)
  const limit: RateLimit = Object.freeze({
    type: 'service',
    kind: 'rateLimit',
    ...declared,
    isDenied: (key: string, given?: RateRule) => !work().take(text(key), rate(given)),
    remaining: (key: string, given?: RateRule) => work().remaining(text(key), rate(given)),
    blocked: (key: string, given?: RateRule) => work().blocked(text(key), rate(given)),
    retryAfter: (key: string, given?: RateRule) => work().retryAfter(text(key), rate(given)),
    returnToken: (key: string, given?: RateRule) => work().giveBack(text(key), rate(given)),
    remove: (key: string, given?: RateRule) => work().remove(text(key), rate(given)),
    refusal: (key: string) => refusal(limit, key),
    policy: (options: RateLimitPolicyOptions = {}) => limitPolicy(limit, options),
  })
  return limit
}

const LONGEST = 30 * 86_400
const MOST = 1_000_000

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkRate(rule: RateRule): CheckedRate {
  const { limit, period, block = 0 } = rule
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new RangeError(`rateLimit: limit ${String(limit)} must be a whole number from 1 to ${MOST}`)
  const checked = { limit, period: seconds(period), block: seconds(block) }
  if (checked.period < 0.1 || checked.period > LONGEST)
    throw new RangeError(`rateLimit: period ${String(period)} must be from 0.1 seconds to 30 days`)
  if (checked.block < 0 || checked.block > LONGEST) throw new RangeError(`rateLimit: block ${String(block)} must be up to 30 days`)
  return checked
}

/** The rule of the last call, checked already: mostly all calls give the same one, written anew each time. */
function checkedOnce(): (rule: RateRule) => CheckedRate {
  let last: RateRule | null = null
  let checked: CheckedRate | null = null
  return (rule) => {
    if (checked !== null && last !== null && last.limit === rule.limit && last.period === rule.period && last.block === rule.block)
      return checked
    checked = checkRate(rule)
    last = { ...rule }
    return checked
  }
}

function text(key: string): string {
  if (typeof key === 'string') return key
  throw new TypeError(`rateLimit: a key is text, not ${key === null ? 'null' : typeof key}`)
}

function refusal(limit: RateLimit, key: string): Synth {
  const wait = String(Math.max(1, Math.ceil(limit.retryAfter(key))))
  return synthetic(429, null, null, false, undefined, [['Retry-After', wait], ...fieldsOf(limit, key), ['Cache-Control', 'no-store']])
}

/** draft-ietf-httpapi-ratelimit-headers: what is allowed, what is left of it, and the seconds until more is. */
function fieldsOf(limit: RateLimit, key: string): readonly (readonly [string, string])[] {
  const window = Math.max(1, Math.ceil(limit.period))
  const remaining = limit.remaining(key)
  const until = remaining > 0 ? Math.ceil(limit.period / limit.limit) : Math.ceil(limit.retryAfter(key))
  return [
    ['RateLimit-Policy', `"default";q=${limit.limit};w=${window}`],
    ['RateLimit', `"default";r=${remaining};t=${Math.max(1, until)}`],
  ]
}

function limitPolicy(limit: RateLimit, { key = clientKey, fields = false }: RateLimitPolicyOptions): Policy {
  const keys = new WeakMap<object, string>()
  const recv = (context: HookContext<'recv'>): Synth | undefined => {
    const { req } = context
    if (req.restarts > 0 || req.esiLevel > 0) return undefined
    const name = key(context)
    if (name === null) return undefined
    if (fields) keys.set(req, name)
    return limit.isDenied(name) ? limit.refusal(name) : undefined
  }
  const deliver = ({ req, resp }: HookContext<'deliver'>): void => {
    const name = keys.get(req)
    if (name !== undefined) for (const [field, value] of fieldsOf(limit, name)) resp.headers.set(field, value)
  }
  return Object.freeze({
    name: 'rateLimit',
    services: Object.freeze({ [`rateLimit ${limit.limit}/${limit.period}`]: limit }),
    recv,
    ...(fields ? { deliver } : {}),
  })
}

function clientKey({ client }: HookContext<'recv'>): string {
  return networkOf(client.ip)
}
