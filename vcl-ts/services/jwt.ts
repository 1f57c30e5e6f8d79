/** JSON Web Tokens (RFC 7519): who asks, proved by a signature. */
import { type Synth, synthetic } from '../actions.ts'
import type { Req } from '../context.ts'
import { cookies } from '../cookies.ts'
import { type Duration, seconds } from '../duration.ts'
import type { Maybe } from '../maybe.ts'
import type { Policy } from '../policy.ts'
import { checkGate, fieldValue, type GateOptions, gateHook, letIn, quoted } from './gate.ts'
import { type Service, workOf } from './service.ts'
import { checkUrl } from './url.ts'

/** Signatures by a key pair, and those by a secret that both sides have. */
export const JWT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const
export const JWT_SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number] | (typeof JWT_SECRET_ALGORITHMS)[number]

/** A token's claims, frozen. */
export interface JwtClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly jti?: string
  /** Seconds since the Unix epoch. */
  readonly exp: number
  readonly nbf?: number
  readonly iat?: number
  readonly [claim: string]: unknown
}

/** A public key as of RFC 7517. */
export interface JsonWebKeyGiven {
  readonly kty: string
  readonly [member: string]: unknown
}

export interface JwtOptions<Claims extends object = JwtClaims> {
  /** Where the keys are published, a JWK set (RFC 7517): an http or https URL. One of `jwks`, `keys` and `secret` has to be given. */
  readonly jwks?: string
  /** Public keys as JSON Web Keys. */
  readonly keys?: readonly JsonWebKeyGiven[]
  /** For HS256, HS384, HS512: at least 32 bytes of text. */
  readonly secret?: string
  /** Who has to have issued it: one of these. */
  readonly issuer: string | readonly string[]
  /** Whom it has to be for: one of these. */
  readonly audience: string | readonly string[]
  /** Which signatures are taken. Default: RS256, PS256, ES256, EdDSA, Ed25519; with `secret` HS256. */
  readonly algorithms?: readonly JwtAlgorithm[]
  /** Makes what hooks get of the claims; `null`, or a throw: this token is not taken. Default: the claims themselves. */
  readonly claims?: (claims: JwtClaims) => Claims | null
  /** The field that holds it, `Bearer` before it. Default `Authorization`, unless `cookie` is given. */
  readonly header?: string
  /** The cookie that holds it. With `header`, too, the field is looked at first. */
  readonly cookie?: string
  /** How far clocks may differ. Default 5 seconds, at most 5 minutes. */
  readonly tolerance?: Duration
  /** Of the challenge. Default `api`. */
  readonly realm?: string
  /** After which a set of keys is fetched anew, while that at hand is used still. Default 10 minutes; at least 10 seconds. */
  readonly refresh?: Duration
  /** Between two fetches because of a key that is not known. Default 30 seconds; at least 1. */
  readonly cooldown?: Duration
}

/** What a token proved. `unavailable`: the keys cannot be had. */
export type JwtResult<Claims> =
  | { readonly valid: true; readonly claims: Claims }
  | { readonly valid: false; readonly error: 'missing' | 'invalid' | 'unavailable'; readonly description: string }

export interface JwtPolicyOptions extends GateOptions {
  /** Whether a request without any token goes on as one of nobody's; a token that is not valid is refused all the same. Default `false`. */
  readonly optional?: boolean
  /** Fields that tell the origin claims, `{ 'X-User': 'sub' }`; those of the client are removed. */
  readonly fields?: Readonly<Record<string, string>>
}

/** As `jwt` makes it. */
export interface Jwt<Claims extends object = JwtClaims> extends Service {
  readonly kind: 'jwt'
  readonly jwks: string | null
  readonly keys: readonly JsonWebKeyGiven[] | null
  readonly secret: string | null
  readonly issuer: readonly string[]
  readonly audience: readonly string[]
  readonly algorithms: readonly JwtAlgorithm[]
  /** Seconds. */
  readonly tolerance: number
  readonly refresh: number
  readonly cooldown: number
  /** The claims of a request's token, or `null` without a valid one. At once for a token that was verified before. Rejects when the keys cannot be had. */
  readonly verify: (req: Req) => Maybe<Claims | null>
  /** As `verify`, with the reason. */
  readonly check: (req: Req) => Maybe<JwtResult<Claims>>
  /** The claims that `check`, `verify` or `policy` found of this request before; `null`: none. */
  readonly claims: (req: Req) => Claims | null
  /** 401 with the challenge of RFC 6750, or 503 where the keys cannot be had. */
  readonly refusal: (result: JwtResult<Claims> & { readonly valid: false }) => Synth
  /** As a policy for `stack`: who has no valid token gets 401. */
  readonly policy: (options?: JwtPolicyOptions) => Policy
}

