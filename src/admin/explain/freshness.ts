/** What the lifetime of an object came from, operand by operand, each with the clause that it goes by. */
import type { Decisions } from '../../../vcl-ts/builtin/decisions.ts'
import type { ResponseControl } from '../../../vcl-ts/context.ts'
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import type { CachedObject } from '../../object/object.ts'
import { type Lifetime, lifetime } from '../../wire/freshness.ts'
import type { FreshnessInput, FreshnessInputs } from '../explanation.ts'

/** When it is, on both clocks. */
export interface Now {
  readonly now: number
  readonly wall: number
}

type Row = (control: ResponseControl) => string | null

/** Directives beside those that give the lifetime: what each means for this object. */
const DIRECTIVES: readonly (readonly [name: string, clause: string, value: Row, note: string])[] = [
  ['no-cache', 'RFC 9111 §5.2.2.4', flag((control) => control.noCache), 'it is validated on each use'],
  ['no-store', 'RFC 9111 §5.2.2.5', flag((control) => control.noStore), 'it is not stored'],
  ['private', 'RFC 9111 §5.2.2.7', flag((control) => control.private || control.privateFields.length > 0), 'it is not shared'],
  ['public', 'RFC 9111 §5.2.2.9', flag((control) => control.public), 'it is shared whatever the request carried'],
  ['must-revalidate', 'RFC 9111 §5.2.2.2', flag((control) => control.mustRevalidate), 'it is not served stale'],
  ['proxy-revalidate', 'RFC 9111 §5.2.2.8', flag((control) => control.proxyRevalidate), 'it is not served stale'],
  ['must-understand', 'RFC 9111 §5.2.2.3', flag((control) => control.mustUnderstand), 'its status decides'],
  ['stale-while-revalidate', 'RFC 5861 §3', (control) => text(control.staleWhileRevalidate), 'grace'],
  ['stale-if-error', 'RFC 5861 §4', (control) => text(control.staleIfError), 'staleIfError'],
]

/** `refused`: what refused it gave it the lifetime of its marker, so that its own is computed again. */
export function freshnessInputs(object: CachedObject, { now, wall }: Now, decisions: Decisions, refused: boolean = false): FreshnessInputs {
  const { grace, staleIfError, keep, mustRevalidate } = object
  const received = wall - (now - object.storedAt)
  const computed = lifetime({
    status: object.status,
    method: 'GET',
    headers: object.headers,
    requestTime: object.storedAt,
    responseTime: object.storedAt,
    wall: received,
    decisions,
    framing: 'length',
    bodyLength: null,
  })
  const { control } = computed
  const source = refused ? control.source : object.lifetimeSource
  const ttl = refused ? computed.ttl : object.ttl
  const left = ttl - (now - object.storedAt) / 1000
  return {
    state: left > 0 ? 'fresh' : left + grace > 0 ? 'grace' : 'stale',
    source,
    age: rounded(object.age(now)),
    ttl: rounded(ttl),
    left: rounded(left),
    grace,
    staleIfError,
    keep,
    mustRevalidate,
    inputs: [
      lifetimeInput(object.headers, control, source, ttl),
      ...directives(control, source),
      ...ages(object, received, now),
      ...validators(object.headers),
      ...beyond(object, computed, decisions.preset),
    ],
  }
}

