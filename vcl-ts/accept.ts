/**
 * What a client can do, as one of few words: a page that differs by language or device has as many variants as there are words, not as many as
 * there are browsers.
 */
import { deviceOf } from './device.ts'
import type { HeaderMap } from './headers.ts'

/** Roughly what a client is held in. */
export type Device = 'mobile' | 'tablet' | 'desktop' | 'bot'

/** Chooses from what is on offer. */
export interface Accept {
  /**
   * The language on offer that `Accept-Language` likes best (RFC 4647 §3.4, look-up: `de-CH` is served by `de`, and `de` by `de-CH` when nothing
   * nearer is offered), the first that is offered when it likes none or says nothing. Throws a `TypeError` when nothing is on offer.
   */
  readonly language: <const T extends string>(headers: HeaderMap, offered: readonly [T, ...T[]]) => T
  /** The media type on offer that `Accept` likes best; the first that is offered when it likes none. */
  readonly type: <const T extends string>(headers: HeaderMap, offered: readonly [T, ...T[]]) => T
  /** The coding on offer that `Accept-Encoding` likes best, of equals the first that is offered; `identity` when it takes none. */
  readonly encoding: <const T extends string>(headers: HeaderMap, offered: readonly T[]) => T | 'identity'
  /**
   * By `User-Agent`, and `Sec-CH-UA-Mobile` where a browser sends it. Rough: it goes by few words that most of them have, what says nothing
   * is a desktop, and anybody can say anything. For layouts, not for rights.
   */
  readonly device: (headers: HeaderMap) => Device
}

/**
 * In `recv`, in place of what the client sent, so that the origin's `Vary` selects by it:
 * `req.headers.set('Accept-Language', accept.language(req.headers, ['en', 'de']))`; or in `hash`: `key.add(accept.device(req.headers))`.
 */
export const accept: Accept = Object.freeze({
  language: <const T extends string>(headers: HeaderMap, offered: readonly [T, ...T[]]): T =>
    bestOf(headers.joined('accept-language'), checked(offered), languageNearness) ?? offered[0],
  type: <const T extends string>(headers: HeaderMap, offered: readonly [T, ...T[]]): T =>
    bestOf(headers.joined('accept'), checked(offered), typeNearness) ?? offered[0],
  encoding: <const T extends string>(headers: HeaderMap, offered: readonly T[]): T | 'identity' =>
    bestOf(headers.joined('accept-encoding'), offered, encodingNearness) ?? 'identity',
  device: (headers: HeaderMap): Device => deviceOf(headers.get('user-agent') ?? '', headers.get('sec-ch-ua-mobile')),
})

interface Range {
  readonly name: string
  readonly weight: number
}

/** How well a range means an offer: 0 not at all, else the higher the nearer. */
type Nearness = (range: string, offer: string) => number

/** Ranges that are looked at; what a field has beyond them is noise. */
const MOST_RANGES = 64
/** A weight as RFC 9110 §12.4.2 has it. */
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/** The offer of the highest weight, each weighed by the range that is nearest to it; of equals the first. */
function bestOf<T extends string>(field: string | undefined, offered: readonly T[], nearness: Nearness): T | null {
  const ranges = parseRanges(field ?? '')
  let best: T | null = null
  let most = 0
  for (const offer of offered) {
    const weight = weightOf(offer.toLowerCase(), ranges, nearness)
    if (weight <= most) continue
    best = offer
    most = weight
  }
  return best
}

/** A range that is nearer beats one that is not by far less than any difference in weight. */
function weightOf(offer: string, ranges: readonly Range[], nearness: Nearness): number {
  let nearest = 0
  let weight = 0
  for (const range of ranges) {
    const near = nearness(range.name, offer)
    if (near <= nearest) continue
    nearest = near
    weight = range.weight
  }
  return weight === 0 ? 0 : weight + nearest / 1e6
}

function parseRanges(field: string): readonly Range[] {
  return field
    .split(',', MOST_RANGES)
    .map((member) => {
      const [name = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase())
      const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { name, weight: given === undefined ? 1 : WEIGHT.test(given) ? Number(given) : 0 }
    })
    .filter(({ name }) => name !== '')
}

/** `de-ch` means `de-CH` best, `de-CH-1996` and `de` less; `*` means all the least. */
function languageNearness(range: string, offer: string): number {
  if (range === offer) return 100
  if (range === '*') return 1
  if (range.startsWith(`${offer}-`)) return 50 + offer.length / 10
  return offer.startsWith(`${range}-`) ? 10 + range.length / 10 : 0
}

function typeNearness(range: string, offer: string): number {
  if (range === offer) return 3
  return range === '*/*' ? 1 : range.endsWith('/*') && offer.startsWith(range.slice(0, -1)) ? 2 : 0
}

function encodingNearness(range: string, offer: string): number {
  if (range === offer || range === `x-${offer}`) return 2
  return range === '*' ? 1 : 0
}

function checked<T>(offered: readonly T[]): readonly T[] {
  if (offered.length === 0) throw new TypeError('accept: give at least one to choose from')
  return offered
}
