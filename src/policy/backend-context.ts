/** What the fetch-side hooks see: one object per fetch; verbs come from the prototype. */
import { type Verbs, verbs } from '../../vcl-ts/actions.ts'
import type { ObjStale } from '../../vcl-ts/context.ts'
import type { FetchContext } from '../../vcl-ts/hook-context.ts'
import type { HookTools } from '../../vcl-ts/hook-tools.ts'
import type { BackendRequest } from './backend-request.ts'
import type { BackendResponse } from './backend-response.ts'
import { giveTools, HookSide, type Sided } from './hook-side.ts'
import type { ToolOwner } from './notes.ts'

const ABSENT = null as never

export class BackendContext implements FetchContext, Sided {
  declare readonly now: number
  declare readonly signal: AbortSignal
  declare readonly log: HookTools['log']
  declare readonly healthy: HookTools['healthy']
  declare readonly invalidate: HookTools['invalidate']
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
  readonly state: object
  readonly bereq: BackendRequest
  beresp: BackendResponse = ABSENT
  objStale: ObjStale = ABSENT
  readonly #owner: ToolOwner
  #side: HookSide | null = null

  constructor(state: object, bereq: BackendRequest, owner: ToolOwner) {
    this.#owner = owner
    this.state = state
    this.bereq = bereq
  }

  get side(): HookSide {
    this.#side ??= new HookSide(this.#owner)
    return this.#side
  }

  interrupt(cause: unknown): void {
    this.#side?.interrupt(cause)
  }

  /** The fetch is over. */
  end(): void {
    this.#side?.end()
  }

  /** A hook begins. */
  begins(): void {
    this.#side?.begins()
  }
}

Object.assign(BackendContext.prototype, verbs)
giveTools(BackendContext.prototype)
