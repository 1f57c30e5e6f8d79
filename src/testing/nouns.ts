/** The nouns of one hook from partial plain data: the engine's own where it has them, so that they refuse what it refuses. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { Client, Key, Obj, ObjStale, Session } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { BackendRequest, type BackendRequestInit } from '../policy/backend-request.ts'
import { BackendResponse } from '../policy/backend-response.ts'
import { ClientRequest, type RequestOwner } from '../policy/client-request.ts'
import { ClientResponse } from '../policy/client-response.ts'
import { checkedStatus } from '../policy/status-line.ts'
import { lifetime } from '../wire/freshness.ts'
import { reasonPhrase } from '../wire/status.ts'
import { type HeadersGiven, headerMap } from './headers.ts'

/** Times in seconds, everywhere. */
export interface ReqGiven {
  /** Default `GET`. */
  readonly method?: string
  /** Default `/`. */
  readonly url?: string
  /** `Host` is `www.example.com` unless given. */
  readonly headers?: HeadersGiven
  readonly scheme?: 'http' | 'https'
  readonly proto?: '1.0' | '1.1' | '2'
  /** Default: whether `body` is given. */
  readonly hasBody?: boolean
  /** What `cacheBody` brings; text as UTF-8. */
  readonly body?: string | Uint8Array
  readonly upgrade?: string | null
  readonly backend?: BackendChoice | null
  readonly hashAlwaysMiss?: boolean
  readonly hashIgnoreBusy?: boolean
  readonly hashIgnoreVary?: boolean
  readonly ttl?: number | null
  readonly grace?: number | null
  readonly credentialed?: boolean | null
  /** Default `true`. */
  readonly esi?: boolean
  /** Default 0: no fragment. */
  readonly esiLevel?: number
  /** Default `null`. */
  readonly slice?: number | null
  readonly restarts?: number
  readonly id?: string
}

export interface BereqGiven extends Partial<Omit<BackendRequestInit, 'headers'>> {
  /** `Host` is `www.example.com` unless given. */
  readonly headers?: HeadersGiven
  readonly retries?: number
}

export interface BerespGiven {
  /** Default 200. */
  readonly status?: number
  readonly reason?: string
  /** What the lifetimes and `control` are computed from, as for an answer of an origin. */
  readonly headers?: HeadersGiven
  /** In place of what the fields say. */
  readonly ttl?: number
  readonly grace?: number
  readonly staleIfError?: number
  readonly keep?: number
  readonly age?: number
  readonly uncacheable?: boolean
  readonly was304?: boolean
  /** Default `false`. */
  readonly esi?: boolean
  readonly framing?: 'none' | 'length' | 'chunked' | 'close'
  readonly tags?: Iterable<string>
  readonly body?: string | Uint8Array
  readonly detail?: string
}

export interface ObjGiven extends Partial<Omit<ObjStale, 'headers' | 'tags'>> {
  readonly headers?: HeadersGiven
  readonly tags?: Iterable<string>
}

export interface RespGiven {
  /** Default 200. */
  readonly status?: number
  readonly reason?: string
  readonly headers?: HeadersGiven
  readonly isStreaming?: boolean
  readonly why?: Reason
  readonly body?: string | Uint8Array
  readonly detail?: string
}

export function makeClient(given: Partial<Client> = {}): Client {
  const ip = given.ip ?? '192.0.2.1'
  return { ip, remoteIp: given.ip ?? ip, trusted: false, mayInvalidate: false, identity: ip, ...given }
}

export function makeSession(given: Partial<Session> = {}): Session {
  return { localIp: '192.0.2.2', localPort: 80, scheme: 'http', ...given }
}

export function makeReq(given: ReqGiven = {}): ClientRequest {
  const {
    method = 'GET',
    url = '/',
    proto = '1.1',
    scheme = 'http',
    body = null,
    hasBody = body !== null,
    upgrade = null,
    esiLevel = 0,
    id = 'test-1',
    headers,
    ...rest
  } = given
  const fields = headerMap(headers)
  if (!fields.hasLower('host') && proto !== '1.0') fields.append('Host', 'www.example.com')
  const owner = new GivenBody(id, body ?? '')
  const req = new ClientRequest({ method: 'GET', url: '/', proto, scheme, headers: fields, hasBody, upgrade, esiLevel, owner })
  // Through the setters, which refuse what no client can send.
  Object.assign(req, { method, url }, rest)
  req.rememberOriginal()
  return req
}

