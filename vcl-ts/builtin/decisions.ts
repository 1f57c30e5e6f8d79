/** The one table of what the presets decide. The built-in steps, the engine, `explain` and the reference read it. */

import type { DecisionId } from './decision-table.ts'

export type PresetName = 'safe' | 'rfc9111' | 'varnish'

export type LifetimeField =
  | 'Clearcoat-Cache-Control'
  | 'CDN-Cache-Control'
  | 'Surrogate-Control'
  | 's-maxage'
  | 'max-age'
  | 'Expires'
  | 'heuristic'
  | 'default_ttl'

/** What one preset decides, as the engine reads it. */
export interface Decisions {
  readonly preset: PresetName
  /** Where a lifetime comes from, in order. */
  readonly lifetime: readonly LifetimeField[]
  /** Seconds when nothing gives a lifetime (`default_ttl`); 0: none. */
  readonly defaultTtl: number
  /** Fields removed from what clients get, lower case. */
  readonly targetedRemoved: readonly string[]
  /** Whether an answer's Surrogate-Control can ask that its page is assembled. */
  readonly surrogateEsi: boolean
  /** `any`: every final status with explicit freshness. `varnish`: its list. */
  readonly storableStatuses: 'any' | 'varnish'
  /** Seconds of grace without `stale-while-revalidate`. */
  readonly defaultGrace: number
  /** Seconds of staleIfError without `stale-if-error`; `grace`: the same as grace. */
  readonly defaultStaleIfError: number | 'grace'
  /** Seconds that an entry with a validator is kept past its ttl. */
  readonly keepWithValidator: number
  /** ttl + max(grace, staleIfError, keep), or their sum. */
  readonly retention: 'max' | 'sum'
  /** A request with Cookie. */
  readonly cookie: 'class' | 'ignore' | 'pass'
  /** A request with Authorization. */
  readonly authorization: 'class' | 'pass'
  /** An answer with Set-Cookie. */
  readonly setCookie: 'hitForMiss' | 'store'
  /** Seconds of a hit-for-miss marker. */
  readonly uncacheableTtl: number
  /** The client's no-cache, no-store, max-age … */
  readonly clientCacheControl: 'ignore' | 'honour'
  /** Origin must be asked and cannot be reached, and nothing stale may be served. `mapped`: 502, 503 or 504 by cause. */
  readonly unreachableStatus: 'mapped' | 503
  readonly unregisteredMethod: 'refuse' | 'pass'
  readonly registeredMethod: 'pass' | 'varnish'
  /** An unsafe or unregistered method answered 2xx or 3xx invalidates target, Location, Content-Location. */
  readonly unsafeInvalidates: boolean
  /** POST with freshness and Content-Location equal to its own URL is stored for GET. */
  readonly postStored: boolean
  /** A miss with Range. */
  readonly rangeMiss: 'forward' | 'whole'
  /** A miss with HEAD. */
  readonly headMiss: 'forward' | 'get'
  /** A HEAD's answer freshens the stale GET that is stored: if a validator of both is the same, or unless anything differs. */
  readonly headFreshens: 'validated' | 'unlessOther'
  /** A plain GET completes a stored part. */
  readonly partCompletion: boolean
  /** Vary: Accept-Language. */
  readonly acceptLanguage: 'set' | 'setOrContentLanguage' | 'bytes'
  /** A close-delimited answer that ended with FIN. */
  readonly closeDelimited: 'relay' | 'store'
  /** Status for an answer with an unacceptable transfer coding. */
  readonly badCodingStatus: 502 | 503
  /** Statuses 600–998. */
  readonly oddStatus: 'fail' | 'relay' | 'store'
  /** If-Modified-Since without Last-Modified is compared with. */
  readonly imsWithoutLastModified: 'date' | 'storedAt'
  /** Varnish’s date arithmetic for Expires, status-first grace, and the like. */
  readonly varnishLifetime: boolean
  /** Whether answers carry X-Varnish: the id of the transaction, and of the fetch that stored what was hit. */
  readonly xVarnish: boolean
}

export const PRESETS: readonly PresetName[] = Object.freeze(['safe', 'rfc9111', 'varnish'])

