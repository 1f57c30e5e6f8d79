/**
 * How long an answer is fresh and how long it may be used beyond (RFC 9111 §4.2, RFC 5861, RFC 9213), computed once, when it arrives.
 * `http-cache-semantics` computes the lifetime from what `freshness-overrides` shows it.
 */
import CachePolicy from 'http-cache-semantics'
import type { Decisions, LifetimeField } from '../../vcl-ts/builtin/decisions.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { LifetimeSource, ResponseControl } from '../../vcl-ts/context.ts'
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import { parseAge } from './age.ts'
import { MAX_SECONDS, parseCacheControl } from './cache-control.ts'
import { type Message, presented } from './freshness-overrides.ts'
import { parseHttpDate } from './http-date.ts'
import { contentRangeState } from './range.ts'
import { controlOf } from './response-control.ts'
import { isHeuristicallyCacheable, isUnderstood } from './status.ts'
import { parseSurrogateControl, parseTargeted } from './targeted.ts'
import { varnishFreshness } from './varnish-freshness.ts'
import { parseVary } from './vary.ts'

export interface FreshnessInput {
  readonly status: number
  readonly method: string
  /** The answer's fields as received. */
  readonly headers: HeaderMap
  /** Monotonic ms when the request was sent, and when the answer's head was there. */
  readonly requestTime: number
  readonly responseTime: number
  /** Wall clock, ms since the epoch, at `responseTime`. */
  readonly wall: number
  readonly decisions: Decisions
  readonly framing: ResponseControl['framing']
  /** Bytes of the body, when known. */
  readonly bodyLength: number | null
}

/** Seconds, always finite. */
export interface Lifetime {
  /** Fresh for so long from `responseTime` on; negative when it arrived stale. With `no-cache` never positive, but under `varnish`. */
  readonly ttl: number
  readonly grace: number
  readonly staleIfError: number
  readonly keep: number
  /** Age on arrival, with fractions. */
  readonly age: number
  readonly control: ResponseControl
}

/** What decides: directives and where they came from. */
interface Resolved {
  readonly control: CacheControl
  readonly field: LifetimeSource | null
}

const ALLOWING_REQUEST = Object.freeze({ url: '/', method: 'GET', headers: {} })
/** In their order, which is that of every preset. */
const TARGETED: readonly {
  readonly field: LifetimeField
  readonly lower: string
  readonly parse: (value: string) => CacheControl | null
}[] = [
  { field: 'Clearcoat-Cache-Control', lower: 'clearcoat-cache-control', parse: parseTargeted },
  { field: 'CDN-Cache-Control', lower: 'cdn-cache-control', parse: parseTargeted },
  { field: 'Surrogate-Control', lower: 'surrogate-control', parse: parseSurrogateControl },
]
/** Fields that occur once; differing lines make the answer ambiguous. */
const SINGLETONS = new NameSet([
  'etag',
  'date',
  'expires',
  'last-modified',
  'content-type',
  'content-range',
  'content-location',
  'location',
])

export function lifetime(input: FreshnessInput): Lifetime {
  const { decisions } = input
  const resolved = resolve(input.headers, decisions)
  const message = messageOf(input, resolved)
  if (decisions.varnishLifetime) {
    const { seconds, source } = varnishFreshness(message, decisions)
    const control = responseControl(input, message, source)
    const grace = seconds >= 0 ? (resolved.control.staleWhileRevalidate ?? decisions.defaultGrace) : decisions.defaultGrace
    return finish(seconds, parseAge(input.headers), grace, grace, input, control)
  }
  const source = lifetimeSource(message, resolved, decisions)
  const control = responseControl(input, message, source)
  const grace = graceOf(resolved.control, decisions)
  return finish(
    source === 'default_ttl' ? decisions.defaultTtl : lifetimeSeconds(message, source),
    ageOnArrival(input, message),
    grace,
    staleIfErrorOf(resolved.control, grace, decisions),
    input,
    control,
  )
}

/** Seconds that the package gives for the message as `presented`. */
export function lifetimeSeconds(message: Message, source: LifetimeSource): number {
  if (source === 'none') return 0
  const headers = presented(message)
  const control = headers['date'] === undefined ? headers['cache-control'] : undefined
  if (control === undefined) return computed(headers)
  const before = lately.get(control)
  if (before !== undefined) return before
  const seconds = computed(headers)
  if (lately.size === MOST_LATELY) lately.clear()
  lately.set(control, seconds)
  return seconds
}

/** Lifetimes by Cache-Control as presented, where nothing else plays a part: a site says the same few things again and again. */
const lately = new Map<string, number>()
const MOST_LATELY = 100

function computed(headers: Record<string, string>): number {
  const policy = new CachePolicy(
    ALLOWING_REQUEST,
    { status: 200, headers },
    { shared: true, cacheHeuristic: 0.1, immutableMinTimeToLive: 0 },
  )
  return bounded(policy.maxAge())
}

