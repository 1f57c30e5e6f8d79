/** What would make the request a HIT: one sentence for each thing that stands in the way. */
import { isAnalyticsCookie } from '../../../vcl-ts/builtin/analytics-cookies.ts'
import type { Decisions } from '../../../vcl-ts/builtin/decisions.ts'
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import { REASONS, type Reason } from '../../../vcl-ts/reason.ts'
import type { ExplainedClass, ExplainedDecision, ExplainedVariant, Fetched, StoredUnderKey, Verdict } from '../explanation.ts'
import { shortPlace } from './verdict.ts'

export interface AdviceInput {
  readonly verdict: Verdict
  readonly decisions: readonly ExplainedDecision[]
  readonly table: Decisions
  readonly request: { readonly method: string; readonly headers: HeaderMap; readonly fetch: boolean }
  readonly class: ExplainedClass
  readonly variant: ExplainedVariant
  readonly stored: StoredUnderKey
  readonly fetched: Fetched | null
  /** Fields of the origin's answer, as the policy left them. */
  readonly answered: HeaderMap | null
}

type Advice = (input: AdviceInput) => readonly string[]

export function adviceFor(input: AdviceInput): readonly string[] {
  const { verdict, fetched } = input
  const first = BY_KIND[verdict.kind](input)
  return fetched === null ? first : [...first, ...(fetched.stored ? [nextIsHit(fetched)] : whyNotStored(fetched.why, input))]
}

const NONE: Advice = () => []

const BY_KIND: Readonly<Record<Verdict['kind'], Advice>> = {
  HIT: NONE,
  GRACE: () => ['It is answered from memory already; a longer s-maxage or max-age keeps it fresh for longer.'],
  STALE: () => ['It is answered from memory because the origin fails; the first fetch that succeeds makes it fresh.'],
  MISS: (input) => [...whyMissed(input), ...(input.fetched === null ? beforeFetch(input) : [])],
  WAIT: () => ['A fetch is under way: what it brings answers this request, if it may be shared, and the next one is a hit.'],
  PASS: (input) => whyPassed(input),
  HIT_FOR_MISS: (input) => [
    `The last answer could not be shared: for ${markerLeft(input)} s more no request waits for another. The first answer that can be shared ends that.`,
    ...(input.fetched === null ? ['With fetch you see why the answer cannot be shared.'] : []),
  ],
  HIT_FOR_PASS: (input) => [
    `A backendResponse answered hitForPass: for ${markerLeft(input)} s more every request passes. Leave that out there, or purge the URL to end it now.`,
  ],
  SYNTH: (input) => [...decided(input, 'synth'), ...decided(input, 'purge')].slice(-1),
  PIPE: () => ['A tunnel is never stored; without Upgrade the request is looked up.'],
  ERROR: (input) => whyFailed(input),
}

function whyMissed(input: AdviceInput): readonly string[] {
  const { verdict, stored, table, request } = input
  switch (verdict.reason) {
    case 'ABSENT':
      return ['Nothing is stored yet: the first request fetches it, and if its answer may be stored the next one is a hit.']
    case 'VARY':
      return stored.variants.flatMap((each) => differences(each, input.variant))
    case 'EXPIRED':
      return expired(stored)
    case 'NO_CACHE':
      return [
        'The stored answer says no-cache, or has no lifetime: it is validated on each use. With s-maxage or max-age it would be a hit.',
      ]
    case 'CLIENT_NO_CACHE':
      return [
        `The request's own Cache-Control asks for a new copy, and ${table.clientCacheControl === 'honour' ? `preset ${table.preset} honours it` : 'its client may refresh'}: leave it out.`,
      ]
    case 'FORCED':
      return ['The policy set req.hashAlwaysMiss: without it what is stored is used.']
    case 'PARTIAL':
    case 'RANGE':
      return [
        request.headers.has('range')
          ? 'The range that it asks for is not stored: a request without Range fetches the whole, and ranges are served from that.'
          : 'Only a part is stored: this request fetches the rest, and the next one is a hit.',
      ]
    default:
      return [`${REASONS[verdict.reason]}.`]
  }
}

