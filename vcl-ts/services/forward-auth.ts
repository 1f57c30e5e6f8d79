/** Another service decides who is let in: it is asked with each request's method, host, URI and credentials. */
import { type Synth, synthetic } from '../actions.ts'
import type { Client, Req } from '../context.ts'
import { type Duration, seconds } from '../duration.ts'
import { HeaderMap, type HeaderPairs } from '../headers.ts'
import type { Maybe } from '../maybe.ts'
import type { Policy } from '../policy.ts'
import { checkGate, type GateOptions, gateHook, letIn } from './gate.ts'
import { checkTimeout } from './http-client.ts'
import { type Service, workOf } from './service.ts'
import { checkUrl } from './url.ts'

export interface ForwardAuthOptions {
  /** What is asked, with GET. 2xx lets the request in; 401, 403 and 3xx are the client's answer, with their body; all else is a failure. */
  readonly url: string
  /** Fields of the request that it gets. Default `Authorization` and `Cookie`. */
  readonly forward?: readonly string[]
  /** Fields of its answer that the origin gets, `['X-User']`; those of the client are removed. Default none. */
  readonly headers?: readonly string[]
  /** For how long a decision is good for the same question. Default 0: each request is asked about. Redirects and answers with Set-Cookie are not remembered. */
  readonly cacheFor?: Duration
  /** What decisions are remembered under, all that they depend on. Default: all that is sent, the client's address among it. */
  readonly key?: (req: Req, client: Client) => string
  /** Until its answer is here whole. Default 2 seconds, and less than a hook may take. */
  readonly timeout?: Duration
  /** What to do when it fails or is late: `deny` (default) answers 503, `allow` lets everybody in. */
  readonly onFailure?: 'deny' | 'allow'
  /** Decisions remembered at most. Default 10,000. */
  readonly max?: number
}

export type ForwardAuthResult =
  | { readonly allowed: true; readonly headers: HeaderPairs }
  | { readonly allowed: false; readonly answer: Synth }

/** As `forwardAuth` makes it. */
export interface ForwardAuth extends Service {
  readonly kind: 'forwardAuth'
  readonly url: string
  /** Lower case. */
  readonly forward: readonly string[]
  readonly headers: readonly string[]
  /** Seconds. */
  readonly cacheFor: number
  readonly key: ForwardAuthOptions['key'] | null
  readonly timeout: number
  readonly onFailure: 'deny' | 'allow'
  readonly max: number
  /** At once where the decision is remembered. Never rejects. */
  readonly check: (req: Req, client: Client) => Maybe<ForwardAuthResult>
  /** As a policy for `stack`. */
  readonly policy: (options?: GateOptions) => Policy
}

/** What the service said; `null`: nothing that counts. */
export interface AuthAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: Uint8Array
}

/** Who asks. Lets many who ask the same wait for one answer. */
export interface ForwardAuthWork {
  ask(question: AuthQuestion, key: string | null): Maybe<AuthAnswer | null>
}

/** The fields that are sent, in order. */
export type AuthQuestion = HeaderPairs

/**
 * `forwardAuth({ url: 'http://127.0.0.1:4181/verify', headers: ['X-User'], cacheFor: '10s' })`: it is told of the request by `X-Forwarded-Method`,
 * `-Proto`, `-Host`, `-Uri` and `-For`, as by nginx's auth_request and Traefik's forwardAuth. Throws a `TypeError` or `RangeError` for options that
 * cannot be.
 */