/** Which row of `DECISIONS` explains each field. */
export const DECISION_FIELDS: Readonly<Record<Exclude<keyof Decisions, 'preset'>, DecisionId>> = Object.freeze({
  lifetime: 'lifetime',
  defaultTtl: 'lifetime',
  targetedRemoved: 'targeted',
  surrogateEsi: 'esi',
  storableStatuses: 'statuses',
  defaultGrace: 'grace',
  defaultStaleIfError: 'staleIfError',
  keepWithValidator: 'keep',
  retention: 'keep',
  cookie: 'cookie',
  authorization: 'authorization',
  setCookie: 'setCookie',
  uncacheableTtl: 'setCookie',
  clientCacheControl: 'clientCacheControl',
  unreachableStatus: 'unreachable',
  unregisteredMethod: 'unregisteredMethod',
  registeredMethod: 'registeredMethod',
  unsafeInvalidates: 'unsafeInvalidates',
  postStored: 'postStored',
  rangeMiss: 'rangeMiss',
  headMiss: 'headMiss',
  headFreshens: 'headFreshens',
  partCompletion: 'partCompletion',
  acceptLanguage: 'acceptLanguage',
  closeDelimited: 'closeDelimited',
  badCodingStatus: 'transferCoding',
  oddStatus: 'oddStatus',
  imsWithoutLastModified: 'ifModifiedSince',
  varnishLifetime: 'lifetime',
  xVarnish: 'xVarnish',
})

const SAFE: Decisions = freeze({
  preset: 'safe',
  lifetime: ['Clearcoat-Cache-Control', 'CDN-Cache-Control', 'Surrogate-Control', 's-maxage', 'max-age', 'Expires', 'heuristic'],
  defaultTtl: 0,
  targetedRemoved: ['clearcoat-cache-control', 'surrogate-control'],
  surrogateEsi: true,
  storableStatuses: 'any',
  defaultGrace: 0,
  defaultStaleIfError: 86_400,
  keepWithValidator: 3600,
  retention: 'max',
  cookie: 'class',
  authorization: 'class',
  setCookie: 'hitForMiss',
  uncacheableTtl: 120,
  clientCacheControl: 'ignore',
  unreachableStatus: 'mapped',
  unregisteredMethod: 'refuse',
  registeredMethod: 'pass',
  unsafeInvalidates: true,
  postStored: false,
  rangeMiss: 'forward',
  headMiss: 'forward',
  headFreshens: 'validated',
  partCompletion: true,
  acceptLanguage: 'set',
  closeDelimited: 'relay',
  badCodingStatus: 502,
  oddStatus: 'fail',
  imsWithoutLastModified: 'date',
  varnishLifetime: false,
  xVarnish: false,
})

const RFC9111: Decisions = freeze({
  ...SAFE,
  preset: 'rfc9111',
  lifetime: ['Clearcoat-Cache-Control', 'CDN-Cache-Control', 's-maxage', 'max-age', 'Expires', 'heuristic'],
  surrogateEsi: false,
  cookie: 'ignore',
  setCookie: 'store',
  clientCacheControl: 'honour',
  unregisteredMethod: 'pass',
  postStored: true,
  headFreshens: 'unlessOther',
  acceptLanguage: 'setOrContentLanguage',
  oddStatus: 'store',
})

const VARNISH: Decisions = freeze({
  preset: 'varnish',
  lifetime: ['s-maxage', 'max-age', 'Expires', 'default_ttl'],
  defaultTtl: 120,
  targetedRemoved: ['clearcoat-cache-control'],
  surrogateEsi: false,
  storableStatuses: 'varnish',
  defaultGrace: 10,
  defaultStaleIfError: 'grace',
  keepWithValidator: 0,
  retention: 'sum',
  cookie: 'pass',
  authorization: 'pass',
  setCookie: 'hitForMiss',
  uncacheableTtl: 120,
  clientCacheControl: 'ignore',
  unreachableStatus: 503,
  unregisteredMethod: 'refuse',
  registeredMethod: 'varnish',
  unsafeInvalidates: false,
  postStored: false,
  rangeMiss: 'whole',
  headMiss: 'get',
  headFreshens: 'validated',
  partCompletion: false,
  acceptLanguage: 'bytes',
  closeDelimited: 'store',
  badCodingStatus: 503,
  oddStatus: 'relay',
  imsWithoutLastModified: 'storedAt',
  varnishLifetime: true,
  xVarnish: true,
})

/** What a preset decides; the same frozen constant each time. */
export function decisionsFor(preset: PresetName): Decisions {
  switch (preset) {
    case 'safe':
      return SAFE
    case 'rfc9111':
      return RFC9111
    case 'varnish':
      return VARNISH
    default:
      throw new TypeError(`there is no preset ${JSON.stringify(preset satisfies never)}; there are ${PRESETS.join(', ')}`)
  }
}

function freeze(decisions: Decisions): Decisions {
  Object.freeze(decisions.lifetime)
  Object.freeze(decisions.targetedRemoved)
  return Object.freeze(decisions)
}