function lifetimeInput(headers: HeaderMap, control: ResponseControl, source: string, ttl: number): FreshnessInput {
  const field = (name: string): string => headers.joined(name) ?? ''
  const note = 'the lifetime (§4.2.1)'
  switch (source) {
    case 's-maxage':
      return { name: 'Cache-Control: s-maxage', value: text(control.sMaxage) ?? '', clause: 'RFC 9111 §5.2.2.10', note }
    case 'max-age':
      return { name: 'Cache-Control: max-age', value: text(control.maxAge) ?? '', clause: 'RFC 9111 §5.2.2.1', note }
    case 'Expires':
      return { name: 'Expires', value: field('expires'), clause: 'RFC 9111 §5.3', note: 'the lifetime: Expires less Date' }
    case 'heuristic':
      return {
        name: 'Last-Modified',
        value: field('last-modified'),
        clause: 'RFC 9111 §4.2.2',
        note: 'a heuristic lifetime: a tenth of the time since',
      }
    case 'policy':
      return { name: 'beresp.ttl', value: `${rounded(ttl)}`, clause: 'the policy', note: 'assigned by a hook or step' }
    case 'default_ttl':
      return { name: 'default_ttl', value: `${rounded(ttl)}`, clause: 'Varnish default_ttl', note: 'nothing else gives a lifetime' }
    case 'none':
      return {
        name: 'lifetime',
        value: 'none',
        clause: 'RFC 9111 §4.2.1',
        note: 'neither explicit freshness nor a reason for a heuristic one',
      }
    default:
      return { name: source, value: field(source), clause: 'RFC 9213 §2.2', note: 'it counts in place of Cache-Control and Expires' }
  }
}

function directives(control: ResponseControl, source: string): readonly FreshnessInput[] {
  const field = control.targeted && source !== 'policy' ? source : 'Cache-Control'
  return DIRECTIVES.flatMap(([name, clause, read, note]) => {
    const value = read(control)
    return value === null ? [] : [{ name: `${field}: ${name}`, value, clause, note }]
  })
}

/** RFC 9111 §4.2.3: the larger of what Date and what Age say, and the time in this cache. */
function ages(object: CachedObject, received: number, now: number): readonly FreshnessInput[] {
  const { headers } = object
  const given = (name: string): readonly string[] => headers.getAll(name)
  const apparent = Math.max(0, received - object.date) / 1000
  return [
    ...given('date').map((value) => ({
      name: 'Date',
      value,
      clause: 'RFC 9111 §4.2.3',
      note: `apparent age on receipt: ${rounded(apparent)} s`,
    })),
    ...given('age').map((value) => ({ name: 'Age', value, clause: 'RFC 9111 §5.1', note: 'time in caches before this one' })),
    { name: 'age on receipt', value: `${rounded(object.initialAge)}`, clause: 'RFC 9111 §4.2.3', note: 'the larger of both' },
    {
      name: 'age',
      value: `${rounded(object.age(now))}`,
      clause: 'RFC 9111 §4.2.3',
      note: `and ${rounded(Math.max(0, now - object.storedAt) / 1000)} s here`,
    },
  ]
}

function validators(headers: HeaderMap): readonly FreshnessInput[] {
  return ['ETag', 'Last-Modified'].flatMap((name) => {
    const value = headers.joined(name)
    return value === undefined ? [] : [{ name, value, clause: 'RFC 9111 §4.3.1', note: 'a 304 can confirm it' }]
  })
}

/** What it is good for once it is stale, and who said so. */
function beyond(object: CachedObject, computed: Lifetime, preset: string): readonly FreshnessInput[] {
  const { control } = computed
  const by = (name: 'grace' | 'staleIfError' | 'keep', directive: number | null): string => {
    if (object[name] !== computed[name]) return 'the policy'
    return directive === null ? `preset ${preset}` : 'the origin'
  }
  const { grace, staleIfError, keep } = object
  return [
    { name: 'grace', value: `${grace}`, clause: 'RFC 5861 §3, RFC 9111 §4.2.4', note: by('grace', control.staleWhileRevalidate) },
    {
      name: 'staleIfError',
      value: `${staleIfError}`,
      clause: 'RFC 5861 §4, RFC 9111 §4.2.4',
      note: by('staleIfError', control.staleIfError),
    },
    { name: 'keep', value: `${keep}`, clause: 'RFC 9111 §4.3', note: by('keep', null) },
  ]
}

function flag(holds: (control: ResponseControl) => boolean): Row {
  return (control) => (holds(control) ? '' : null)
}

function text(value: number | null): string | null {
  return value === null ? null : String(value)
}

/** Milliseconds are enough. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
