/** One hook of a policy, run as the engine runs it, against nouns that a test makes up. */
import { type Purge, type Verbs, verbs } from '../../vcl-ts/actions.ts'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { PresetName } from '../../vcl-ts/builtin/decisions.ts'
import type { Client, Purged, Session } from '../../vcl-ts/context.ts'
import { backendsOf } from '../../vcl-ts/directors/director.ts'
import type { ClientContext, FetchContext, HookContext } from '../../vcl-ts/hook-context.ts'
import type { HookTools } from '../../vcl-ts/hook-tools.ts'
import type { HookAction, NOUNS, RequestHook } from '../../vcl-ts/legal.ts'
import type { Policy } from '../../vcl-ts/policy.ts'
import { type CompiledPolicy, compilePolicy, runHook as run } from '../../vcl-ts/run.ts'
import { systemClock } from '../clock.ts'
import { logInto, type Note } from '../policy/notes.ts'
import { Services } from '../policy/services/services.ts'
import {
  type BereqGiven,
  type BerespGiven,
  KeyParts,
  makeBereq,
  makeBeresp,
  makeClient,
  makeObj,
  makeReq,
  makeResp,
  makeSession,
  type ObjGiven,
  type ReqGiven,
  type RespGiven,
} from './nouns.ts'

interface AllGiven<State> {
  readonly client: Partial<Client>
  readonly session: Partial<Session>
  /** Seconds since the Unix epoch, default that of 2026-01-01T00:00:00Z. */
  readonly now: number
  /** Laid over what the policy's `state()` makes. */
  readonly state: Partial<State>
  readonly req: ReqGiven
  readonly obj: ObjGiven
  readonly resp: RespGiven
  readonly bereq: BereqGiven
  readonly beresp: BerespGiven
  readonly objStale: ObjGiven
  readonly purged: Partial<Purged>
}

/** The nouns of a hook as plain data; what is left out is that of an ordinary request or answer. */
export type NounsGiven<H extends RequestHook, State = object> = Partial<
  Pick<AllGiven<State>, Extract<(typeof NOUNS)[H][number], keyof AllGiven<State>>>
>

export interface HookOptions {
  /** Whose built-in steps run behind the policy, default `safe`. */
  readonly preset?: PresetName
  /** For which `healthy` is to answer `false`. Default: none. */
  readonly sick?: readonly Backend[]
}

/** What came of a hook. */
export interface HookRun<H extends RequestHook, State = object> {
  /** Plain data: `expect(action).toEqual(actions.pass())`. A hook that threw gives `fail`, with the error as `cause`. */
  readonly action: HookAction<H>
  /** Who decided: `recv`, `recv of policy shop`, `step reqCookie`, `default of recv`. */
  readonly by: string
  /** As the hook, and the built-in steps behind it, left them. */
  readonly nouns: HookContext<H, State>
  /** The parts of the primary key in order, by default URL and host. Counts for `hash`. */
  readonly keyParts: readonly string[]
  /** What the hook noted with `log`. */
  readonly notes: readonly Note[]
  /** What the hook had dropped with `invalidate`, as the action that says the same; nothing is stored here. */
  readonly invalidated: readonly Purge[]
}

/** The verbs, to build what an action is compared with. */
export const actions: Verbs = verbs

/**
 * Runs one hook: the policy's functions, then the built-in steps of the preset, then the hook's default. Without deadline; services of the
 * policy run for as long.
 * Throws a `PolicyError` for a policy that cannot be used, a `TypeError` or `RangeError` for nouns that cannot be.
 */
export async function runHook<H extends RequestHook, State>(
  policy: Policy<State>,
  hook: H,
  nouns: NounsGiven<H, State> = {},
  options: HookOptions = {},
): Promise<HookRun<H, State>> {
  const { running, finish, stop } = begin(policy, hook, nouns, options)
  try {
    return finish(await running)
  } finally {
    stop()
  }
}

/** The same at once. Throws a `TypeError` when the hook is asynchronous. */
export function runHookSync<H extends RequestHook, State>(
  policy: Policy<State>,
  hook: H,
  nouns: NounsGiven<H, State> = {},
  options: HookOptions = {},
): HookRun<H, State> {
  const { running, finish, stop } = begin(policy, hook, nouns, options)
  stop()
  if (running instanceof Promise) throw new TypeError(`${hook} is asynchronous; use await runHook(…)`)
  return finish(running)
}

interface Begun<H extends RequestHook, State> {
  readonly running: HookAction<H> | Promise<HookAction<H>>
  readonly finish: (action: HookAction<H>) => HookRun<H, State>
  /** Ends the policy's services. */
  readonly stop: () => void
}

function begin<H extends RequestHook, State>(
  policy: Policy<State>,
  hook: H,
  nouns: NounsGiven<H, State>,
  { preset = 'safe', sick = [] }: HookOptions,
): Begun<H, State> {
  let by = ''
  const compiled = compilePolicy([policy as Policy], preset, (decision) => {
    by = decision.by
  })
  const given = nouns as Partial<AllGiven<State>>
  const notes: Note[] = []
  const invalidated: Purge[] = []
  const context = contextOf(compiled, given, {
    log: logInto({ note: (...note) => notes.push(note) }),
    healthy: (choice) => backendsOf(choice).some((one) => !sick.includes(one)),
    invalidate: async (options) => {
      const action = verbs.purge(options)
      invalidated.push(action)
      return { soft: action.soft, objects: 0, complete: true, ban: null, fleet: null }
    },
  })
  const stop = SERVICES.start(compiled.services)
  const running = run(compiled, hook, context as unknown as HookContext<H>, (promise) => promise)
  return {
    running,
    stop,
    finish: (action) => ({
      action,
      by,
      nouns: context as unknown as HookContext<H, State>,
      keyParts: context.key.parts,
      notes,
      invalidated,
    }),
  }
}

/** Limits are counted over all hooks that a process tries out; tokens and passwords are looked at anew each time. */
const SERVICES = new Services({ clock: systemClock, log: { info: () => {}, warn: () => {}, error: () => {} }, deadline: () => 5 })

const START = Date.UTC(2026, 0, 1) / 1000

function contextOf<State>(
  compiled: CompiledPolicy,
  given: Partial<AllGiven<State>>,
  tools: HookTools,
): ClientContext & FetchContext & { readonly key: KeyParts } {
  const now = given.now ?? START
  const req = makeReq(given.req)
  const bereq = makeBereq(given.bereq)
  return {
    ...verbs,
    ...tools,
    client: makeClient(given.client),
    session: makeSession(given.session),
    now,
    signal: new AbortController().signal,
    state: { ...compiled.newState(), ...given.state },
    req,
    key: new KeyParts(req.url, req.host),
    obj: makeObj(given.obj),
    resp: makeResp(given.resp),
    bereq,
    beresp: makeBeresp(given.beresp ?? {}, compiled.decisions, bereq, now * 1000),
    objStale: makeObj({ ttl: -1, ...given.objStale }),
    purged: { soft: false, objects: 0, complete: true, ban: null, fleet: null, ...given.purged },
  }
}
