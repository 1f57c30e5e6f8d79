/** User names and passwords (RFC 7617). */
import { type Synth, synthetic } from '../actions.ts'
import type { Req } from '../context.ts'
import type { Maybe } from '../maybe.ts'
import type { Policy } from '../policy.ts'
import { checkGate, fieldValue, type GateOptions, gateHook, letIn, quoted } from './gate.ts'
import { type Service, workOf } from './service.ts'

export interface BasicAuthOptions {
  /** Passwords by user name, hashed with scrypt as `clearcoat hash-password` prints them: `$scrypt$ln=15,r=8,p=1$…$…`. Or `verify`. */
  readonly users?: Readonly<Record<string, string>>
  /** Tells whether a password is right. What it answers is remembered as long as that of a hash. */
  readonly verify?: (name: string, password: string) => Maybe<boolean>
  /** What the client shows when it asks for the password. Default `restricted`. */
  readonly realm?: string
}

/** What a name and a password proved. `unavailable`: so many wait that it was not looked at. */
export type BasicAuthResult =
  | { readonly valid: true; readonly user: string }
  | { readonly valid: false; readonly error: 'missing' | 'invalid' | 'unavailable' }

export interface BasicAuthPolicyOptions extends GateOptions {
  /** Field that tells the origin the user's name; that of the client is removed. */
  readonly field?: string
}

/** As `basicAuth` makes it. */
export interface BasicAuth extends Service {
  readonly kind: 'basicAuth'
  readonly users: Readonly<Record<string, string>> | null
  readonly verify: BasicAuthOptions['verify'] | null
  readonly realm: string
  /** At once for what was looked at in the last minute. */
  readonly check: (req: Req) => Maybe<BasicAuthResult>
  /** The user that `check` or `policy` found of this request before; `null`: none. */
  readonly user: (req: Req) => string | null
  /** 401 with the challenge, or 503. */
  readonly refusal: (result: BasicAuthResult & { readonly valid: false }) => Synth
  /** As a policy for `stack`: who gives no right password gets 401. */
  readonly policy: (options?: BasicAuthPolicyOptions) => Policy
}

/** Who compares. */
export interface BasicAuthWork {
  check(name: string, password: string): Maybe<boolean | null>
}

/**
 * Asks for a name and a password: `basicAuth({ users: { alice: '$scrypt$ln=15,r=8,p=1$…' } })`. A password is hashed once a minute, not with each
 * request; names that do not exist take as long as those that do. Throws a `TypeError` for options that cannot be.
 */
export function basicAuth(options: BasicAuthOptions): BasicAuth {
  const { users, verify, realm = 'restricted' } = options
  if ((users === undefined) === (verify === undefined)) throw new TypeError('basicAuth: give either users or verify')
  if (users !== undefined) checkUsers(users)
  const found = new WeakMap<Req, string>()
  const check = (req: Req): Maybe<BasicAuthResult> => {
    const given = credentialsOf(req)
    if (given === null) return MISSING
    const right = workOf<BasicAuthWork>(declared).check(given.name, given.password)
    return right instanceof Promise ? right.then((late) => note(req, given.name, late)) : note(req, given.name, right)
  }
  const note = (req: Req, user: string, right: boolean | null): BasicAuthResult => {
    if (right === null) return UNAVAILABLE
    if (!right) return INVALID
    found.set(req, user)
    return { valid: true, user }
  }
  const declared: BasicAuth = Object.freeze({
    type: 'service',
    kind: 'basicAuth',
    users: users === undefined ? null : Object.freeze({ ...users }),
    verify: verify ?? null,
    realm,
    check,
    user: (req: Req) => found.get(req) ?? null,
    refusal: (result: BasicAuthResult & { readonly valid: false }) => refusal(realm, result),
    policy: (given: BasicAuthPolicyOptions = {}) => basicAuthPolicy(declared, given),
  })
  return declared
}

const MISSING = Object.freeze({ valid: false, error: 'missing' })
const INVALID = Object.freeze({ valid: false, error: 'invalid' })
const UNAVAILABLE = Object.freeze({ valid: false, error: 'unavailable' })
const PHC = /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

function checkUsers(users: Readonly<Record<string, string>>): void {
  for (const [name, hash] of Object.entries(users)) {
    if (name === '' || name.includes(':')) throw new TypeError(`basicAuth: ${JSON.stringify(name)} cannot be a user name (RFC 7617 §2)`)
    const [, ln = '', r = '', p = ''] = (typeof hash === 'string' ? PHC.exec(hash) : null) ?? []
    if (ln === '')
      throw new TypeError(
        `basicAuth: the password of ${name} is not hashed with scrypt; clearcoat hash-password prints '$scrypt$ln=15,r=8,p=1$…$…'`,
      )
    if (Number(ln) < 10 || Number(ln) > 18 || Number(r) < 1 || Number(p) < 1 || Number(r) * Number(p) > 64)
      throw new TypeError(`basicAuth: scrypt with ln=${ln},r=${r},p=${p} for ${name} is too little, or more than a server can do`)
  }
}

/** Base64 of `name:password` in UTF-8 (RFC 7617 §2.1). Several lines say nothing. */
function credentialsOf(req: Req): { readonly name: string; readonly password: string } | null {
  const values = req.headers.getAll('Authorization')
  const encoded = values.length === 1 ? /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(values[0] as string)?.[1] : undefined
  const text = encoded === undefined ? null : decoded(encoded)
  const colon = text === null ? -1 : text.indexOf(':')
  return text === null || colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function decoded(base64: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function refusal(realm: string, { error }: BasicAuthResult & { readonly valid: false }): Synth {
  const unavailable = error === 'unavailable'
  return synthetic(unavailable ? 503 : 401, null, null, false, undefined, [
    unavailable ? ['Retry-After', '1'] : ['WWW-Authenticate', `Basic realm=${quoted(realm)}, charset="UTF-8"`],
    ['Cache-Control', 'no-store'],
  ])
}

function basicAuthPolicy(service: BasicAuth, options: BasicAuthPolicyOptions): Policy {
  const { forward = true, field } = options
  const fields = field === undefined ? [] : [field]
  checkGate('basicAuth', options, fields)
  const admit = (req: Req, user: string): undefined => {
    letIn(req, options)
    if (field !== undefined) req.headers.set(field, fieldValue(user))
    if (!forward) req.headers.delete('Authorization')
  }
  const decide = (req: Req, result: BasicAuthResult): Synth | undefined =>
    result.valid ? admit(req, result.user) : service.refusal(result)
  return Object.freeze({
    name: 'basicAuth',
    services: Object.freeze({ basicAuth: service }),
    recv: gateHook(options, { fields, proven: (req) => service.user(req), check: ({ req }) => service.check(req), admit, decide }),
  })
}
