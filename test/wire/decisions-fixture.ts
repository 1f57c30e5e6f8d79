/** Decisions as the three presets have them, for tests of the rules that read them. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'

export const safe: Decisions = {
  preset: 'safe',
  lifetime: ['Clearcoat-Cache-Control', 'CDN-Cache-Control', 'Surrogate-Control', 's-maxage', 'max-age', 'Expires', 'heuristic'],
  defaultTtl: 0,
  targetedRemoved: ['clearcoat-cache-control', 'surrogate-control'],
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
  partCompletion: true,
  acceptLanguage: 'set',
  closeDelimited: 'relay',
  badCodingStatus: 502,
  oddStatus: 'fail',
  imsWithoutLastModified: 'date',
  varnishLifetime: false,
}

export const rfc9111: Decisions = {
  ...safe,
  preset: 'rfc9111',
  lifetime: ['Clearcoat-Cache-Control', 'CDN-Cache-Control', 's-maxage', 'max-age', 'Expires', 'heuristic'],
}

export const varnish: Decisions = {
  ...safe,
  preset: 'varnish',
  lifetime: ['s-maxage', 'max-age', 'Expires', 'default_ttl'],
  defaultTtl: 120,
  storableStatuses: 'varnish',
  defaultGrace: 10,
  defaultStaleIfError: 'grace',
  keepWithValidator: 0,
  acceptLanguage: 'bytes',
  varnishLifetime: true,
}
