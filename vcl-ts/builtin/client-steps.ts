/** The built-in steps of the client side. Each answers an action, which decides, or nothing; the last word has `defaults.ts`. */
import { type Action, type Pass, type Synth, synthetic, verbs } from '../actions.ts'
import type { Req } from '../context.ts'
import type { HookContext } from '../hook-context.ts'
import { normaliseHost } from '../host.ts'
import { REGISTERED_METHODS } from '../methods.ts'
import { isAnalyticsOnly } from './analytics-cookies.ts'
import type { Decisions } from './decisions.ts'
import { defaultRecv } from './defaults.ts'
import { errorPage } from './error-page.ts'
import { invalidation, purgeAnswer } from './invalidation-steps.ts'
import type { StepName } from './step-names.ts'

/** What the steps of `recv` look at. */
export type RecvNouns = Pick<HookContext<'recv'>, 'req' | 'client'>
export type ClientSteps = { readonly [S in StepName<'recv'>]: (context: RecvNouns) => Action | undefined } & {
  readonly purgeAnswer: (context: HookContext<'purge'>) => Action | undefined
  readonly synthPage: (context: HookContext<'synth'>) => Action | undefined
}

const PIPE = verbs.pipe()
const NO_HOST: Synth = synthetic(400, 'Bad Request', null, true)
const CONNECT_REFUSED: Synth = synthetic(405, 'Method Not Allowed', null, false)
const PREFACE_REFUSED: Synth = synthetic(400, 'Bad Request', null, true)
const UNKNOWN_METHOD: Synth = synthetic(501, 'Not Implemented', null, true)
const PASS_METHOD: Pass = verbs.pass('METHOD')
const PASS_BODY: Pass = verbs.pass('REQUEST_BODY')
const PASS_PRECONDITION: Pass = verbs.pass('PRECONDITION')
const PASS_AUTHORIZATION: Pass = verbs.pass('REQUEST_AUTHORIZATION')
const PASS_COOKIE: Pass = verbs.pass('REQUEST_COOKIE')

const VARNISH_PASSED: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** The steps under one preset's decisions. */
export function clientSteps(decisions: Decisions): ClientSteps {
  return {
    reqHost: ({ req }) => requireHost(req),
    reqInvalidate: invalidation,
    reqUpgrade: ({ req }) => (opensWebSocket(req) ? PIPE : undefined),
    reqMethod: ({ req }) => judgeMethod(req, decisions),
    reqAuthorization: ({ req }) => {
      if (!req.headers.hasLower('authorization')) return undefined
      if (decisions.authorization === 'pass') return PASS_AUTHORIZATION
      req.credentialed ??= true
      return undefined
    },
    reqCookie: ({ req }) => {
      if (decisions.cookie === 'ignore' || !req.headers.hasLower('cookie')) return undefined
      if (decisions.cookie === 'pass') return PASS_COOKIE
      if (hasPersonalCookie(req)) req.credentialed ??= true
      return undefined
    },
    // The look-up honours the client's Cache-Control, where the preset does: only there it is known what is stored.
    reqCacheControl: () => undefined,
    purgeAnswer: ({ req, purged }) => purgeAnswer(req, purged),
    synthPage: ({ req, resp }) => {
      if (resp.status === 405 && !resp.headers.hasLower('allow')) resp.headers.set('Allow', ALLOW) // RFC 9110 §15.5.6
      if (resp.body.length > 0 || resp.status === 204 || resp.status === 205 || resp.status === 304) return undefined
      const page = errorPage({
        status: resp.status,
        reason: resp.reason,
        cause: resp.why,
        detail: resp.detail,
        id: req.id,
        accept: req.headers.joined('accept'),
      })
      for (const [name, value] of page.headers) resp.headers.set(name, value)
      resp.body = page.body
      return undefined
    },
  }
}

/** All steps of `recv` and its default answer in one, for policies that leave them as they are: what is asked in turn by its name costs least. */
export function recvInOne(steps: ClientSteps): (context: RecvNouns) => Action {
  const { reqHost, reqInvalidate, reqUpgrade, reqMethod, reqAuthorization, reqCookie, reqCacheControl } = steps
  return (context) =>
    reqHost(context) ??
    reqInvalidate(context) ??
    reqUpgrade(context) ??
    reqMethod(context) ??
    reqAuthorization(context) ??
    reqCookie(context) ??
    reqCacheControl(context) ??
    defaultRecv(context)
}

/** Whether a request is credentialed when no hook and no step said so: a policy answered `hash()` before the built-in steps. */
export function credentialedByDefault(req: Pick<Req, 'headers'>, decisions: Decisions): boolean {
  if (decisions.authorization === 'class' && req.headers.hasLower('authorization')) return true
  return decisions.cookie === 'class' && hasPersonalCookie(req)
}

/** Whether it has a cookie that is not on the analytics list. */
function hasPersonalCookie(req: Pick<Req, 'headers'>): boolean {
  return !req.headers.everyLower('cookie', isAnalyticsOnly)
}

/** RFC 9112 §3.2: a 1.1 request without Host is refused. A hook may have written the host, so it is put in normal form again. */
function requireHost(req: Req): Action | undefined {
  const given = req.host
  if (given === '') return req.proto === '1.0' ? undefined : NO_HOST
  const host = normaliseHost(given, req.scheme)
  if (host !== given) req.host = host
  return undefined
}

/** RFC 6455 §4.1. */
function opensWebSocket(req: Req): boolean {
  return req.upgrade !== null && req.method === 'GET' && req.proto === '1.1' && !req.hasBody && req.upgrade.toLowerCase() === 'websocket'
}

function judgeMethod(req: Req, decisions: Decisions): Action | undefined {
  if (req.method === 'GET' || req.method === 'HEAD') return judgeRetrieval(req)
  if (req.method === 'CONNECT') return CONNECT_REFUSED
  if (req.method === 'PRI') return PREFACE_REFUSED
  if (decisions.registeredMethod === 'varnish') return VARNISH_PASSED.has(req.method) ? PASS_METHOD : UNKNOWN_METHOD
  return decisions.unregisteredMethod === 'pass' || REGISTERED_METHODS.has(req.method) ? PASS_METHOD : UNKNOWN_METHOD
}

/** The origin may answer by a body that no key holds; and only it knows the current state that If-Match asks about (RFC 9111 §4.3.2). */
function judgeRetrieval(req: Req): Action | undefined {
  if (req.hasBody) return PASS_BODY
  return req.headers.hasLower('if-match') || req.headers.hasLower('if-unmodified-since') ? PASS_PRECONDITION : undefined
}
