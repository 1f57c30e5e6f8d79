/** Fields by which browsers protect those who visit a site. */
import type { Req, Resp } from './context.ts'
import { type Duration, seconds } from './duration.ts'
import type { Policy } from './policy.ts'

export interface Hsts {
  /** How long browsers come by https alone (RFC 6797). Default a year. */
  readonly maxAge?: Duration
  /** Every host below, too. Default `false`. */
  readonly includeSubDomains?: boolean
  /** Asks to be put on browsers' lists; needs `includeSubDomains` and a year. Default `false`. */
  readonly preload?: boolean
}

export interface SecurityHeadersOptions {
  /** `Strict-Transport-Security`, on answers over https alone. Default a year; `false`: none. */
  readonly hsts?: Hsts | false
  /** `X-Content-Type-Options: nosniff`. Default `true`. */
  readonly nosniff?: boolean
  /** `X-Frame-Options`: who may show pages in a frame. Default `SAMEORIGIN`; `false`: not said. */
  readonly frame?: 'DENY' | 'SAMEORIGIN' | false
  /** `Referrer-Policy`. Default `strict-origin-when-cross-origin`; `false`: none. */
  readonly referrer?: ReferrerPolicy | false
  /** `Content-Security-Policy`, as it is to be sent. Default none: only the site knows what it loads. */
  readonly csp?: string
  /** `Content-Security-Policy-Report-Only`. Default none. */
  readonly cspReportOnly?: string
  /** `Permissions-Policy`. Default none. */
  readonly permissions?: string
  /** `Cross-Origin-Opener-Policy`. Default none. */
  readonly openerPolicy?: 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none'
  /** `Cross-Origin-Resource-Policy`. Default none. */
  readonly resourcePolicy?: 'same-origin' | 'same-site' | 'cross-origin'
  /** Whether these go before what the origin server sent. Default `false`: what it set stays. */
  readonly override?: boolean
}

/** As the Referrer Policy standard has them. */
export type ReferrerPolicy =
  | 'no-referrer'
  | 'no-referrer-when-downgrade'
  | 'origin'
  | 'origin-when-cross-origin'
  | 'same-origin'
  | 'strict-origin'
  | 'strict-origin-when-cross-origin'
  | 'unsafe-url'

const YEAR = 31_536_000
const VALUE = /^[\x20-\x7e]+$/

/**
 * A policy for a `stack`: `stack(securityHeaders({ csp: "default-src 'self'" }), site)`. The fields are put on every answer when it is
 * delivered, those made here included; what is stored stays as it came. Throws a `TypeError` for a value that no field may have,
 * and for `preload` without what it needs.
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Policy {
  const { hsts = {}, nosniff = true, frame = 'SAMEORIGIN', referrer = 'strict-origin-when-cross-origin', override = false } = options
  const given: readonly (readonly [name: string, value: string | false | undefined])[] = [
    ['X-Content-Type-Options', nosniff && 'nosniff'],
    ['X-Frame-Options', frame],
    ['Referrer-Policy', referrer],
    ['Content-Security-Policy', options.csp],
    ['Content-Security-Policy-Report-Only', options.cspReportOnly],
    ['Permissions-Policy', options.permissions],
    ['Cross-Origin-Opener-Policy', options.openerPolicy],
    ['Cross-Origin-Resource-Policy', options.resourcePolicy],
  ]
  const always = given.flatMap(([name, value]) => (typeof value === 'string' ? [[name, checked(name, value)] as const] : []))
  const overTls = hsts === false ? always : [['Strict-Transport-Security', hstsValue(hsts)] as const, ...always]
  const put = (req: Req, { headers }: Pick<Resp, 'headers'>): void => {
    for (const [name, value] of req.scheme === 'https' ? overTls : always) if (override || !headers.has(name)) headers.set(name, value)
  }
  return Object.freeze<Policy>({
    name: 'security-headers',
    deliver: ({ req, resp }) => put(req, resp),
    synth: ({ req, resp }) => put(req, resp),
  })
}

function hstsValue({ maxAge = YEAR, includeSubDomains = false, preload = false }: Hsts): string {
  const age = Math.max(0, Math.floor(seconds(maxAge)))
  if (preload && !(includeSubDomains && age >= YEAR))
    throw new TypeError(
      "securityHeaders(): hsts.preload needs includeSubDomains: true and a maxAge of '1y' at least, else no list takes it",
    )
  return `max-age=${age}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

function checked(name: string, value: string): string {
  if (VALUE.test(value)) return value
  throw new TypeError(`securityHeaders(): ${name} cannot be ${JSON.stringify(value)}; give visible ASCII in one line`)
}
