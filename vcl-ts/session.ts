/** Sessions: who has a cookie that is good is let in; anybody else gets 401, or is sent to the page for logging in. */
import { type Synth, synthetic } from './actions.ts'
import type { Req } from './context.ts'
import { cookies } from './cookies.ts'
import type { HookContext } from './hook-context.ts'
import type { Maybe } from './maybe.ts'
import type { Policy } from './policy.ts'
import { checkGate, type GateOptions, letIn, quoted } from './services/gate.ts'

export interface SessionOptions extends GateOptions {
  /** Name of the cookie. */
  readonly cookie: string
  /** Whether a cookie's value is that of a session; a `memo` keeps this from being asked with each request. A throw is a failed hook: 503. */
  readonly allow: (value: string, context: HookContext<'recv'>) => Maybe<boolean>
  /**
   * The page for logging in: a path of the same host, which is then open to all, or an http or https URL. GET and HEAD are sent there with 302; other
   * methods get 401. Default: all get 401.
   */
  readonly login?: string
  /** Parameter of that page that holds where the client wanted to go; `null`: none. Default `return`. */
  readonly returnTo?: string | null
}

/**
 * `session({ cookie: 'sid', allow: (sid) => sessions.get(sid), login: '/login' })`, for `stack`. Where the client wanted to go is handed on as a
 * path of this host, or, to a page elsewhere, as a URL of the host that was asked. Throws a `TypeError` for options that cannot be.
 */
export function session(options: SessionOptions): Policy {
  const { cookie, allow, login, when, forward = true } = options
  if (!NAME.test(cookie)) throw new TypeError(`session: ${JSON.stringify(cookie)} is not the name of a cookie (RFC 6265 §4.1.1)`)
  if (typeof allow !== 'function') throw new TypeError('session: allow is a function of the cookie’s value')
  checkLogin(login)
  checkGate('session', options, [])
  const known = new WeakSet<Req>()
  const admit = (req: Req): undefined => {
    known.add(req)
    letIn(req, options)
    if (!forward) cookies.delete(req.headers, cookie)
  }
  return Object.freeze({
    name: 'session',
    recv: (context: HookContext<'recv'>) => {
      const { req } = context
      if ((when !== undefined && !when(context)) || req.path === login) return undefined
      // After a restart the cookie may be gone, which was good.
      if (req.restarts > 0 && known.has(req)) return admit(req)
      const value = req.cookies.get(cookie)
      if (value === undefined || value === '') return refusal(options, req)
      const allowed = allow(value, context)
      const decide = (good: boolean): Synth | undefined => (good === true ? admit(req) : refusal(options, req))
      return allowed instanceof Promise ? allowed.then(decide) : decide(allowed)
    },
  })
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * An address to send a client back to, made safe against open redirects: a path of the same host, with its query, or else `otherwise`.
 * For pages for logging in, which get it from whoever made the link.
 */
export function localAddress(address: string, otherwise: string = '/'): string {
  // A browser takes `\` for `/`, drops tabs and line ends, and reads `//host` as another host (WHATWG URL, 4.4).
  return /^\/(?![/\\])[\x21\x23-\x5b\x5d-\x7e]*$/.test(address) ? address : otherwise
}

function checkLogin(login: string | undefined): void {
  if (login === undefined || localAddress(login, '') !== '') return
  const url = URL.parse(login)
  if (
    url === null ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.username !== '' ||
    url.hash !== '' ||
    /[^\x21-\x7e]/.test(login)
  )
    throw new TypeError(`session: login ${JSON.stringify(login)} is neither a path nor an http or https URL`)
}

function refusal({ cookie, login, returnTo = 'return' }: SessionOptions, req: Req): Synth {
  if (login === undefined || (req.method !== 'GET' && req.method !== 'HEAD'))
    return synthetic(401, null, null, false, undefined, [
      ['WWW-Authenticate', `Cookie realm=${quoted('session')}, cookie-name=${quoted(cookie)}`],
      ['Cache-Control', 'no-store'],
    ])
  const path = localAddress(req.url)
  const address = login.startsWith('/') ? path : `${req.scheme}://${req.host}${path}`
  const query = returnTo === null ? '' : `${login.includes('?') ? '&' : '?'}${encodeURIComponent(returnTo)}=${encodeURIComponent(address)}`
  return synthetic(302, null, null, false, undefined, [
    ['Location', `${login}${query}`],
    ['Cache-Control', 'no-store'],
  ])
}