/** Who verifies. */
export interface JwtWork {
  check(token: string): Maybe<JwtResult<JwtClaims>>
}

/**
 * Verifies tokens: `jwt({ jwks: 'https://id.example/keys', issuer: 'https://id.example', audience: 'api' })`. Keys are fetched when the first token
 * comes, again after `refresh` and for a key that is not known; when they cannot be fetched the last ones serve on. A token has to expire (`exp`); what
 * was verified is remembered until then, 10,000 tokens. Unsigned tokens are never taken. Throws a `TypeError` or `RangeError` for options that
 * cannot be.
 */
export function jwt<Claims extends object = JwtClaims>(options: JwtOptions<Claims>): Jwt<Claims> {
  const { claims: make, cookie, realm = 'api' } = options
  const header = options.header ?? (cookie === undefined ? 'Authorization' : null)
  const found = new WeakMap<Req, Claims>()
  const made = new WeakMap<object, JwtResult<Claims>>()

  const check = (req: Req): Maybe<JwtResult<Claims>> => {
    const token = tokenOf(req, header, cookie)
    if (token === null) return MISSING
    if (token === '') return SEVERAL
    const result = workOf<JwtWork>(declared).check(token)
    return result instanceof Promise ? result.then((late) => note(req, late)) : note(req, result)
  }
  const note = (req: Req, result: JwtResult<JwtClaims>): JwtResult<Claims> => {
    if (!result.valid) return result
    const own = madeOf(result.claims)
    if (own.valid) found.set(req, own.claims)
    return own
  }
  const madeOf = (claims: JwtClaims): JwtResult<Claims> => {
    const known = made.get(claims)
    if (known !== undefined) return known
    const result = takenBy(make, claims)
    made.set(claims, result)
    return result
  }

  const declared: Jwt<Claims> = Object.freeze({
    type: 'service',
    kind: 'jwt',
    ...checkOptions(options as JwtOptions),
    check,
    verify: (req: Req) => {
      const result = check(req)
      return result instanceof Promise ? result.then(claimsOf) : claimsOf(result)
    },
    claims: (req: Req) => found.get(req) ?? null,
    refusal: (result: JwtResult<Claims> & { readonly valid: false }) => refusal(realm, result),
    policy: (given: JwtPolicyOptions = {}) => jwtPolicy(declared, header, cookie, given),
  })
  return declared
}

const MISSING = Object.freeze({ valid: false, error: 'missing', description: 'there is no token' })
const SEVERAL = Object.freeze({ valid: false, error: 'invalid', description: 'there are several tokens' })
const REFUSED = Object.freeze({ valid: false, error: 'invalid', description: 'its claims are not those that are asked for' })
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i

/** `null`: there is none; empty: there are several, and nobody knows which one counts. */
function tokenOf(req: Req, header: string | null, cookie: string | undefined): string | null {
  if (header !== null) {
    const values = req.headers.getAll(header)
    if (values.length > 1) return ''
    const token = BEARER.exec(values[0] ?? '')?.[1]
    if (token !== undefined) return token
  }
  return (cookie === undefined ? undefined : req.cookies.get(cookie)) || null
}

function takenBy<Claims extends object>(make: JwtOptions<Claims>['claims'], claims: JwtClaims): JwtResult<Claims> {
  if (make === undefined) return Object.freeze({ valid: true, claims: claims as unknown as Claims })
  try {
    const own = make(claims)
    return own === null ? REFUSED : Object.freeze({ valid: true, claims: own })
  } catch {
    return REFUSED
  }
}

function claimsOf<Claims>(result: JwtResult<Claims>): Claims | null {
  if (result.valid) return result.claims
  if (result.error === 'unavailable') throw new Error(`jwt: ${result.description}`)
  return null
}

/** RFC 6750 §3: who brought nothing is told nothing but how. */
function refusal(realm: string, { error, description }: JwtResult<never> & { readonly valid: false }): Synth {
  if (error === 'unavailable')
    return synthetic(503, null, null, false, undefined, [
      ['Retry-After', '1'],
      ['Cache-Control', 'no-store'],
    ])
  const more = error === 'missing' ? '' : `, error="invalid_token", error_description=${quoted(description)}`
  return synthetic(401, null, null, false, undefined, [
    ['WWW-Authenticate', `Bearer realm=${quoted(realm)}${more}`],
    ['Cache-Control', 'no-store'],
  ])
}

