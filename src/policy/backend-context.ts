/** What the fetch-side hooks see: one object per fetch; verbs come from the prototype. */
import { type Verbs, verbs } from '../../vcl-ts/actions.ts'
import type { ObjStale } from '../../vcl-ts/context.ts'
import type { FetchContext } from '../../vcl-ts/hook-context.ts'
import type { BackendRequest } from './backend-request.ts'
import type { BackendResponse } from './backend-response.ts'
import { HookSide } from './hook-side.ts'
import type { ToolOwner } from './notes.ts'

const ABSENT = null as never

export class BackendContext extends HookSide implements FetchContext {
  declare readonly fail: Verbs['fail']
  declare readonly abandon: Verbs['abandon']
  declare readonly error: Verbs['error']
  declare readonly fetch: Verbs['fetch']
  declare readonly retry: Verbs['retry']
  declare readonly merge: Verbs['merge']
  declare readonly useFresh: Verbs['useFresh']
  declare readonly useStale: Verbs['useStale']
  declare readonly hitForPass: Verbs['hitForPass']
  declare readonly deliver: Verbs['deliver']
  /** Set anew for each hook. */
  now: number
  readonly state: object
  readonly bereq: BackendRequest
  beresp: BackendResponse = ABSENT
  objStale: ObjStale = ABSENT

  constructor(now: number, state: object, bereq: BackendRequest, owner: ToolOwner) {
    super(owner)
    this.now = now
    this.state = state
    this.bereq = bereq
  }
}

Object.assign(BackendContext.prototype, verbs)
