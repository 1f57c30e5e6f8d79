/** A cookie that an answer gives its client (RFC 6265 §4.1, and its successor's draft). */
import { checkCookie } from './cookie-pair.ts'
import { type Duration, seconds } from './duration.ts'
import type { HeaderMap } from './headers.ts'

export interface SetCookieOptions {
  /** How long the browser keeps it; 0 or less: it forgets it now. Default: until the browser is closed. */
  readonly maxAge?: Duration
  /** Default `/`. */
  readonly path?: string
  /** This host and all below. Default: this host alone. */
  readonly domain?: string
  /** Sent over https alone, and to localhost. Default `true`. */
  readonly secure?: boolean
  /** Kept from scripts. Default `true`. */
  readonly httpOnly?: boolean
  /** Whether it goes with requests that other sites cause; `None` needs `secure`. Default `Lax`. */
  readonly sameSite?: 'Strict' | 'Lax' | 'None'
  /** Apart for each site that embeds this one; needs `secure`. Default `false`. */
  readonly partitioned?: boolean
}

const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]*$/

/**
 * `setCookie(resp.headers, 'visitor', id, { maxAge: '1y' })` in `deliver` or `synth`: this answer alone has it, what is stored has not. A line of that name that
 * is there already is replaced. Throws a `TypeError` for a name, value or attribute that no cookie may have, and where browsers would refuse
 * the cookie: `None` and `partitioned` without `secure`, `__Host-` with a domain or another path, `__Secure-` without `secure`.
 */
export function setCookie(headers: HeaderMap, name: string, value: string, options: SetCookieOptions = {}): void {
  const { maxAge, path = '/', domain, secure = true, httpOnly = true, sameSite = 'Lax', partitioned = false } = options
  checkCookie(name, value)
  for (const text of [path, domain ?? ''])
    if (!ATTRIBUTE.test(text)) throw new TypeError(`setCookie(): ${JSON.stringify(text)} cannot be an attribute of a cookie`)
  if (!secure && (sameSite === 'None' || partitioned || /^__(?:Secure|Host)-/i.test(name)))
    throw new TypeError(`setCookie(): browsers refuse ${name} without secure`)
  if (/^__Host-/i.test(name) && (domain !== undefined || path !== '/'))
    throw new TypeError(`setCookie(): browsers refuse ${name} with a domain, or a path other than /`)
  const others = headers.getAll('set-cookie').filter((line) => nameOf(line) !== name)
  const attributes = [
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(maxAge === undefined ? [] : [`Max-Age=${Math.floor(seconds(maxAge))}`]),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    `SameSite=${sameSite}`,
    ...(partitioned ? ['Partitioned'] : []),
  ]
  headers.delete('set-cookie')
  for (const line of others) headers.append('Set-Cookie', line)
  headers.append('Set-Cookie', [`${name}=${value}`, ...attributes].join('; '))
}

function nameOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf('='))).trim()
}
