/** The noun `req`: the one canonical request that key, policy and forwarded bytes are made from. */
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { OriginalRequest, Req } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { isSliceSize, LARGEST_SLICE, SMALLEST_SLICE } from '../../vcl-ts/slice.ts'
import { requestCacheControl } from '../wire/cache-control.ts'
import { normaliseHost } from '../wire/forwarded.ts'
import { checkedMethod, checkedUrl } from './request-line.ts'

export interface ClientRequestInit {
  readonly method: string
  readonly url: string
  readonly proto: '1.0' | '1.1' | '2'
  readonly scheme: 'http' | 'https'
  readonly headers: HeaderMap
  readonly hasBody: boolean
  readonly upgrade: string | null
  /** Default 0. */
  readonly esiLevel?: number
  /** As `Req.slice`; default `null`. */
  readonly slice?: number | null
  readonly owner: RequestOwner
}

/** The transaction as its request sees it. */
export interface RequestOwner {
  /** Made when somebody asks. */
  readonly id: string
  /** The body, once it was collected. */
  readonly collected: Uint8Array | null
  /** See `Req.cacheBody`. */
  collect(limit: number): Promise<Uint8Array | null>
  /** See `Req.top`; `null`: the request itself. */
  readonly top: OriginalRequest | null
}

export class ClientRequest implements Req {
  #method: string
  #url: string
  scheme: 'http' | 'https'
  readonly proto: '1.0' | '1.1' | '2'
  readonly headers: HeaderMap
  readonly hasBody: boolean
  readonly upgrade: string | null
  backend: BackendChoice | null = null
  hashAlwaysMiss = false
  hashIgnoreBusy = false
  hashIgnoreVary = false
  ttl: number | null = null
  grace: number | null = null
  credentialed: boolean | null = null
  restarts = 0
  esi = true
  isHitMiss = false
  isHitPass = false
  readonly esiLevel: number
  #slice: number | null
  original: OriginalRequest
  #cookies: ReadonlyMap<string, string> | null = null
  #cookieField: string | undefined = undefined
  #cacheControl: CacheControl | null = null
  readonly #owner: RequestOwner

  constructor(init: ClientRequestInit) {
    this.#method = init.method
    this.#url = init.url
    this.proto = init.proto
    this.scheme = init.scheme
    this.headers = init.headers
    this.hasBody = init.hasBody
    this.upgrade = init.upgrade
    this.esiLevel = init.esiLevel ?? 0
    this.#slice = init.slice ?? null
    this.#owner = init.owner
    this.original = this
  }

  get method(): string {
    return this.#method
  }

  set method(value: string) {
    this.#method = checkedMethod(value)
  }

  get url(): string {
    return this.#url
  }

  set url(value: string) {
    this.#url = checkedUrl(value)
  }

  get path(): string {
    const at = this.url.indexOf('?')
    return at < 0 ? this.url : this.url.slice(0, at)
  }

  get query(): string {
    const at = this.url.indexOf('?')
    return at < 0 ? '' : this.url.slice(at + 1)
  }

  get host(): string {
    return this.headers.getLower('host') ?? ''
  }

  set host(value: string) {
    this.headers.set('Host', normaliseHost(value, this.scheme))
  }

  get slice(): number | null {
    return this.#slice
  }

  set slice(value: number | null) {
    if (!isSliceSize(value))
      throw new TypeError(
        `req.slice cannot be ${JSON.stringify(value)}: give a whole number of bytes from ${SMALLEST_SLICE} to ${LARGEST_SLICE}, or null`,
      )
    this.#slice = value === 0 ? null : value
  }

  get id(): string {
    return this.#owner.id
  }

  get top(): OriginalRequest {
    return this.#owner.top ?? this
  }

  get body(): Uint8Array | null {
    return this.#owner.collected
  }

  cacheBody(limit: number): Promise<Uint8Array | null> {
    if (!Number.isInteger(limit) || limit < 0)
      throw new TypeError(`cacheBody(${String(limit)}): give the most bytes that the body may have, a whole number`)
    return this.#owner.collect(limit)
  }

  get cookies(): ReadonlyMap<string, string> {
    const field = this.headers.joinedLower('cookie')?.replaceAll(', ', '; ')
    if (this.#cookies === null || field !== this.#cookieField) {
      this.#cookieField = field
      this.#cookies = parseCookies(field ?? '')
    }
    return this.#cookies
  }

  get cacheControl(): CacheControl {
    this.#cacheControl ??= requestCacheControl(this.headers)
    return this.#cacheControl
  }

  /** Before the client hooks of a policy run, they may look back at what the client sent. */
  rememberOriginal(): void {
    this.original = { method: this.method, url: this.url, headers: this.headers.clone() }
  }

  /** A hook may have changed the fields: read them again. */
  forgetParsed(): void {
    this.#cacheControl = null
  }
}

/** Cookies by name, the first of a name (RFC 6265 §5.4 leaves the order to the client). */
export function parseCookies(field: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of field.split(';')) {
    const at = pair.indexOf('=')
    const name = (at < 0 ? pair : pair.slice(0, at)).trim()
    if (name !== '' && !cookies.has(name)) cookies.set(name, at < 0 ? '' : pair.slice(at + 1).trim())
  }
  return cookies
}
