/** The noun `bereq`: the request towards the origin, a copy that the client side cannot reach any more. */
import type { Bereq } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { checkedMethod, checkedUrl } from './request-line.ts'

export interface BackendRequestInit {
  readonly method: string
  readonly url: string
  readonly headers: HeaderMap
  readonly backend: BackendChoice | null
  readonly connectTimeout: number
  readonly firstByteTimeout: number
  readonly betweenBytesTimeout: number
  readonly isBgfetch: boolean
  readonly isHitMiss: boolean
  readonly isHitPass: boolean
  readonly uncacheable: boolean
  readonly credentialed: boolean
  readonly authorized: boolean
  /** What it is asked for. */
  readonly request: { readonly id: string }
}

export class BackendRequest implements Bereq {
  #method: string
  #url: string
  readonly headers: HeaderMap
  backend: BackendChoice | null
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
  readonly #request: { readonly id: string }
  bodyDropped = false

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
    this.#request = init.request
  }

  get id(): string {
    return this.#request.id
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

  dropBody(): void {
    this.bodyDropped = true
  }
}
