/**
 * What all presets are: rules about paths, cookies, parameters and lifetimes as data, and the policy that follows them. What is looked up
 * has no cookie but those that are part of its key, so that the origin cannot answer it by anybody's own; the rest passes.
 */
import { type Purge, verbs } from '../actions.ts'
import { isAnalyticsCookie } from '../builtin/analytics-cookies.ts'
import { invalidation } from '../builtin/invalidation-steps.ts'
import type { Bereq, Beresp, Client, Key, Req, Resp } from '../context.ts'
import { cookies } from '../cookies.ts'
import { type Duration, seconds } from '../duration.ts'
import type { HookAction } from '../legal.ts'
import { matchesName, type NamePattern } from '../name-pattern.ts'
import { nearest } from '../nearest.ts'
import { definePolicy, type Policy, PolicyError } from '../policy.ts'
import { query } from '../query.ts'
import { type PathPattern, pathTest } from './path-pattern.ts'

/** What every preset can be told. Lists are added to what the preset knows; times are seconds or text such as `'5m'`. */
export interface PresetOptions {
  /** Paths that are never looked up: the origin answers each request. */
  readonly pass?: readonly PathPattern[]
  /** Cookies by which the origin answers one person: with one of them a request passes. */
  readonly personal?: readonly NamePattern[]
  /** Cookies by which pages differ for many, such as a language: each value has copies of its own. */
  readonly variants?: readonly NamePattern[]
  /** Cookies by which nobody answers: they do not count, and what is looked up goes without them. */
  readonly ignore?: readonly NamePattern[]
  /** Parameters by which nobody answers, beside `TRACKING_PARAMETERS`. */
  readonly dropParameters?: readonly NamePattern[]
  /** Freshness of a page whose origin says nothing of it; 0: none. */
  readonly ttl?: Duration
  /** How long a stale page is served while one request refreshes it, unless its origin says. */
  readonly grace?: Duration
  /** How long a stale page is served while the origin fails, unless it says. */
  readonly staleIfError?: Duration
}

/** What a preset knows of its system. */
export interface SiteRules {
  readonly name: string
  readonly pass: readonly PathPattern[]
  /** Parameters with which a request passes. */
  readonly passParameters?: readonly NamePattern[]
  readonly personal: readonly NamePattern[]
  readonly variants?: readonly NamePattern[]
  readonly ignore?: readonly NamePattern[]
  /**
   * What becomes of cookies that are on none of the lists. `drop`: looked up without them, where all that the system answers by are known.
   * `pass`: the request passes. `send`: looked up with them; what is not `public` is then not shared.
   */
  readonly others: 'drop' | 'pass' | 'send'
  /** Files, the same for everybody: they are looked up without any cookie. */
  readonly files?: readonly PathPattern[]
  /** Cookies of sessions that the system begins with each answer: gone from an answer that says `public`, so that it can be shared. */
  readonly sessions?: readonly NamePattern[]
  readonly dropParameters?: readonly NamePattern[]
  readonly ttl: Duration
  readonly grace: Duration
  readonly staleIfError: Duration
  /** Fields of requests, in lower case, that nobody outside of the system may send. */
  readonly strip?: readonly string[]
  /** Further reasons to pass a GET or HEAD. */
  readonly recv?: (req: Req, client: Client) => HookAction<'recv'> | undefined
  /** Whether a request with Authorization is looked up; without this it passes. */
  readonly shares?: (req: Req) => boolean
  /** More that the key is made of. */
  readonly key?: (req: Req, key: Key) => void
  /** How the system's plugins ask for invalidation, where that is not what `reqInvalidate` knows. Whether they may is asked elsewhere. */
  readonly dialect?: (req: Req) => HookAction<'recv'> | undefined
  /** What their plugins are answered where they may not, default 405. */
  readonly denied?: 403 | 405
  readonly backendFetch?: (bereq: Bereq) => void
  readonly backendResponse?: (bereq: Bereq, beresp: Beresp) => void
  readonly deliver?: (req: Req, resp: Resp) => void
}

