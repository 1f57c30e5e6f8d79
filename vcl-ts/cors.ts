/** Cross-origin requests of scripts (the Fetch standard, “CORS protocol”), answered for the origin server. */
import { synthetic } from './actions.ts'
import type { Req, Resp } from './context.ts'
import { type Duration, seconds } from './duration.ts'
import { fields } from './fields.ts'
import type { Policy } from './policy.ts'

/** An origin: `https://app.example`, `https://app.example:8443`. */
export type CorsOrigin = `${'http' | 'https'}://${string}`

export interface CorsOptions {
  /**
   * Whose scripts may read answers: `'*'` for everybody's; a list of origins, of which `https://*.example.com` means every host below; or a
   * function of the origin as the browser sent it (`null` is an origin, too, that of many).
   */
  readonly origins: '*' | readonly CorsOrigin[] | ((origin: string) => boolean)
  /** Methods beyond GET, HEAD and POST that they may use. Default none. */
  readonly methods?: readonly string[]
  /** Request fields beyond the safe ones that they may send: `['Authorization', 'Content-Type']`. Default none. */
  readonly headers?: readonly string[]
  /** Answer fields beyond the safe ones that they may read. Default none. */
  readonly expose?: readonly string[]
  /** Whether they may send cookies and read the answer to that. Not with `'*'`. Default `false`. */
  readonly credentials?: boolean
  /** How long a browser may remember what it was allowed. Default 10 minutes. */
  readonly maxAge?: Duration
}

const ORIGIN = /^https?:\/\/(?:\*\.)?[a-z0-9_.-]{1,255}(?::[0-9]{1,5})?$|^https?:\/\/\[[0-9a-f:.]{2,45}\](?::[0-9]{1,5})?$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const OWN = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers'] as const

/**
 * A policy for the front of a `stack`: `stack(cors({ origins: ['https://app.example'] }), site)`. A preflight is answered 204 in `recv`, before
 * anybody else is asked. Every answer, a stored one and an error alike, gets the fields for the origin that asks, when it is delivered: what is
 * stored is the same for all, and fields of the origin server for this are replaced. `Vary: Origin` tells caches behind this one, unless all
 * origins are allowed. Who may not read an answer still gets it: this protects the readers of other sites, not what is served.
 *
 * Throws a `TypeError` for credentials with `'*'`, which would let every site read everybody's own pages, and for what is no origin, method
 * or field name.
 */
export function cors(options: CorsOptions): Policy {
  const { origins, credentials = false, methods = [], headers = [], expose = [], maxAge = 600 } = options
  const allows = matcherOf(origins, credentials)
  for (const [what, names] of Object.entries({ methods, headers, expose }))
    for (const name of names)
      if (typeof name !== 'string' || !TOKEN.test(name) || (name === '*' && credentials))
        throw new TypeError(`cors(): ${JSON.stringify(name)} in ${what} is no name`)
  const preflight = synthetic(204, null, null, false, undefined, [
    ...(methods.length === 0 ? [] : [['Access-Control-Allow-Methods', methods.join(', ')] as const]),
    ...(headers.length === 0 ? [] : [['Access-Control-Allow-Headers', headers.join(', ')] as const]),
    ['Access-Control-Max-Age', String(Math.max(0, Math.floor(seconds(maxAge))))],
  ])
  const exposed = expose.join(', ')

  const allow = (req: Req, resp: Pick<Resp, 'headers'>): void => {
    const given = resp.headers
    for (const name of OWN) given.delete(name)
    if (origins !== '*') fields.include(given, 'Vary', 'Origin')
    const origin = req.headers.get('origin')
    if (origin === undefined || !allows(origin)) return
    given.set('Access-Control-Allow-Origin', origins === '*' ? '*' : origin)
    if (credentials) given.set('Access-Control-Allow-Credentials', 'true')
    if (exposed !== '') given.set('Access-Control-Expose-Headers', exposed)
  }
  return Object.freeze<Policy>({
    name: 'cors',
    recv: ({ req }) => (isPreflight(req) ? preflight : undefined),
    deliver: ({ req, resp }) => allow(req, resp),
    synth: ({ req, resp }) => allow(req, resp),
  })
}

function isPreflight({ method, headers }: Req): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

function matcherOf(origins: CorsOptions['origins'], credentials: boolean): (origin: string) => boolean {
  if (origins === '*') {
    if (credentials) throw new TypeError("cors(): credentials for '*' would let any site read what is somebody's own; list the origins")
    return () => true
  }
  if (typeof origins === 'function') return (origin) => origins(origin) === true
  if (!Array.isArray(origins) || origins.length === 0)
    throw new TypeError("cors(): origins is '*', a list of at least one origin, or a function")
  const exact = new Set<string>()
  const below: (readonly [scheme: string, rest: string])[] = []
  for (const origin of origins as readonly string[]) {
    if (typeof origin !== 'string' || !ORIGIN.test(origin))
      throw new TypeError(`cors(): ${JSON.stringify(origin)} is no origin; write it as browsers do, 'https://app.example', without a path`)
    const at = origin.indexOf('*.')
    if (at < 0) exact.add(origin)
    else below.push([origin.slice(0, at), origin.slice(at + 1)])
  }
  return (origin) => exact.has(origin) || below.some(([scheme, rest]) => isBelow(origin, scheme, rest))
}

/** One host below: `https://a.b.example.com` for `https://` and `.example.com`. What stands between has to be labels. */
function isBelow(origin: string, scheme: string, rest: string): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(rest) || origin.length <= scheme.length + rest.length) return false
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(origin.slice(scheme.length, origin.length - rest.length))
}
