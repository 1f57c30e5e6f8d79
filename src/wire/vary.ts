/** Vary, and the part of a look-up that it asks for (RFC 9110 §12.5.5, RFC 9111 §4.1). */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { languageSet, normaliseAcceptEncoding } from './accept.ts'
import { isToken, splitPlain } from './list.ts'

export type Vary =
  | { readonly type: 'none' }
  | { readonly type: 'star' }
  | { readonly type: 'malformed' }
  | { readonly type: 'names'; readonly names: readonly string[] }

const NONE: Vary = Object.freeze({ type: 'none' })
const STAR: Vary = Object.freeze({ type: 'star' })
const MALFORMED: Vary = Object.freeze({ type: 'malformed' })
const MOST_NAMES = 16
const LONGEST_NAME = 127

/**
 * All Vary lines as one: names in lower case, sorted, each once. `star` wherever `*` is a member. `malformed`: a member that is no
 * token or has more than 127 characters, or more than 16 names; such an answer is not reused.
 */
export function parseVary(headers: HeaderMap): Vary {
  if (!headers.hasLower('vary')) return NONE
  const members = splitPlain(headers.joinedLower('vary') ?? '')
  if (members.includes('*')) return STAR
  if (members.length === 0) return NONE
  if (!members.every((member) => isToken(member) && member.length <= LONGEST_NAME)) return MALFORMED
  const names = [...new Set(members.map((member) => member.toLowerCase()))].sort()
  return names.length > MOST_NAMES ? MALFORMED : { type: 'names', names }
}

/**
 * What tells the variants of a request apart: each name with its length-prefixed value, or marked absent, which differs from empty.
 * Lines are joined and white space around commas does not count; Accept-Encoding and (unless `bytes`) Accept-Language are canonical.
 */
export function variantKey(names: readonly string[], headers: HeaderMap, mode: Decisions['acceptLanguage']): string {
  let key = ''
  for (const name of names) {
    if (!headers.hasLower(name)) {
      key += `${name};`
      continue
    }
    const value = canonical(name, headers.joinedLower(name) ?? '', mode)
    key += `${name}:${value.length}:${value}`
  }
  return key
}

function canonical(name: string, value: string, mode: Decisions['acceptLanguage']): string {
  if (name === 'accept-encoding') return normaliseAcceptEncoding(value)
  if (name === 'accept-language') return mode === 'bytes' ? value : languageSet(value)
  return value.includes(',') ? splitPlain(value).join(',') : value
}

/** What stands first in a variant: the scheme, unless a policy dropped it, and the arm of a split whose arms answer differently. */
export function variantScheme(scheme: string, arm: string): string {
  return arm === '' ? scheme : `${scheme}@${arm}`
}

/** Of any variant of a request, what its variant by no names is: what stands first. */
export function plainVariant(variant: string): string {
  return variant.split(' ', 1)[0] ?? ''
}

/** The same taken apart again; `null` for what is not there. */
export function schemeAndArm(variant: string): { readonly scheme: string | null; readonly arm: string | null } {
  const [scheme = '', arm = null] = plainVariant(variant).split('@')
  return { scheme: scheme === '' ? null : scheme, arm }
}

/**
 * The value that a request's field has in what `variantKey` made, canonical as it is compared there; `undefined` when it was absent or
 * is not one of the names. What stands before the first space is not looked at.
 */
export function variantField(variant: string, name: string): string | undefined {
  let at = variant.indexOf(' ') + 1
  while (at < variant.length) {
    const end = endOfName(variant, at)
    const found = variant.slice(at, end) === name
    if (variant[end] === ';') {
      if (found) return undefined
      at = end + 1
      continue
    }
    const colon = variant.indexOf(':', end + 1)
    if (colon < 0) return undefined
    const length = Number(variant.slice(end + 1, colon))
    if (found) return variant.slice(colon + 1, colon + 1 + length)
    at = colon + 1 + length
  }
  return undefined
}

/** A name is a token: it holds neither of them. */
function endOfName(variant: string, at: number): number {
  let end = at
  while (end < variant.length && variant[end] !== ';' && variant[end] !== ':') end++
  return end
}
