/** Looks on while a request's hooks run, and keeps account: who ran, what it changed, what it answered, and where in its source. */
import type { Action } from '../../../vcl-ts/actions.ts'
import { verbs } from '../../../vcl-ts/actions.ts'
import type { PresetName } from '../../../vcl-ts/builtin/decisions.ts'
import type { DecisionObserver, HookPart, Watch } from '../../../vcl-ts/run.ts'
import type { PolicySources } from '../../policy/sources.ts'
import type { ExplainedAction, ExplainedDecision, ExplainedRule, SourcePlace } from '../explanation.ts'
import { changes, type Snapshot, snapshot } from './nouns.ts'
import { ruleOf } from './rules.ts'

/** Where a verb was called: the last place for each action that it built. */
type Calls = Map<Action, Error>

interface Seen {
  readonly part: HookPart
  readonly context: object
  readonly before: Snapshot
  after: Snapshot | null
  action: Action | null
  at: SourcePlace | null
  rule: ExplainedRule | null
}

type Verb = (...given: readonly unknown[]) => Action

export class Watcher {
  readonly #sources: PolicySources
  readonly #preset: PresetName
  readonly #seen: Seen[] = []
  readonly #calls = new WeakMap<object, Calls>()

  constructor(sources: PolicySources, preset: PresetName) {
    this.#sources = sources
    this.#preset = preset
  }

  readonly watch: Watch = (part, run) => (context) => {
    const before = snapshot(part.hook, context)
    const seen: Seen = { part, context, before, after: null, action: null, at: null, rule: this.#rule(part, null, context) }
    this.#seen.push(seen)
    if (part.own) this.#note(context)
    let late: Promise<unknown> | null = null
    try {
      const answer = run(context)
      if (!(answer instanceof Promise)) return answer
      late = answer
    } finally {
      if (late === null) seal(seen)
    }
    return late.finally(() => seal(seen))
  }

  readonly observe: DecisionObserver = ({ hook, action, by }, context) => {
    const seen = this.#seen.findLast((each) => each.context === context && each.part.hook === hook && each.part.by === by)
    if (seen === undefined) return
    seal(seen)
    seen.action = action
    seen.rule = this.#rule(seen.part, action, context)
    if (!seen.part.own) return
    const called = this.#calls.get(context)?.get(action)
    const cause = action.type === 'fail' && action.cause instanceof Error ? action.cause : called
    seen.at = cause === undefined ? null : this.#sources.placeOf(cause)
  }

  /** In the order in which they ran. */
  decisions(): readonly ExplainedDecision[] {
    return this.#seen.map((seen) => {
      seal(seen)
      const { part, context, before, after, action, at, rule } = seen
      return {
        hook: part.hook,
        by: part.by,
        own: part.own,
        background: isBehind(context),
        action: action === null ? null : shownAction(action),
        at,
        changes: after === null ? [] : changes(before, after),
        rule,
        error: action === null ? null : errorOf(action),
      }
    })
  }

  #rule({ step, own }: HookPart, action: Action | null, context: object): ExplainedRule | null {
    return step === null || own ? null : ruleOf(step, action, context, this.#preset)
  }

  /** From now on the verbs on this context note where they are called. */
  #note(context: object): void {
    if (this.#calls.has(context)) return
    const calls: Calls = new Map()
    this.#calls.set(context, calls)
    for (const [name, verb] of Object.entries(verbs) as [string, Verb][]) {
      if (!(name in context)) continue
      const noting: Verb = (...given) => {
        const action = verb(...given)
        const call = new Error(name)
        Error.captureStackTrace(call, noting)
        calls.set(action, call)
        return action
      }
      Object.defineProperty(context, name, { value: noting, configurable: true })
    }
  }
}

function seal(seen: Seen): void {
  seen.after ??= snapshot(seen.part.hook, seen.context)
}

/** A fetch hook of the refresh behind the answer. */
function isBehind(context: object): boolean {
  const { req, bereq } = context as { readonly req?: unknown; readonly bereq?: { readonly isBgfetch: boolean } | null }
  return req === undefined && bereq?.isBgfetch === true
}

function shownAction(action: Action): ExplainedAction {
  const { type, ...data } = action as Action & { readonly cause?: unknown; readonly body?: unknown }
  const { cause: _cause, body, ...rest } = data as { readonly cause?: unknown; readonly body?: string | Uint8Array | null }
  return { type, data: body === undefined || body === null ? rest : { ...rest, body: `${Buffer.byteLength(body)} bytes` } }
}

function errorOf(action: Action): string | null {
  if (action.type !== 'fail') return null
  const { reason, cause } = action
  const said = cause instanceof Error ? cause.message : cause === null || cause === undefined ? '' : String(cause)
  return [reason ?? 'fail()', said].filter((text) => text !== '').join(': ')
}
