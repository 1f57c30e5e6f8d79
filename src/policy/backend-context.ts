/** What the fetch-side hooks see: one object per fetch; verbs come from the prototype. */
import { type Verbs, verbs } from '../../vcl-ts/actions.ts'
import type { ObjStale } from '../../vcl-ts/context.ts'
import type { FetchContext, FetchVerb } from '../../vcl-ts/hook-context.ts'
import type { BackendRequest } from './backend-request.ts'
import type { BackendResponse } from './backend-response.ts'

const ABSENT = null as never

export interface BackendContext extends Pick<Verbs, FetchVerb> {}

export class BackendContext implements FetchContext {
  now: number
  readonly state: object
  readonly bereq: BackendRequest
  beresp: BackendResponse = ABSENT
  objStale: ObjStale = ABSENT

  constructor(now: number, state: object, bereq: BackendRequest) {
    this.now = now
    this.state = state
    this.bereq = bereq
  }
}

Object.assign(BackendContext.prototype, verbs)
