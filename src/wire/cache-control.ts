/**
 * Parsing of Cache-Control (RFC 9111 §5.2). What restricts (`private`, `no-store`, `no-cache`) is read in the most restrictive way
 * that the text allows; what permits counts only when it is well formed. Never throws.
 */
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { isToken, splitPlain, splitQuoted } from './list.ts'

/** Largest delta-seconds that is told apart (RFC 9111 §1.2.2). */
export const MAX_SECONDS: number = 2 ** 31

export type Directives = { -readonly [K in keyof CacheControl]: CacheControl[K] }
type NumberDirective = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError' | 'minFresh'
type RestrictingFlag = 'mustRevalidate' | 'proxyRevalidate' | 'noTransform' | 'onlyIfCached'
type PermittingFlag = 'public' | 'immutable' | 'mustUnderstand'

const NO_FIELDS: readonly string[] = Object.freeze([])

/** No directive at all. */
export const EMPTY: CacheControl = Object.freeze(noDirectives())
const NO_CACHE: CacheControl = Object.freeze({ ...EMPTY, noCache: true })

const MEMBER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)"))?$/s
const ASSIGNED_NAME = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=/
const RESTRICTING_WORD = /(?<![!#$%&'*+\-.^_`|~0-9A-Za-z])(?:private|no-store|no-cache)(?![!#$%&'*+\-.^_`|~0-9A-Za-z])/gi
const DIGITS = /^[0-9]+$/

/** Several lines of Cache-Control become one, in their order: a reader of the first has them all (Varnish does so before any hook). */
export function joinCacheControl(headers: HeaderMap): void {
  const first = headers.getLower('cache-control')
  if (first === undefined) return
  const all = headers.joinedLower('cache-control') ?? first
  if (all !== first) headers.setRaw('Cache-Control', 'cache-control', all)
}

const NUMBERS: ReadonlyMap<string, NumberDirective> = new Map([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
  ['min-fresh', 'minFresh'],
])
const RESTRICTING: ReadonlyMap<string, RestrictingFlag> = new Map([
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['no-transform', 'noTransform'],
  ['only-if-cached', 'onlyIfCached'],
])
const PERMITTING: ReadonlyMap<string, PermittingFlag> = new Map([
  ['public', 'public'],
  ['immutable', 'immutable'],
  ['must-understand', 'mustUnderstand'],
])

/** A fresh set of directives, all absent. */
export function noDirectives(): Directives {
  return {
    noStore: false,
    noCache: false,
    noCacheFields: NO_FIELDS,
    private: false,
    privateFields: NO_FIELDS,
    public: false,
    maxAge: null,
    sMaxage: null,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    staleWhileRevalidate: null,
    staleIfError: null,
    onlyIfCached: false,
    maxStale: null,
    minFresh: null,
  }
}

/**
 * Directives of all Cache-Control lines joined with a comma; `undefined` is no field. Names are case-insensitive, the first of a
 * repeated number counts, a number that is not all digits is 0 and one beyond 2^31 is 2^31.
 */
export function parseCacheControl(value: string | undefined): CacheControl {
  if (value === undefined) return EMPTY
  const before = read.get(value)
  if (before !== undefined) return before
  const control = Object.freeze(parsed(value))
  if (value.length <= LONGEST_READ) {
    if (read.size === MOST_READ) read.clear()
    // Copied: the value may be a piece of a whole head, which would stay with it.
    read.set(Buffer.from(value, 'latin1').toString('latin1'), control)
  }
  return control
}

/** What was read lately: a site says the same few things again and again. */
const read = new Map<string, CacheControl>()
const MOST_READ = 100
const LONGEST_READ = 100

function parsed(value: string): CacheControl {
  const found = noDirectives()
  for (const member of splitQuoted(value)) {
    const match = MEMBER.exec(member)
    if (match === null) applyMalformed(found, member)
    else applyDirective(found, (match[1] ?? '').toLowerCase(), match[2] ?? null, match[3] ?? null)
  }
  return found
}

/** What browsers send when somebody reloads: nearly all that requests ever say. */
const RELOADS: readonly string[] = ['max-age=0', 'no-cache']
const RELOAD_CONTROLS: readonly CacheControl[] = RELOADS.map(parseCacheControl)

/** A request's Cache-Control; without one, `Pragma: no-cache` counts as `no-cache` (RFC 9111 §5.4). */
export function requestCacheControl(headers: HeaderMap): CacheControl {
  const value = headers.joinedLower('cache-control')
  if (value !== undefined) return RELOAD_CONTROLS[RELOADS.indexOf(value)] ?? parseCacheControl(value)
  if (!headers.hasLower('pragma')) return EMPTY
  const pragma = splitQuoted(headers.joinedLower('pragma') ?? '')
  return pragma.some((member) => member.toLowerCase() === 'no-cache') ? NO_CACHE : EMPTY
}

/** Seconds of a delta-seconds (RFC 9111 §1.2.2): 0 when unreadable, at most 2^31. */
export function deltaSeconds(text: string | null): number {
  return text !== null && DIGITS.test(text) ? Math.min(Number(text), MAX_SECONDS) : 0
}

/** Enters one directive. `token` and `quoted` are the two forms of its argument; a quoted one is given without its quotes. */
export function applyDirective(found: Directives, name: string, token: string | null, quoted: string | null): void {
  const number = NUMBERS.get(name)
  if (number !== undefined) {
    found[number] ??= deltaSeconds(token ?? quoted)
    return
  }
  if (name === 'no-store') found.noStore = true
  else if (name === 'private' || name === 'no-cache') applyQualified(found, name, token === null ? quoted : '')
  else if (name === 'max-stale')
    found.maxStale ??= token === null && quoted === null ? Number.POSITIVE_INFINITY : deltaSeconds(token ?? quoted)
  else {
    const restricting = RESTRICTING.get(name)
    if (restricting !== undefined) found[restricting] = true
    const permitting = PERMITTING.get(name)
    if (permitting !== undefined && token === null && quoted === null) found[permitting] = true
  }
}

/** `private` and `no-cache`; field names that cannot be read make the directive unqualified, which restricts more. */
function applyQualified(found: Directives, name: 'private' | 'no-cache', list: string | null): void {
  const fields = list === null ? [] : splitPlain(list)
  const qualified = fields.length > 0 && fields.every(isToken)
  const lower = fields.map((field) => field.toLowerCase())
  if (name === 'private') {
    if (qualified) found.privateFields = [...found.privateFields, ...lower]
    else found.private = true
  } else if (qualified) found.noCacheFields = [...found.noCacheFields, ...lower]
  else found.noCache = true
}

/** A member that is no directive: it permits nothing, but a restricting word in it is taken at its word. */
function applyMalformed(found: Directives, member: string): void {
  const name = ASSIGNED_NAME.exec(member)?.[1]?.toLowerCase()
  if (name !== undefined && NUMBERS.has(name)) applyDirective(found, name, null, null)
  for (const [word] of member.matchAll(RESTRICTING_WORD)) applyDirective(found, word.toLowerCase(), null, null)
}
