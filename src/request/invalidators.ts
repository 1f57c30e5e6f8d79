/** Who may purge, and whose `no-cache` is honoured: by address, or by the bearer token. */
import { type Acl, acl } from '../../vcl-ts/acl.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { BearerToken } from './bearer-token.ts'

/** `loopback` includes Unix sockets. `private` is loopback and the blocks of RFC 1918 and RFC 4193. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  none: [],
}

const LOOPBACK = acl('127.0.0.0/8', '::1')

/** The address that a request is judged by. */
export interface Caller {
  /** The socket's; `''` for a Unix socket. */
  readonly remoteIp: string
  /** Behind a trusted peer the rightmost untrusted forwarded address, else the socket's. */
  readonly ip: string
  readonly trusted: boolean
  /** The request as it came, before any field of ours was set. */
  readonly headers: HeaderMap
}

/** Addresses that may. */
export class AllowedFrom {
  readonly #acl: Acl
  readonly #unix: boolean

  /** Networks, `!` before what is not meant, `loopback`, `private`, `none`. Throws a `TypeError` for anything else. */
  constructor(entries: readonly string[]) {
    this.#acl = acl(...new Set(entries.flatMap((entry) => (Object.hasOwn(WORDS, entry) ? (WORDS[entry] ?? []) : [entry]))))
    this.#unix = entries.some((entry) => entry === 'loopback' || entry === 'private')
  }

  allows(caller: Caller): boolean {
    const { ip, remoteIp, trusted, headers } = caller
    const own = ip === remoteIp
    // A proxy on this host, or a trusted one that does not tell for whom, would lend its address to everybody.
    if ((ip === '' || LOOPBACK.matches(ip) || (own && trusted)) && !(own && !forwards(headers))) return false
    return ip === '' ? this.#unix : this.#acl.matches(ip)
  }
}

export interface InvalidatorsInit {
  readonly purgeFrom: AllowedFrom
  readonly refreshFrom: AllowedFrom
  /** `null`: there is none. */
  readonly token: string | null
}

export class Invalidators {
  readonly #purgeFrom: AllowedFrom
  readonly #refreshFrom: AllowedFrom
  readonly #token: BearerToken | null

  constructor(init: InvalidatorsInit) {
    this.#purgeFrom = init.purgeFrom
    this.#refreshFrom = init.refreshFrom
    this.#token = init.token === null ? null : new BearerToken(init.token)
  }

  get hasToken(): boolean {
    return this.#token !== null
  }

  /** Whether a value of Authorization is the bearer token; the time taken tells nothing about it. */
  isToken(authorization: string): boolean {
    return this.#token?.matches(authorization) === true
  }

  mayPurge(caller: Caller): boolean {
    return !isBrowser(caller.headers) && this.#purgeFrom.allows(caller)
  }

  mayRefresh(caller: Caller): boolean {
    return !isBrowser(caller.headers) && this.#refreshFrom.allows(caller)
  }
}

/** A page on any site can make its visitor's browser send requests from the visitor's address. */
function isBrowser(headers: HeaderMap): boolean {
  if (headers.hasLower('origin')) return true
  return headers.getAll('sec-fetch-site').some((site) => site.trim().toLowerCase() !== 'none')
}

/** Whether somebody in front says that the request is not its own. */
function forwards(headers: HeaderMap): boolean {
  for (let i = 0; i < headers.size; i++) {
    const name = headers.lowerAt(i)
    if (name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded-')) return true
  }
  return false
}