/** What can be told before the origin has answered. */
function beforeFetch({ request, class: who, table }: AdviceInput): readonly string[] {
  const advice: string[] = []
  if (request.method === 'HEAD' && table.headMiss === 'forward')
    advice.push('A HEAD is forwarded as HEAD and stores nothing: a GET does, and answers later HEADs.')
  if (who.name === 'credentialed' && (table.cookie === 'class' || who.authorization)) advice.push(shareable(who))
  advice.push('With fetch you see what the origin answers and whether that may be stored.')
  return advice
}

function shareable(who: ExplainedClass): string {
  if (who.authorization)
    return 'The request carries Authorization: what it fetches serves others only with Cache-Control public, s-maxage or must-revalidate (RFC 9111 §3.5).'
  const names = who.cookies.filter(({ name }) => !isAnalyticsCookie(name)).map(({ name }) => name)
  const cookies = names.length === 0 ? 'a cookie' : `the cookie${names.length > 1 ? 's' : ''} ${names.join(', ')}`
  return `The request carries ${cookies}: what it fetches serves others only with Cache-Control public or s-maxage, or Vary: Cookie. Or remove what the origin does not answer by in recv: cookies.keep(req.headers, …).`
}

function differences(stored: StoredUnderKey['variants'][number], request: ExplainedVariant): readonly string[] {
  if (stored.selected || (stored.object === null && stored.arriving === null)) return []
  const told = stored.vary.flatMap(({ name, value }) => {
    const own = request.vary.find((each) => each.name === name)
    return own === undefined || own.value === value ? [] : [`${name} ${shown(value)}, this request ${shown(own.value)}`]
  })
  if (stored.arm !== request.arm) told.unshift(`arm ${shown(stored.arm)}, this request ${shown(request.arm)}`)
  if (stored.scheme !== request.scheme) told.unshift(`scheme ${shown(stored.scheme)}, this request ${shown(request.scheme)}`)
  return told.length === 0 ? [] : [`A stored variant has ${told.join('; ')}.`]
}

function shown(value: string | null): string {
  return value === null ? 'none' : value === '' ? 'an empty one' : value
}

function expired({ variants }: StoredUnderKey): readonly string[] {
  const object = variants.find(({ selected }) => selected)?.object ?? null
  if (object === null) return ['What is stored is stale: a longer s-maxage or max-age keeps it fresh for longer.']
  const since = Math.ceil(-object.left)
  return [
    `The stored object is stale since ${since} s (its ttl was ${object.ttl} s): a longer s-maxage or max-age keeps it fresh; stale-while-revalidate, or beresp.grace in backendResponse, serves it while one fetch refreshes it.`,
  ]
}

function whyPassed(input: AdviceInput): readonly string[] {
  const { verdict, table, request } = input
  switch (verdict.reason) {
    case 'METHOD':
      return [`Only GET and HEAD are looked up; this is ${request.method}.`]
    case 'REQUEST_BODY':
      return ['A request with a body is never looked up.']
    case 'PRECONDITION':
      return ['Without If-Match and If-Unmodified-Since it is looked up.']
    case 'REQUEST_AUTHORIZATION':
      return [`Preset ${table.preset} passes requests with Authorization; preset safe looks them up and goes by RFC 9111 §3.5.`]
    case 'REQUEST_COOKIE':
      return [
        `Preset ${table.preset} passes requests with a Cookie: remove those that the origin does not answer by in recv (cookies.keep), or take preset safe.`,
      ]
    default:
      return decided(input, 'pass')
  }
}

/** The policy, or a step, answered so: where, and what would happen else. */
function decided({ decisions }: AdviceInput, type: 'pass' | 'synth' | 'purge'): readonly string[] {
  const found = decisions.findLast(({ action, background }) => action?.type === type && !background)
  if (found === undefined) return []
  const where = found.at === null ? found.by : `${found.by} at ${shortPlace(found.at)}`
  const does = { pass: 'passes it', synth: 'answers it', purge: 'purges with it' }[type]
  return [`${sentence(where)} ${does}; without that it goes on to the look-up.`]
}