const OPTION_NAMES: readonly string[] = ['pass', 'personal', 'variants', 'ignore', 'dropParameters', 'ttl', 'grace', 'staleIfError']
/** Statuses of a page that is given the preset's freshness. */
const PAGES: ReadonlySet<number> = new Set([200, 203, 301, 308, 404, 410])
/** Seconds that the decision presets give an answer that says nothing. */
const UNSAID_GRACE: ReadonlySet<number> = new Set([0, 10])
const UNSAID_STALE: ReadonlySet<number> = new Set([0, 86_400])
const MARKED = '2m'
/** Seconds for what is missing: it may come. */
const MISSING = 60

/** The policy of a preset. `own`: names of the options that this preset alone has. Throws a `PolicyError` for an option that is not known. */
export function site(rules: SiteRules, options: PresetOptions, own: readonly string[] = []): Policy {
  checkOptions(rules.name, options, [...OPTION_NAMES, ...own])
  const judge = requestJudge(rules, options)
  const keyed = rules.key !== undefined || judge.variants.length > 0
  return definePolicy({
    name: rules.name,
    builtin: {
      reqInvalidate: ({ req, client }) => invalidate(rules, keyed, req, client),
      // Here, for what is not to be looked up at all has gone by: other methods, tunnels, bodies.
      reqCookie: ({ req, client }) => judge.cookies(req, client),
    },
    recv({ req, client }) {
      const { method } = req
      if (rules.strip !== undefined) for (const name of rules.strip) if (req.headers.hasLower(name)) req.headers.delete(name)
      if (method !== 'GET' && method !== 'HEAD') {
        if (method === 'PURGE') req.url = judge.url(req)
        return undefined
      }
      // Of a tunnel the built-in policy decides, and where it is none the step above.
      const passed = req.upgrade === null ? judge.passes(req, client) : undefined
      if (passed !== undefined) return passed
      req.url = judge.url(req)
      return undefined
    },
    hash({ req, key }) {
      if (judge.variants.length > 0) for (const [name, value] of allCookies(req, judge.variants)) key.add(`${name}=${value}`)
      rules.key?.(req, key)
    },
    ...(rules.backendFetch === undefined ? {} : { backendFetch: ({ bereq }) => rules.backendFetch?.(bereq) }),
    backendResponse({ bereq, beresp }) {
      rules.backendResponse?.(bereq, beresp)
      if (!bereq.uncacheable) judgeAnswer(rules, options, beresp)
    },
    ...(rules.deliver === undefined ? {} : { deliver: ({ req, resp }) => rules.deliver?.(req, resp) }),
  })
}

interface RequestJudge {
  readonly variants: readonly NamePattern[]
  readonly url: (req: Req) => string
  readonly passes: (req: Req, client: Client) => HookAction<'recv'> | undefined
  readonly cookies: (req: Req, client: Client) => HookAction<'recv'> | undefined
}

function requestJudge(rules: SiteRules, options: PresetOptions): RequestJudge {
  const passed = pathTest([...rules.pass, ...(options.pass ?? [])])
  const file = pathTest(rules.files ?? [])
  const parameters = rules.passParameters ?? []
  const personal = [...rules.personal, ...(options.personal ?? [])]
  const variants = [...(rules.variants ?? []), ...(options.variants ?? [])]
  const ignored = [...(rules.ignore ?? []), ...(options.ignore ?? [])]
  const dropped = [...(rules.dropParameters ?? []), ...(options.dropParameters ?? [])]

  const passes = (req: Req, client: Client): HookAction<'recv'> | undefined => {
    if (passed(req.path)) return verbs.pass()
    if (parameters.length > 0 && req.query !== '' && query.drop(req.url, ...parameters) !== req.url) return verbs.pass()
    const decided = rules.recv?.(req, client)
    if (decided !== undefined || !req.headers.hasLower('authorization') || rules.shares?.(req) === true) return decided
    // What the system shows to nobody in particular is another page.
    return verbs.pass('REQUEST_AUTHORIZATION')
  }
  const isPersonal = (name: string): boolean => {
    if (matchesName(name, personal)) return true
    return rules.others === 'pass' && !matchesName(name, variants) && !matchesName(name, ignored) && !isAnalyticsCookie(name)
  }
  return {
    variants,
    passes,
    url: ({ url }) => query.sort(query.drop(query.dropTracking(url), ...dropped)),
    cookies: (req, client) => {
      const late = req.upgrade === null ? undefined : passes(req, client)
      if (late !== undefined) return late
      if (!req.headers.has('cookie')) return undefined
      if (file(req.path)) {
        req.headers.delete('cookie')
        return undefined
      }
      for (const name of req.cookies.keys()) if (isPersonal(name)) return verbs.pass('REQUEST_COOKIE')
      if (rules.others === 'send') {
        req.credentialed ??= true
        return undefined
      }
      cookies.keep(req.headers, ...variants)
      // They speak for many, and are in the key.
      if (req.headers.has('cookie')) req.credentialed ??= false
      return undefined
    },
  }
}