/** The message as freshness sees it, with its dates parsed. */
export function messageOf(input: FreshnessInput, resolved: Resolved = resolve(input.headers, input.decisions)): Message {
  const { headers, wall } = input
  const expires = headers.joinedLower('expires')
  return {
    status: input.status,
    method: input.method,
    control: resolved.control,
    targeted: resolved.field !== null,
    heuristicAllowed:
      (isHeuristicallyCacheable(input.status) || resolved.control.public) && (input.method === 'GET' || input.method === 'HEAD'),
    wall,
    date: dateOf(headers.joinedLower('date'), wall),
    expiresPresent: expires !== undefined,
    expires: dateOf(expires, wall),
    lastModified: dateOf(headers.joinedLower('last-modified'), wall),
  }
}

function dateOf(value: string | undefined, wall: number): number | null {
  return value === undefined ? null : parseHttpDate(value, wall)
}

/** The first targeted field that can be read, else Cache-Control. */
function resolve(headers: HeaderMap, decisions: Decisions): Resolved {
  for (const { field, lower, parse } of TARGETED) {
    if (!headers.hasLower(lower) || !decisions.lifetime.includes(field)) continue
    const control = parse(headers.joinedLower(lower) ?? '')
    if (control !== null) return { control, field: field as LifetimeSource }
  }
  return { control: parseCacheControl(headers.joinedLower('cache-control')), field: null }
}

function lifetimeSource(message: Message, resolved: Resolved, decisions: Decisions): LifetimeSource {
  const { control } = message
  if (control.sMaxage !== null) return resolved.field ?? 's-maxage'
  if (control.maxAge !== null) return resolved.field ?? 'max-age'
  if (message.expiresPresent && !message.targeted && decisions.lifetime.includes('Expires')) return 'Expires'
  if (message.heuristicAllowed && message.lastModified !== null && decisions.lifetime.includes('heuristic')) return 'heuristic'
  return decisions.defaultTtl > 0 && message.heuristicAllowed && !control.noCache ? 'default_ttl' : 'none'
}

function responseControl(input: FreshnessInput, message: Message, source: LifetimeSource): ResponseControl {
  const { headers, status } = input
  const vary = parseVary(headers)
  return controlOf(message.control, {
    source,
    explicit: source !== 'none' && source !== 'heuristic' && source !== 'default_ttl',
    targeted: message.targeted,
    validator: (headers.getLower('etag') ?? '') !== '' || message.lastModified !== null,
    heuristicallyCacheable: isHeuristicallyCacheable(status) || message.control.public,
    understood: isUnderstood(status),
    vary: vary.type,
    varyCookie: vary.type === 'names' && vary.names.includes('cookie'),
    conflict: headers.differs(SINGLETONS),
    contentRange: contentRangeState(headers, status, input.bodyLength),
    framing: input.framing,
  })
}

/** RFC 9111 §4.2.3: the larger of what Date and what Age say, the time on the way counted in. */
function ageOnArrival(input: FreshnessInput, message: Message): number {
  const delay = Math.max(0, input.responseTime - input.requestTime) / 1000
  const apparent = message.date === null ? 0 : Math.max(0, input.wall - message.date) / 1000
  return Math.max(apparent, parseAge(input.headers) + delay)
}

/** Stale use without validation is forbidden by must-revalidate, its proxy form and no-cache (RFC 9111 §5.2.2.2, §5.2.2.8, §5.2.2.4). */
function forbidsStale(control: CacheControl): boolean {
  return control.mustRevalidate || control.proxyRevalidate || control.noCache
}

function graceOf(control: CacheControl, decisions: Decisions): number {
  return forbidsStale(control) ? 0 : (control.staleWhileRevalidate ?? decisions.defaultGrace)
}

/** s-maxage forbids it too (RFC 9111 §5.2.2.10), so that there only what is given explicitly counts. */
function staleIfErrorOf(control: CacheControl, grace: number, decisions: Decisions): number {
  if (forbidsStale(control)) return 0
  if (control.staleIfError !== null) return control.staleIfError
  if (decisions.defaultStaleIfError === 'grace') return grace
  return control.sMaxage === null ? decisions.defaultStaleIfError : (control.staleWhileRevalidate ?? 0)
}

function finish(
  seconds: number,
  age: number,
  grace: number,
  staleIfError: number,
  input: FreshnessInput,
  control: ResponseControl,
): Lifetime {
  const keep = control.validator ? input.decisions.keepWithValidator : 0
  return { ttl: bounded(seconds - age), grace, staleIfError, keep, age: bounded(age), control }
}

/** Finite, whatever the arithmetic met (a step of the clock, a date far off). */
function bounded(seconds: number): number {
  return Number.isNaN(seconds) ? 0 : Math.min(Math.max(seconds, -MAX_SECONDS), MAX_SECONDS)
}
