/** Where a client is, by a look-up that the policy brings: a database in memory, a service. */
import type { Client, Req } from './context.ts'
import { HeaderMap } from './headers.ts'
import type { HookTools } from './hook-tools.ts'
import type { Policy } from './policy.ts'

/** What a look-up knows of an address; `country` is what most want, in two letters (ISO 3166-1). */
export type Place = { readonly country?: string } & Readonly<Record<string, string | number | undefined>>

export interface GeoOptions<P extends object = Place> {
  /** What is known of an address, now or later; `null`: nothing. What it throws counts as nothing, and is noted as `geo`. */
  readonly lookup: (ip: string) => P | null | undefined | Promise<P | null | undefined>
  /**
   * Request fields and the facts that they tell: `{ 'X-Country': 'country', 'X-City': 'city' }`. What a client sent under these names is
   * removed. Default `{ 'X-Country': 'country' }`.
   */
  readonly headers?: Readonly<Record<string, keyof P & string>>
  /** Whether what the fields tell is part of the key, so that each country has answers of its own. Without it an origin's `Vary` decides. Default `false`. */
  readonly key?: boolean
}

/**
 * A policy for a `stack`: `stack(geo({ lookup: (ip) => database.get(ip) }), site)`. Behind it `req.headers.get('x-country')` is what the look-up
 * says of `client.ip`, for hooks and for the origin, and absent when it says nothing. A value with characters that no field has is
 * percent-encoded as UTF-8. Throws a `TypeError` for a field name that is none.
 */
export function geo<P extends object = Place>({ lookup, headers, key = false }: GeoOptions<P>): Policy {
  const wanted = Object.entries(headers ?? { 'X-Country': 'country' }) as [name: string, fact: keyof P][]
  if (typeof lookup !== 'function') throw new TypeError('geo(): give lookup, a function of the address: lookup: (ip) => ({ country })')
  for (const [name] of wanted) new HeaderMap().set(name, '')

  const tell = (req: Req, place: P | null | undefined): void => {
    for (const [name, fact] of wanted) {
      const value = place?.[fact]
      if (value !== undefined && value !== null && value !== '') req.headers.set(name, fieldValue(String(value)))
    }
  }
  return Object.freeze<Policy>({
    name: 'geo',
    recv({ req, client, log }) {
      for (const [name] of wanted) req.headers.delete(name)
      const place = attempt(lookup, client, log)
      return place instanceof Promise ? place.then((found) => tell(req, found), failed(log)) : tell(req, place)
    },
    ...(key
      ? {
          hash({ key: parts, req }) {
            for (const [name] of wanted) parts.add(req.headers.get(name) ?? '')
          },
        }
      : {}),
  })
}

const PLAIN = /^[\x21-\x24\x26-\x7e](?:[\x20-\x24\x26-\x7e]*[\x21-\x24\x26-\x7e])?$/

function attempt<P>(lookup: (ip: string) => P, { ip }: Client, log: HookTools['log']): P | null {
  try {
    return lookup(ip)
  } catch (cause) {
    failed(log)(cause)
    return null
  }
}

function failed(log: HookTools['log']): (cause: unknown) => void {
  return (cause) => log('geo', cause instanceof Error ? cause.message : String(cause))
}

function fieldValue(value: string): string {
  return PLAIN.test(value) ? value : encodeURIComponent(value.toWellFormed())
}
