/** The noun `bereq`: the request towards the origin, a copy that the client side cannot reach any more. */
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Bereq } from '../../vcl-ts/context.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/
const URL_TEXT = /^(?:\/[\x21\x22\x24-\x7e]*|\*)$/

export interface BackendRequestInit {
  readonly method: string
  readonly url: string
  readonly headers: HeaderMap
  readonly backend: Backend | null
  readonly connectTimeout: number
  readonly firstByteTimeout: number
  readonly betweenBytesTimeout: number
  readonly isBgfetch: boolean
  readonly isHitMiss: boolean
  readonly isHitPass: boolean
  readonly uncacheable: boolean
  readonly credentialed: boolean
  readonly authorized: boolean
  readonly id: string
}

export class BackendRequest implements Bereq {
  #method: string
  #url: string
  readonly headers: HeaderMap
  backend: Backend | null
  connectTimeout: number
  firstByteTimeout: number
  betweenBytesTimeout: number
  retries = 0
  readonly isBgfetch: boolean
  readonly isHitMiss: boolean
  readonly isHitPass: boolean
  readonly uncacheable: boolean
  readonly credentialed: boolean
  readonly authorized: boolean
  readonly id: string

  constructor(init: BackendRequestInit) {
    this.#method = init.method
    this.#url = init.url
    this.headers = init.headers
    this.backend = init.backend
    this.connectTimeout = init.connectTimeout
    this.firstByteTimeout = init.firstByteTimeout
    this.betweenBytesTimeout = init.betweenBytesTimeout
    this.isBgfetch = init.isBgfetch
    this.isHitMiss = init.isHitMiss
    this.isHitPass = init.isHitPass
    this.uncacheable = init.uncacheable
    this.credentialed = init.credentialed
    this.authorized = init.authorized
    this.id = init.id
  }

  get method(): string {
    return this.#method
  }

  set method(value: string) {
    if (typeof value !== 'string' || !METHOD.test(value))
      throw new TypeError(`bereq.method ${JSON.stringify(value)} is not a token (RFC 9110 §9.1)`)
    this.#method = value
  }

  get url(): string {
    return this.#url
  }

  set url(value: string) {
    if (typeof value !== 'string' || !URL_TEXT.test(value))
      throw new TypeError(
        `bereq.url ${JSON.stringify(value)} is not a request target: it starts with / and holds 0x21–0x7E but # (RFC 9112 §3.2)`,
      )
    this.#url = value
  }
}
