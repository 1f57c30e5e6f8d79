import type { HeaderMap } from '../headers.ts'
import { type KeyOptions, weighted } from './build.ts'
import type { BackendChoice, Split } from './director.ts'
import { checkedKeyBy, hash32, type KeyBy, keyOf } from './key-by.ts'

export interface SplitOptions extends Omit<KeyOptions, 'weights' | 'by'> {
  /** What a client is known by. Default `identity`. */
  readonly by?: Exclude<KeyBy, 'hash'>
  /**
   * Whether the arms answer differently, so that what one answers is stored for its own clients alone. `false` where they answer the same (a
   * new machine, a new version of the same pages): then all arms share what is stored. Default `true`.
   */
  readonly keyed?: boolean
}

/** One arm: where it goes, and its weight. */
export type Arm = readonly [to: BackendChoice, weight: number]

const NAME = /^[\w-]{1,32}$/

/**
 * Divides clients among arms, for a canary or an A/B test. A client stays with its arm: by cookie, header or `client.identity` (default, the
 * address). A cookie or header that is an arm's name chooses that arm; any other value, and a request without it, is told apart by its hash.
 * Nothing is remembered: every worker and node chooses alike, and changed weights move only the clients that they must.
 */
export function split(arms: Readonly<Record<string, BackendChoice | Arm>>, options: SplitOptions = {}): Split {
  const names = Object.keys(arms)
  if (names.length === 0) throw new TypeError('split() needs at least one arm')
  for (const name of names)
    if (!NAME.test(name)) throw new TypeError(`the arm ${JSON.stringify(name)} needs a name of up to 32 letters, digits, _ and -`)
  // The arm is part of what tells stored answers apart, and so cannot be chosen by it.
  if ((options.by as KeyBy) === 'hash') throw new TypeError("split() cannot go by 'hash'")
  const pairs = Object.values(arms).map((arm): Arm => (isArm(arm) ? arm : [arm, 1]))
  const weights = pairs.map(([, weight]) => weight)
  const members = pairs.map(([to]) => to)
  return Object.freeze({
    ...weighted(members, Object.freeze(names), { ...options, weights }),
    kind: 'split',
    names,
    by: checkedKeyBy(options.by ?? 'identity'),
    keyed: options.keyed ?? true,
  })
}

/** The number of the arm that a key belongs to. */
export function armIndex({ names, weights, by }: Split, key: string): number {
  const given = typeof by === 'object' ? names.indexOf(key) : -1
  if (given >= 0) return given
  let left = (hash32(`arm ${key}`) / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return index
  }
  return weights.length - 1
}

/** A client's request, as hooks have it. */
export interface ArmSource {
  readonly req: { readonly url: string; readonly headers: HeaderMap }
  readonly client: { readonly identity: string }
}

/** The name of the arm that a client's request belongs to, for a hook that sets a cookie or a header by it. */
export function armOf(split: Split, { req, client }: ArmSource): string {
  const header = (name: string): string | undefined => req.headers.joined(name)
  return split.names[armIndex(split, keyOf(split.by, { url: req.url, hash: '', identity: client.identity, header }))] ?? ''
}

function isArm(arm: BackendChoice | Arm): arm is Arm {
  return Array.isArray(arm)
}