export function forwardAuth(options: ForwardAuthOptions): ForwardAuth {
  const {
    url,
    key,
    forward = ['authorization', 'cookie'],
    headers = [],
    cacheFor = 0,
    timeout = 2,
    onFailure = 'deny',
    max = 10_000,
  } = options
  checkUrl('forwardAuth: url', url)
  if (onFailure !== 'deny' && onFailure !== 'allow') throw new TypeError("forwardAuth: onFailure is 'deny' or 'allow'")
  if (!(seconds(cacheFor) >= 0 && seconds(cacheFor) <= 86_400)) throw new RangeError('forwardAuth: cacheFor is from 0 seconds to a day')
  if (!Number.isInteger(max) || max < 1 || max > 1_000_000) throw new RangeError('forwardAuth: max is from 1 to 1,000,000')
  const declared: ForwardAuth = Object.freeze({
    type: 'service',
    kind: 'forwardAuth',
    ...{ url, onFailure, max },
    forward: fieldNames(forward),
    headers: fieldNames(headers),
    cacheFor: seconds(cacheFor),
    key: key ?? null,
    timeout: checkTimeout(timeout) ?? 2,
    check: (req: Req, client: Client) => {
      const answer = workOf<ForwardAuthWork>(declared).ask(questionOf(declared, req, client), key === undefined ? null : key(req, client))
      return answer instanceof Promise ? answer.then((late) => judge(declared, late)) : judge(declared, answer)
    },
    policy: (given: GateOptions = {}) => forwardAuthPolicy(declared, given),
  })
  return declared
}

/** Fields that tell of the client's request, in place of any that it sent itself. */
const OURS: readonly string[] = ['x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri', 'x-forwarded-for']

function fieldNames(names: readonly string[]): readonly string[] {
  const map = new HeaderMap()
  for (const name of names) {
    map.set(name, '')
    if (['host', 'connection', 'upgrade', 'te', 'expect', ...OURS].includes(name.toLowerCase()))
      throw new TypeError(`forwardAuth: ${name} is not a field that can be handed on`)
  }
  return Object.freeze(names.map((name) => name.toLowerCase()))
}

function questionOf({ forward }: ForwardAuth, req: Req, client: Client): AuthQuestion {
  const question: (readonly [string, string])[] = [
    ['x-forwarded-method', req.method],
    ['x-forwarded-proto', req.scheme],
    ['x-forwarded-host', req.host],
    ['x-forwarded-uri', req.url],
    ['x-forwarded-for', client.ip],
  ]
  // Should the service be this cache, it notices that.
  for (const name of [...forward, 'cdn-loop', 'via']) for (const value of req.headers.getAll(name)) question.push([name, value])
  return question
}

const NONE: HeaderPairs = Object.freeze([])
const FAILED: ForwardAuthResult = Object.freeze({
  allowed: false,
  answer: synthetic(503, null, null, false, undefined, [
    ['Retry-After', '1'],
    ['Cache-Control', 'no-store'],
  ]),
})
const LET_IN: ForwardAuthResult = Object.freeze({ allowed: true, headers: NONE })
/** Of the service's own answer, what the client gets. */
const RELAYED: readonly string[] = ['location', 'www-authenticate', 'set-cookie', 'content-language', 'retry-after']

function judge({ headers, onFailure }: ForwardAuth, answer: AuthAnswer | null): ForwardAuthResult {
  if (answer === null) return onFailure === 'allow' ? LET_IN : FAILED
  if (answer.status >= 200 && answer.status < 300)
    return { allowed: true, headers: answer.headers.filter(([name]) => headers.includes(name)) }
  const relayed = answer.headers.filter(([name]) => RELAYED.includes(name))
  const type = answer.headers.find(([name]) => name === 'content-type')?.[1]
  const body = answer.body.length === 0 ? null : answer.body
  return { allowed: false, answer: synthetic(answer.status, null, body, false, type, [...relayed, ['Cache-Control', 'no-store']]) }
}

function forwardAuthPolicy(service: ForwardAuth, options: GateOptions): Policy {
  const { forward = true } = options
  checkGate('forwardAuth', options, service.headers)
  const admitted = new WeakMap<Req, HeaderPairs>()
  const admit = (req: Req, headers: HeaderPairs): undefined => {
    letIn(req, options)
    admitted.set(req, headers)
    for (const [name, value] of headers) req.headers.append(name, value)
    if (!forward) for (const name of service.forward) req.headers.delete(name)
  }
  const decide = (req: Req, result: ForwardAuthResult): Synth | undefined => (result.allowed ? admit(req, result.headers) : result.answer)
  return Object.freeze({
    name: 'forwardAuth',
    services: Object.freeze({ forwardAuth: service }),
    recv: gateHook(options, {
      fields: service.headers,
      proven: (req) => admitted.get(req) ?? null,
      check: ({ req, client }) => service.check(req, client),
      admit,
      decide,
    }),
  })
}
