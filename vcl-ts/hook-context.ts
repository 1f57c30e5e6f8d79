/** What one hook sees: its nouns and the verbs that are legal there, both derived from the table in `legal.ts`. */
import type { Verbs } from './actions.ts'
import type { Bereq, Beresp, BerespError, Client, Key, Obj, ObjStale, Purged, Req, Resp, RespSynth, Session } from './context.ts'
import type { BackendChoice } from './directors/director.ts'
import type { HookTools } from './hook-tools.ts'
import type { Hook, HookAction, LegalType, NOUNS, RequestHook } from './legal.ts'

interface AllNouns<H extends Hook, State> {
  readonly client: Client
  readonly session: Session
  /** Seconds since the Unix epoch; the same during one hook. */
  readonly now: number
  /** What the policy's `state()` made for this client transaction; in fetch hooks a shallow copy taken when the fetch began. */
  readonly state: State
  readonly req: Req
  readonly key: Key
  readonly purged: Purged
  readonly obj: Obj
  readonly resp: H extends 'synth' ? RespSynth : Resp
  readonly bereq: Bereq
  readonly beresp: H extends 'backendError' ? BerespError : Beresp
  readonly objStale: ObjStale
  readonly backends: Readonly<Record<string, BackendChoice>>
}

/** The context of one hook: destructure what is needed, `recv({ req, pass }) { … }`. */
export type HookContext<H extends Hook, State = object> = Pick<AllNouns<H, State>, (typeof NOUNS)[H][number]> &
  Pick<Verbs, LegalType<H>> &
  (H extends RequestHook ? HookTools : unknown)

/** What a hook may return at once: an action decides, nothing has no opinion. */
// biome-ignore lint/suspicious/noConfusingVoidType: `void` lets a hook without any `return` type-check
export type HookAnswer<H extends Hook> = HookAction<H> | undefined | void

/** What a hook may return. Only `hash` may not be asynchronous. */
export type HookResult<H extends Hook> = H extends 'hash' ? HookAnswer<H> : HookAnswer<H> | Promise<HookAnswer<H>>

/**
 * The client side in one piece, for the engine: one object that satisfies the context of `recv hash purge hit miss pass pipe deliver
 * synth`. A noun that the running hook does not have may be anything; no type shows it to the hook.
 */
export interface ClientContext<State = object> extends Pick<Verbs, ClientVerb>, HookTools {
  readonly client: Client
  readonly session: Session
  readonly now: number
  readonly state: State
  readonly req: Req
  readonly key: Key
  readonly purged: Purged
  readonly obj: Obj
  readonly resp: Resp & RespSynth
  readonly bereq: Bereq
}

/** The fetch side in one piece, for the engine: satisfies the context of every `backend…` hook. */
export interface FetchContext<State = object> extends Pick<Verbs, FetchVerb>, HookTools {
  readonly now: number
  readonly state: State
  readonly bereq: Bereq
  readonly beresp: Beresp & BerespError
  readonly objStale: ObjStale
}

export type ClientHook = 'recv' | 'hash' | 'purge' | 'hit' | 'miss' | 'pass' | 'pipe' | 'deliver' | 'synth'
export type FetchHook = 'backendFetch' | 'backendRefresh' | 'backendResponse' | 'backendError'
export type ClientVerb = LegalType<ClientHook>
export type FetchVerb = LegalType<FetchHook>
