/** Request preferences in a canonical form, so that what means the same is the same variant (RFC 9110 §12.4.2, §12.5.3, §12.5.4). */
import { CODINGS as CONVERTED, type Coding } from '../../vcl-ts/coding.ts'
import { splitPlain, trimOws } from './list.ts'

const CODINGS: readonly string[] = ['br', 'deflate', 'gzip', 'zstd']
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

interface Weighted {
  /** Lower case. */
  readonly name: string
  /** 0–1, or `null` when it cannot be read. */
  readonly weight: number | null
}

/** What browsers and tools send, so that a look-up does not parse it. */
const COMMON: ReadonlyMap<string, string> = new Map(
  ['gzip, deflate, br, zstd', 'gzip, deflate, br', 'gzip, deflate', 'gzip', 'br', 'br, gzip', 'identity', '*', ''].map((value) => [
    value,
    canonicalCodings(value),
  ]),
)

/**
 * The content codings a client takes: those of br, deflate, gzip, zstd that it offers with a weight above 0, sorted, joined with `", "`;
 * `identity;q=0` follows when it refuses the plain form. `*` stands for the codings not named. `''`: the plain form only, also without
 * the field: what was asked for without naming codings must not be answered with one.
 */
export function normaliseAcceptEncoding(value: string | undefined): string {
  return value === undefined ? '' : (COMMON.get(value) ?? canonicalCodings(value))
}

/** Verdicts on what clients sent, a bit for each of `CONVERTED`; few clients differ. */
const taken = new Map<string, number>()
const MOST_TEXTS = 256
const LONGEST_TEXT = 256

/**
 * Whether a client with that Accept-Encoding gets a coding: it names it, or `*`, with a weight above 0 that is not below the one it gives the
 * plain form. Without the field it does not.
 */
export function takesCoding(acceptEncoding: string | undefined, coding: Coding): boolean {
  if (acceptEncoding === undefined) return false
  let bits = taken.get(acceptEncoding)
  if (bits === undefined) {
    bits = takenBits(acceptEncoding)
    if (acceptEncoding.length <= LONGEST_TEXT) {
      if (taken.size === MOST_TEXTS) taken.clear()
      taken.set(acceptEncoding, bits)
    }
  }
  return (bits & (1 << CONVERTED.indexOf(coding))) !== 0
}

/** Language ranges with their weights, independent of order and case (RFC 9110 §12.5.4). */
export function languageSet(value: string): string {
  const members = weighted(value).map(({ name, weight }) => (weight === null ? `${name};?` : `${name};${weight}`))
  return [...new Set(members)].sort().join(',')
}

/** The only language range with the highest weight, lower case; `null` when several share it, or it is `*`. */
export function highestLanguage(value: string): string | null {
  let best = 0
  let name: string | null = null
  for (const member of weighted(value)) {
    if (member.weight === null || member.weight < best || member.weight === 0) continue
    if (member.weight > best) name = member.name
    else if (name !== member.name) name = null
    best = member.weight
  }
  return name === '*' ? null : name
}

function canonicalCodings(value: string): string {
  const offered = new Set<string>()
  const refused = new Set<string>()
  for (const { name, weight } of weighted(value)) {
    const coding = name === 'x-gzip' ? 'gzip' : name
    if (weight !== null) (weight > 0 ? offered : refused).add(coding)
  }
  const taken = CODINGS.filter((coding) => !refused.has(coding) && (offered.has(coding) || (offered.has('*') && !refused.has('*'))))
  const plainRefused = refused.has('identity') || (refused.has('*') && !offered.has('identity'))
  if (plainRefused) taken.push('identity;q=0')
  return taken.join(', ')
}

function takenBits(acceptEncoding: string): number {
  const weights = new Map<string, number>()
  for (const { name, weight } of weighted(acceptEncoding)) {
    // Named twice, the lower weight counts: nobody gets what he refused.
    const coding = name === 'x-gzip' ? 'gzip' : name
    if (weight !== null) weights.set(coding, Math.min(weight, weights.get(coding) ?? 1))
  }
  const plain = weights.get('identity') ?? 0
  let bits = 0
  for (const [place, coding] of CONVERTED.entries()) {
    const weight = weights.get(coding) ?? weights.get('*') ?? 0
    if (weight > 0 && weight >= plain) bits |= 1 << place
  }
  return bits
}

function weighted(value: string): Weighted[] {
  return splitPlain(value).map((member) => {
    const semicolon = member.indexOf(';')
    if (semicolon < 0) return { name: member.toLowerCase(), weight: 1 }
    const match = WEIGHT.exec(trimOws(member.slice(semicolon + 1)))
    return { name: trimOws(member.slice(0, semicolon)).toLowerCase(), weight: match === null ? null : Number(match[1]) }
  })
}
