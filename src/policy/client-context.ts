/** What the client-side hooks see: one object per transaction, made when the first hook needs it; verbs come from the prototype. */
import { type Verbs, verbs } from '../../vcl-ts/actions.ts'
import type { Client, Key, Obj, Purged, Req, Resp, RespSynth, Session } from '../../vcl-ts/context.ts'
import type { ClientContext as ClientContextContract } from '../../vcl-ts/hook-context.ts'
import type { HookTools } from '../../vcl-ts/hook-tools.ts'
import type { BackendRequest } from './backend-request.ts'
import { giveTools, HookSide, type Sided } from './hook-side.ts'
import type { ToolOwner } from './notes.ts'

/** A noun that the running hook does not have; no type shows it to the hook. */
const ABSENT = null as never

/** The transaction, which makes what hooks seldom look at when they do. */
export interface ContextOwner extends ToolOwner {
  readonly client: Client & { session(): Session }
}

export class ClientContext implements ClientContextContract, Sided {
  declare readonly now: number
  declare readonly signal: AbortSignal
  declare readonly log: HookTools['log']
  declare readonly healthy: HookTools['healthy']
  declare readonly invalidate: HookTools['invalidate']
  declare readonly fail: Verbs['fail']
  declare readonly synth: Verbs['synth']
  declare readonly restart: Verbs['restart']
  declare readonly pass: Verbs['pass']
  declare readonly pipe: Verbs['pipe']
  declare readonly hash: Verbs['hash']
  declare readonly purge: Verbs['purge']
  declare readonly lookup: Verbs['lookup']
  declare readonly deliver: Verbs['deliver']
  declare readonly fetch: Verbs['fetch']
  /** An own property, as the other nouns: a hook may pass the rest of its context on. */
  readonly client: Client
  readonly state: object
  readonly req: Req
  key: Key = ABSENT
  purged: Purged = ABSENT
  obj: Obj = ABSENT
  resp: Resp & RespSynth = ABSENT
  bereq: BackendRequest = ABSENT

  readonly #owner: ContextOwner
  #side: HookSide | null = null
  #session: Session | null = null

  constructor(owner: ContextOwner, state: object, req: Req) {
    this.#owner = owner
    this.client = owner.client
    this.state = state
    this.req = req
  }

  get side(): HookSide {
    this.#side ??= new HookSide(this.#owner)
    return this.#side
  }

  interrupt(cause: unknown): void {
    this.#side?.interrupt(cause)
  }

  /** The transaction is over. */
  end(): void {
    this.#side?.end()
  }

  get session(): Session {
    this.#session ??= this.#owner.client.session()
    return this.#session
  }

  /** A hook begins. */
  begins(): void {
    this.#side?.begins()
  }
}

Object.assign(ClientContext.prototype, verbs)
giveTools(ClientContext.prototype)