class GivenBody implements RequestOwner {
  readonly id: string
  readonly #bytes: Uint8Array
  collected: Uint8Array | null = null
  readonly top = null

  constructor(id: string, body: string | Uint8Array) {
    this.id = id
    this.#bytes = typeof body === 'string' ? Buffer.from(body) : body
  }

  collect(limit: number): Promise<Uint8Array | null> {
    if (this.#bytes.length > limit) return Promise.resolve(null)
    this.collected = this.#bytes
    return Promise.resolve(this.#bytes)
  }
}

export function makeBereq(given: BereqGiven = {}): BackendRequest {
  const { method = 'GET', url = '/', headers, retries = 0, ...rest } = given
  const fields = headerMap(headers)
  if (!fields.hasLower('host')) fields.append('Host', 'www.example.com')
  const bereq = new BackendRequest({
    method: 'GET',
    url: '/',
    headers: fields,
    backend: null,
    connectTimeout: 3.5,
    firstByteTimeout: 60,
    betweenBytesTimeout: 60,
    isBgfetch: false,
    isHitMiss: false,
    isHitPass: false,
    uncacheable: false,
    credentialed: false,
    authorized: fields.hasLower('authorization'),
    request: { id: 'test-1' },
    ...rest,
  })
  return Object.assign(bereq, { method, url, retries })
}

/** `wall` in milliseconds since the epoch: when the answer came. */
export function makeBeresp(given: BerespGiven, decisions: Decisions, bereq: BackendRequest, wall: number): BackendResponse {
  const { framing = 'length' } = given
  const status = checkedStatus(given.status ?? 200)
  const headers = headerMap(given.headers)
  const bodyLength = framing === 'length' ? 0 : null
  const { method } = bereq
  const life = lifetime({ status, method, headers, requestTime: 0, responseTime: 0, wall, decisions, framing, bodyLength })
  const beresp = new BackendResponse({
    status,
    reason: given.reason ?? reasonPhrase(status),
    headers,
    ttl: given.ttl ?? life.ttl,
    grace: given.grace ?? life.grace,
    staleIfError: given.staleIfError ?? life.staleIfError,
    keep: given.keep ?? life.keep,
    age: given.age ?? life.age,
    control: life.control,
    backend: bereq.backend?.type === 'backend' ? bereq.backend.url : '',
    was304: given.was304 ?? false,
    uncacheable: given.uncacheable ?? bereq.uncacheable,
    esi: given.esi ?? false,
  })
  for (const tag of given.tags ?? []) beresp.tags.add(tag)
  beresp.body = given.body ?? ''
  beresp.detail = given.detail ?? ''
  return beresp
}

export function makeObj(given: ObjGiven = {}): Obj & ObjStale {
  const { headers, tags, ...rest } = given
  const status = given.status ?? 200
  return {
    status,
    reason: reasonPhrase(status),
    hits: 1,
    age: 0,
    ttl: 60,
    grace: 0,
    staleIfError: 0,
    keep: 0,
    uncacheable: false,
    esi: false,
    isValid: true,
    ...rest,
    headers: headerMap(headers),
    tags: new Set(tags),
  }
}

export function makeResp(given: RespGiven = {}): ClientResponse {
  const { isStreaming = false, why = 'HIT' } = given
  const status = checkedStatus(given.status ?? 200)
  const resp = new ClientResponse(status, given.reason ?? reasonPhrase(status), headerMap(given.headers), isStreaming, why)
  resp.body = given.body ?? ''
  resp.detail = given.detail ?? ''
  return resp
}

/** A key whose parts can be read. */
export class KeyParts implements Key {
  parts: string[]
  withScheme = true

  constructor(url: string, host: string) {
    this.parts = [url, host]
  }

  add(part: string): void {
    this.parts.push(String(part))
  }

  clear(): void {
    this.parts = []
  }

  dropScheme(): void {
    this.withScheme = false
  }
}
