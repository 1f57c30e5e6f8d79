/** Cache-control fields for one kind of cache: RFC 9213 (`CDN-Cache-Control` and kin) and Surrogate-Control (Edge Architecture 1.0). */
import { type BareItem, type Dictionary, type InnerList, type Item, parseDictionary } from 'structured-headers'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import { applyDirective, type Directives, deltaSeconds, noDirectives } from './cache-control.ts'
import { splitQuoted, trimOws } from './list.ts'

const BOOLEANS: ReadonlySet<string> = new Set([
  'no-store',
  'no-cache',
  'private',
  'public',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
  'no-transform',
  'immutable',
])
const RESTRICTING: ReadonlySet<string> = new Set(['no-store', 'no-cache', 'private', 'must-revalidate', 'proxy-revalidate'])
const NUMBERS: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])
const SURROGATE_MAX_AGE = /^([0-9]+)(?:\+([0-9]+))?$/

/**
 * A targeted field (RFC 9213 §2.1), all lines joined. `null` when it is no Structured Fields Dictionary, is empty, or holds nothing
 * that this cache knows: then the next field in order counts. A number of the wrong type is ignored; a restricting directive of the
 * wrong type still restricts.
 */
export function parseTargeted(value: string): CacheControl | null {
  let dictionary: Dictionary
  try {
    dictionary = parseDictionary(value)
  } catch {
    return null
  }
  const found = noDirectives()
  let known = false
  for (const [name, member] of dictionary) known = applyMember(found, name, member) || known
  return known ? found : null
}

/**
 * Surrogate-Control, all lines joined. `max-age=60+30`: 30 more seconds of `stale-while-revalidate`. `content` and the target names
 * behind `;` are ignored. `null` when it holds nothing that this cache knows.
 */
export function parseSurrogateControl(value: string): CacheControl | null {
  const found = noDirectives()
  let known = false
  for (const member of splitQuoted(value)) {
    const [directive = ''] = member.split(';', 1)
    const equals = directive.indexOf('=')
    const name = trimOws(equals < 0 ? directive : directive.slice(0, equals)).toLowerCase()
    if (name === 'max-age' && equals >= 0) {
      applySurrogateMaxAge(found, trimOws(directive.slice(equals + 1)))
      known = true
    } else if (RESTRICTING.has(name)) {
      applyDirective(found, name, null, null)
      known = true
    }
  }
  return known ? found : null
}

/** Whether a Surrogate-Control, all lines joined, asks for Edge Side Includes: `content="ESI/1.0"`. The target names behind `;` are ignored. */
export function asksForEsi(value: string): boolean {
  for (const member of splitQuoted(value)) {
    const equals = member.indexOf('=')
    if (equals < 0 || trimOws(member.slice(0, equals)).toLowerCase() !== 'content') continue
    const [, content = ''] = member.slice(equals + 1).split('"', 2)
    if (content.split(/[ \t]+/).some((capability) => capability.toUpperCase() === 'ESI/1.0')) return true
  }
  return false
}

function applyMember(found: Directives, name: string, member: Item | InnerList): boolean {
  const [value] = member
  if (NUMBERS.has(name)) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return false
    applyDirective(found, name, String(value), null)
    return true
  }
  if (!BOOLEANS.has(name) || value === false) return false
  if (value !== true && !RESTRICTING.has(name)) return false
  applyDirective(found, name, null, value === true ? null : fieldList(value))
  return true
}

/** Field names of a qualified directive, as a string or an inner list; `''`, which reads as unqualified, for anything else. */
function fieldList(value: BareItem | Item[]): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  const names = value.map(([item]) => (typeof item === 'string' ? item : null))
  return names.includes(null) ? '' : names.join(',')
}

function applySurrogateMaxAge(found: Directives, value: string): void {
  if (found.maxAge !== null) return
  const match = SURROGATE_MAX_AGE.exec(value)
  found.maxAge = deltaSeconds(match?.[1] ?? null)
  if (match?.[2] !== undefined) found.staleWhileRevalidate = deltaSeconds(match[2])
}