function whyFailed({ decisions, verdict }: AdviceInput): readonly string[] {
  const broken = decisions.findLast(({ action, own }) => action?.type === 'fail' && own)
  if (broken !== undefined)
    return [`Mend ${broken.by}${broken.at === null ? '' : ` at ${shortPlace(broken.at)}`}: ${broken.error ?? 'it fails'}.`]
  if (verdict.reason === 'LOOP')
    return ['The request names this cache in Via or CDN-Loop: give each instance that stands behind another a --name.']
  if (verdict.reason === 'CLIENT_ONLY_IF_CACHED') return ['The request says only-if-cached: without it the origin is asked.']
  return ['The origin has to answer first.']
}

function nextIsHit({ freshness }: Fetched): string {
  const left = freshness?.left ?? 0
  if (left > 0) return `A real request would store this answer: the next one is a hit for ${Math.ceil(left)} s.`
  return 'A real request would store this answer, but only to validate it or to serve it stale; with s-maxage or max-age the next one is a hit.'
}

const STORE_ADVICE: Readonly<Partial<Record<Reason, Advice>>> = {
  SET_COOKIE: ({ answered }) => [
    `The origin sends Set-Cookie: ${cookieNames(answered).join(', ')}. Remove it in backendResponse (beresp.headers.delete('set-cookie')) if it is nobody's own, or let the origin set it on other URLs.`,
  ],
  COOKIE: (input) => [shareable(input.class)],
  AUTHORIZATION: (input) => [shareable({ ...input.class, authorization: true })],
  NO_STORE: said('no-store', 'let it send s-maxage, or set beresp.ttl and remove the field in backendResponse'),
  PRIVATE: said('private', 'if the page is the same for everybody let it send public or s-maxage'),
  NO_CACHE: said('no-cache', 'let it send s-maxage'),
  NO_FRESHNESS: () => [
    'The answer has no lifetime: let the origin send Cache-Control: s-maxage or max-age, or set beresp.ttl in backendResponse.',
  ],
  STATUS: ({ fetched }) => [
    `Status ${fetched?.status ?? 0} is stored only with explicit freshness: let the origin send s-maxage or max-age, or set beresp.ttl in backendResponse.`,
  ],
  MUST_UNDERSTAND: said('must-understand', 'this cache does not know the status'),
  VARY_STAR: () => ['The origin sends Vary: *, which matches no request: let it name the fields that it answers by.'],
  VARY_MALFORMED: () => ['The Vary field cannot be read, or names more than 16 fields: let the origin name few.'],
  CONFLICT: () => ['A field that may occur once occurs several times with different values: let the origin send it once.'],
  TOO_LARGE: () => ['The body is larger than the largest object that is stored (--max-object).'],
  NO_LENGTH: () => [
    'The body ends with the connection, so that its end is not proven: let the origin send Content-Length or Transfer-Encoding: chunked.',
  ],
  RANGE_INCONSISTENT: () => ['The Content-Range contradicts itself or the request.'],
  HEAD: () => ['A HEAD stores nothing: a GET does, and answers later HEADs.'],
  HIT_FOR_PASS: () => ['backendResponse answers hitForPass; leave that out there.'],
  POLICY: () => ['The policy set beresp.uncacheable; leave that out in backendResponse.'],
}

function whyNotStored(why: Reason, input: AdviceInput): readonly string[] {
  if (input.verdict.kind === 'PASS' || input.verdict.kind === 'PIPE' || input.verdict.kind === 'ERROR') return []
  return STORE_ADVICE[why]?.(input) ?? [`${sentence(REASONS[why])}.`]
}

function said(directive: string, how: string): Advice {
  return () => [`The origin says ${directive}: ${how}.`]
}

function cookieNames(headers: HeaderMap | null): readonly string[] {
  return headers?.getAll('set-cookie').map((line) => line.split('=', 1)[0]?.trim() ?? '') ?? []
}

function markerLeft({ stored, class: who }: AdviceInput): number {
  const own = stored.variants.flatMap(({ markers }) => markers).filter((marker) => marker.class === who.name)
  return Math.ceil(Math.max(0, ...own.map(({ left }) => left)))
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