function jwtPolicy<Claims extends object>(
  token: Jwt<Claims>,
  header: string | null,
  cookie: string | undefined,
  options: JwtPolicyOptions,
): Policy {
  const { optional = false, forward = true, fields = {} } = options
  const names = Object.keys(fields)
  checkGate('jwt', options, names)
  const decide = (req: Req, result: JwtResult<Claims>): Synth | undefined => {
    if (!result.valid) return optional && result.error === 'missing' ? undefined : token.refusal(result)
    return admit(req, result.claims)
  }
  const admit = (req: Req, claims: Claims): undefined => {
    letIn(req, options)
    for (const [field, claim] of Object.entries(fields)) {
      const value = (claims as Readonly<Record<string, unknown>>)[claim]
      if (typeof value === 'string' || typeof value === 'number') req.headers.set(field, fieldValue(String(value)))
    }
    if (forward) return undefined
    if (header !== null) req.headers.delete(header)
    if (cookie !== undefined) cookies.delete(req.headers, cookie)
  }
  return Object.freeze({
    name: 'jwt',
    services: Object.freeze({ jwt: token }),
    recv: gateHook(options, { fields: names, proven: (req) => token.claims(req), check: ({ req }) => token.check(req), admit, decide }),
  })
}

type Checked = Pick<Jwt, 'jwks' | 'keys' | 'secret' | 'issuer' | 'audience' | 'algorithms' | 'tolerance' | 'refresh' | 'cooldown'>

const DEFAULT_ALGORITHMS: readonly JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function checkOptions(options: JwtOptions): Checked {
  const { jwks, keys, secret, header, cookie } = options
  if ([jwks, keys, secret].filter((given) => given !== undefined).length !== 1)
    throw new TypeError('jwt: give one of jwks (a URL), keys (public keys) and secret')
  if (jwks !== undefined) checkUrl('jwt: jwks', jwks)
  if (keys !== undefined && (!Array.isArray(keys) || keys.length === 0 || !keys.every(isPublicKey)))
    throw new TypeError('jwt: keys are public keys as JSON Web Keys, at least one; a secret is given as secret')
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 32))
    throw new TypeError('jwt: secret is text of at least 32 characters')
  for (const [what, name] of [
    ['header', header],
    ['cookie', cookie],
  ] as const)
    if (name !== undefined && !NAME.test(name)) throw new TypeError(`jwt: ${what} ${JSON.stringify(name)} cannot be a name`)
  return {
    jwks: jwks ?? null,
    keys: keys ?? null,
    secret: secret ?? null,
    issuer: textList('issuer', options.issuer),
    audience: textList('audience', options.audience),
    algorithms: checkAlgorithms(options.algorithms ?? (secret === undefined ? DEFAULT_ALGORITHMS : ['HS256']), secret !== undefined),
    tolerance: within('tolerance', options.tolerance ?? 5, 0, 300),
    refresh: within('refresh', options.refresh ?? 600, 10, 86_400),
    cooldown: within('cooldown', options.cooldown ?? 30, 1, 86_400),
  }
}

/** A public key taken for a secret would let anybody sign. */
function checkAlgorithms(algorithms: readonly JwtAlgorithm[], secret: boolean): readonly JwtAlgorithm[] {
  const legal: readonly string[] = secret ? JWT_SECRET_ALGORITHMS : JWT_ALGORITHMS
  const wrong = algorithms.find((algorithm) => !legal.includes(algorithm))
  if (wrong !== undefined || algorithms.length === 0)
    throw new TypeError(
      `jwt: algorithms ${wrong === undefined ? 'must not be empty' : `cannot have ${JSON.stringify(wrong)} with ${secret ? 'a secret' : 'public keys'}`}; there are ${legal.join(', ')}`,
    )
  return Object.freeze([...algorithms])
}

function isPublicKey(key: unknown): boolean {
  return (
    typeof key === 'object' && key !== null && typeof (key as JsonWebKeyGiven).kty === 'string' && (key as JsonWebKeyGiven).kty !== 'oct'
  )
}

function textList(what: string, given: string | readonly string[]): readonly string[] {
  const list = typeof given === 'string' ? [given] : given
  if (!Array.isArray(list) || list.length === 0 || !list.every((text) => typeof text === 'string' && text !== ''))
    throw new TypeError(`jwt: ${what} is text, or a list of texts; a token that is for everybody proves nothing`)
  return Object.freeze([...list])
}

function within(what: string, value: Duration, least: number, most: number): number {
  const given = seconds(value)
  if (given < least || given > most) throw new RangeError(`jwt: ${what} ${String(value)} must be from ${least} to ${most} seconds`)
  return given
}
