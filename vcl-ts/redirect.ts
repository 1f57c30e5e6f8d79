/** Redirects whose target cannot become another header, another site, or a script. */
import { type Synth, synthetic } from './actions.ts'
import { type Duration, seconds } from './duration.ts'

export interface RedirectOptions {
  /**
   * 301 and 308 are for ever, 302, 303 and 307 for now; 307 and 308 keep method and body, 303 makes it a GET (RFC 9110 §15.4). Default 302.
   */
  readonly status?: 301 | 302 | 303 | 307 | 308
  /** Put behind the target's own query: `redirect('/new', { query: req.query })` keeps that of the request. */
  readonly query?: string
  /**
   * Hosts that an absolute target may name, as `example.com` or `*.example.com`, with `:port` where it is not the scheme's own; `[]`: none, the
   * target stays on this site. To be given wherever a client has a say in the target: `redirect(next, { hosts: [] })`. Default: any, for the
   * policy wrote it.
   */
  readonly hosts?: readonly string[]
  /** Where to in place of a target that is not allowed or cannot be one. A path; default `/`. Only with `hosts`. */
  readonly otherwise?: string
  /** How long caches may keep the redirect. Default: not said. */
  readonly maxAge?: Duration
}

const STATUSES: readonly number[] = [301, 302, 303, 307, 308]
const ABSOLUTE = /^https?:\/\//i
/** Only to resolve paths against. */
const HERE = 'http://localhost'

/**
 * A redirect for `recv` and other client hooks to answer: `return redirect('/new', { status: 301, query: req.query })`. The target is a
 * path, which always stays on this site (`//evil.example` and `/\evil.example` become `/evil.example`), or an `http://` or `https://` URL without
 * user and password. It is sent as browsers read it, with what may not stand in a URL percent-encoded. What is neither throws a
 * `TypeError`; with `hosts` it leads to `otherwise`, for a client cannot make a hook fail then.
 */
export function redirect(to: string, options: RedirectOptions = {}): Synth {
  const { status = 302, query = '', hosts, otherwise = '/', maxAge } = options
  if (!STATUSES.includes(status)) throw new RangeError(`redirect(): ${String(status)} is no redirect; give 301, 302, 303, 307 or 308`)
  const wanted = withQuery(String(to), query)
  const location = targetOf(wanted, hosts ?? null) ?? (hosts === undefined ? refuse(to) : localTarget(withQuery(otherwise, query)))
  const cache = maxAge === undefined ? [] : [['Cache-Control', `max-age=${Math.max(0, Math.floor(seconds(maxAge)))}`] as const]
  return synthetic(status, null, `${location}\n`, false, 'text/plain; charset=utf-8', [['Location', location], ...cache])
}

function targetOf(to: string, hosts: readonly string[] | null): string | null {
  if (/^[/\\]/.test(to)) return localTarget(to)
  if (!ABSOLUTE.test(to)) return null
  const url = URL.parse(to)
  if (url === null || url.username !== '' || url.password !== '') return null
  return hosts === null || hosts.some((host) => means(host, url)) ? url.href : null
}

/** A path of this site, whatever slashes it begins with, and whatever a URL parser leaves out in between. */
function localTarget(to: string): string {
  const path = to.replace(/[\t\n\r]/g, '').replace(/^[/\\]*/, '/')
  const url = URL.parse(path, HERE)
  // `/.//evil.example` has lost its dot.
  return url === null ? '/' : url.pathname.replace(/^\/+/, '/') + url.search + url.hash
}

function withQuery(to: string, query: string): string {
  if (query === '') return to
  const at = to.indexOf('#')
  const [before, fragment] = at < 0 ? [to, ''] : [to.slice(0, at), to.slice(at)]
  return `${before}${before.includes('?') ? '&' : '?'}${query.replaceAll('#', '%23')}${fragment}`
}

function means(pattern: string, url: URL): boolean {
  const wanted = pattern.toLowerCase()
  const given = wanted.includes(':') ? url.host : url.port === '' ? url.hostname : ''
  return wanted.startsWith('*.') ? given.endsWith(wanted.slice(1)) && given.length > wanted.length - 1 : given === wanted
}

function refuse(to: string): never {
  throw new TypeError(
    `redirect(${JSON.stringify(to)}): give a path, '/new', or a URL, 'https://example.com/new'; where a client has a say in it, give hosts, too`,
  )
}
