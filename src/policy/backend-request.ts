/** The noun `bereq`: the request towards the origin, a copy that the client side cannot reach any more. */
import type { Bereq } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { RequestLine } from './request-line.ts'

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
  readonly id: string
}

export class BackendRequest extends RequestLine implements Bereq {
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
  readonly id: string
  bodyDropped = false

  constructor(init: BackendRequestInit) {
    super(init.method, init.url)
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

  dropBody(): void {
    this.bodyDropped = true
  }
}