/** Several of one name are all there, in their order: origins differ in which they take. */
function allCookies({ headers }: Req, names: readonly NamePattern[]): readonly (readonly [name: string, value: string])[] {
  const found: (readonly [string, string])[] = []
  if (headers.has('cookie'))
    cookies.filter(headers, (name, value) => {
      if (matchesName(name, names)) found.push([name, value])
      return true
    })
  return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Under a key that has more than URL and host a purge of the URL is for all that lies under it. */
function invalidate(rules: SiteRules, keyed: boolean, req: Req, client: Client): HookAction<'recv'> | undefined {
  const asked = rules.dialect?.(req)
  if (asked !== undefined) return client.mayInvalidate ? asked : verbs.synth(rules.denied ?? 405)
  const action = invalidation({ req, client })
  if (!keyed || action?.type !== 'purge' || action.subject !== undefined) return action
  return purgeUrl(req.url, action.soft)
}

/** All that lies under a URL of the request's host. */
export function purgeUrl(url: string, soft: boolean = false): Purge {
  return Object.freeze({ type: 'purge', soft, subject: Object.freeze({ by: 'url', url, host: null }) })
}

/** Whatever the server's decision preset says of cookies and silence. */
function judgeAnswer(rules: SiteRules, options: PresetOptions, beresp: Beresp): void {
  const { control } = beresp
  if (rules.sessions !== undefined && (control.public || control.sMaxage !== null)) forgetSessions(beresp, rules.sessions)
  if (beresp.headers.has('set-cookie')) {
    beresp.uncacheable = true
    beresp.ttl = MARKED
    beresp.why = 'SET_COOKIE'
    return
  }
  if (control.noStore || control.private || control.noCache || beresp.uncacheable) return
  const ttl = seconds(options.ttl ?? rules.ttl)
  if (!control.explicit && control.source !== 'policy' && ttl > 0 && PAGES.has(beresp.status))
    beresp.ttl = beresp.status === 404 || beresp.status === 410 ? Math.min(ttl, MISSING) : ttl
  if (beresp.ttl <= 0 || beresp.status >= 500 || control.mustRevalidate || control.proxyRevalidate) return
  const { grace, staleIfError } = beresp
  // A policy before this one in the stack may have said otherwise.
  if (control.staleWhileRevalidate === null && UNSAID_GRACE.has(grace)) beresp.grace = options.grace ?? rules.grace
  if (control.staleIfError === null && (UNSAID_STALE.has(staleIfError) || staleIfError === grace))
    beresp.staleIfError = options.staleIfError ?? rules.staleIfError
}

/** The session was begun for a request without a cookie; nobody gets it, and the next request that passes begins another. */
function forgetSessions({ headers }: Beresp, sessions: readonly NamePattern[]): void {
  const lines = headers.getAll('set-cookie')
  const kept = lines.filter((line) => !matchesName(line.slice(0, Math.max(0, line.search(/[=;]|$/))).trim(), sessions))
  if (kept.length === lines.length) return
  headers.delete('set-cookie')
  for (const line of kept) headers.append('Set-Cookie', line)
}

function checkOptions(name: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const meant = nearest(key, known)
    throw new PolicyError(
      `${name}() has no option ${JSON.stringify(key)}; ${meant === null ? `there are ${known.join(', ')}` : `did you mean ${meant}?`}`,
    )
  }
}
