/** What an asynchronous function found, remembered: asked once for many, and answered at once while it is known. */
import { type Duration, seconds } from '../duration.ts'
import type { Maybe } from '../maybe.ts'
import { type Service, workOf } from './service.ts'

export interface MemoOptions<Arguments extends readonly unknown[], Result> {
  /** What results are remembered under; equal text is the same question. All that the answer depends on has to be in it: a user's name, too. */
  readonly key: (...given: Arguments) => string
  /** For how long a result is good. More than 0; a function says it of each result, and 0 is not remembered. */
  readonly ttl: Duration | ((result: Result) => Duration)
  /** For how long past `ttl` it is good still when the function fails. Default 0. */
  readonly staleIfError?: Duration
  /** For how long a failure is remembered where there is nothing else: so long nobody asks again, and all get that error. Default 0. */
  readonly errorTtl?: Duration
  /** Results remembered at most; those used least lately go first. Default 1000, at most 1,000,000. */
  readonly max?: number
}

/** As `memo` makes it. */
export interface Memo<Arguments extends readonly unknown[], Result> extends Service {
  readonly kind: 'memo'
  readonly max: number
  /** Seconds. */
  readonly staleIfError: number
  readonly errorTtl: number
  /** At once where it is remembered: a hook that looks at `instanceof Promise`, and awaits only then, stays synchronous. */
  readonly get: (...given: Arguments) => Maybe<Result>
  /** Forgets one result. */
  readonly forget: (...given: Arguments) => void
  readonly clear: () => void
}

/** Who remembers; lifetimes in seconds. */
export interface MemoWork {
  get(key: string, ask: () => Promise<unknown>, ttl: (result: unknown) => number): Maybe<unknown>
  forget(key: string): void
  clear(): void
}

/**
 * `memo({ key: (id: string) => id, ttl: '1m' }, async (id) => (await fetch(`…/${id}`)).json())`. Those who ask the same while the function is
 * under way wait for it together; so it is nobody's alone, and a `signal` of one of them does not belong into it. Each worker remembers for itself.
 * Throws a `TypeError` or `RangeError` for options that cannot be.
 */
export function memo<Arguments extends readonly unknown[], Result>(
  options: MemoOptions<Arguments, Result>,
  fn: (...given: Arguments) => Maybe<Result>,
): Memo<Arguments, Result> {
  const { key, ttl, staleIfError = 0, errorTtl = 0, max = 1000 } = options
  if (typeof key !== 'function' || typeof fn !== 'function') throw new TypeError('memo({ key, ttl }, fn): key and fn are functions')
  if (typeof ttl !== 'function' && !(seconds(ttl) > 0)) throw new RangeError(`memo: ttl ${String(ttl)} must be more than 0`)
  if (!Number.isInteger(max) || max < 1 || max > 1_000_000) throw new RangeError(`memo: max ${String(max)} must be from 1 to 1,000,000`)
  const ttlOf = (result: unknown): number => seconds(typeof ttl === 'function' ? ttl(result as Result) : ttl)
  const work = (): MemoWork => workOf<MemoWork>(declared)
  const declared: Memo<Arguments, Result> = Object.freeze({
    type: 'service',
    kind: 'memo',
    max,
    staleIfError: atLeastZero('staleIfError', staleIfError),
    errorTtl: atLeastZero('errorTtl', errorTtl),
    get: (...given: Arguments) => work().get(text(key(...given)), async () => fn(...given), ttlOf) as Maybe<Result>,
    forget: (...given: Arguments) => work().forget(text(key(...given))),
    clear: () => work().clear(),
  })
  return declared
}

function text(key: unknown): string {
  if (typeof key === 'string') return key
  throw new TypeError(`memo: key(…) has to be text, not ${key === null ? 'null' : typeof key}`)
}

function atLeastZero(what: string, value: Duration): number {
  const given = seconds(value)
  if (given < 0) throw new RangeError(`memo: ${what} ${String(value)} must be 0 or more`)
  return given
}
