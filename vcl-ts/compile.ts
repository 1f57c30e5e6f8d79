/** Policies and preset put together once at load: per hook one list of functions that always ends with an answer. */
import type { Action } from './actions.ts'
import { backendSteps } from './builtin/backend-steps.ts'
import { clientSteps } from './builtin/client-steps.ts'
import { type Decisions, decisionsFor, type PresetName } from './builtin/decisions.ts'
import { DEFAULT_ANSWERS, defaultRecv } from './builtin/defaults.ts'
import { type StepName, stepsOf } from './builtin/step-names.ts'
import type { BackendChoice } from './directors/director.ts'
import { type CompiledEsi, compileEsi } from './esi.ts'
import { type Hook, perHook, REQUEST_HOOKS, type RequestHook } from './legal.ts'
import { flatten, type Policy, PolicyError, validatePolicy } from './policy.ts'
import { namedServices, type Service } from './services/service.ts'

/** A hook function or step with its types erased; the policy's own type has checked it. */
export type HookFunction = (context: object) => unknown

/** What one hook answered, and who gave the answer. */
export interface Decision {
  readonly hook: RequestHook
  readonly action: Action
  /** As in the log: `recv of policy shop`, `step reqCookie`, `default of recv`. */
  readonly by: string
}

/** Is told of every decision, with the context that the hook saw. */
export type DecisionObserver = (decision: Decision, context: object) => void

/** One function of a hook: a policy's, a built-in step, the default answer. */
export interface HookPart {
  readonly hook: RequestHook
  /** As in `Decision`. */
  readonly by: string
  /** Whether it is a policy's code; a step that a policy replaced is. */
  readonly own: boolean
  /** `null` for what is no built-in step. */
  readonly step: StepName | null
}

/** Puts itself around a function of a hook, once when the policy is compiled: what it answers runs instead. */
export type Watch = (part: HookPart, run: HookFunction) => HookFunction

/** All functions of one hook: the policies', the built-in steps, the default answer. */
export interface Chain {
  readonly hook: RequestHook
  /** `null` in production. */
  readonly observe: DecisionObserver | null
  readonly functions: readonly HookFunction[]
  /** For each function whether it is a policy's, so that its answer has to be looked at. */
  readonly own: readonly boolean[]
  /** For each function who it is, for log and errors. */
  readonly labels: readonly string[]
}

export interface CompiledPolicy {
  readonly preset: PresetName
  readonly decisions: Decisions
  /** Per hook the policies' own functions; `null` when nobody has one. */
  readonly hooks: Readonly<Record<RequestHook, readonly HookFunction[] | null>>
  readonly chains: Readonly<Record<RequestHook, Chain>>
  /** Backends by name, the first policy's first. */
  readonly backends: Readonly<Record<string, BackendChoice>>
  /** The first backend, or `null` when no policy has any. */
  readonly defaultBackend: BackendChoice | null
  /** By name, each once. */
  readonly services: ReadonlyMap<string, Service>
  readonly esi: CompiledEsi
  /** Built-in steps that a policy switched off or replaced. */
  readonly overridden: ReadonlySet<StepName>
  /** Whether a policy has that hook. */
  has(hook: RequestHook): boolean
  /** State of a new client transaction. Throws what a policy's `state` throws. */
  newState(): object
  /** In the order of the stack. */
  readonly policies: readonly Policy[]
}

/**
 * Compiles policies, first asked first, over the built-in policy of a preset; an empty list is the built-in policy alone. `observe` is told of
 * every decision, `watch` of every function that runs; without them nothing looks on, and nothing is paid for it. `decisions` are the
 * preset's where some of its numbers were set otherwise.
 * Throws a `PolicyError` for a wrong shape, a backend name or a state key that occurs twice, and a `state` that throws.
 */
export function compilePolicy(
  policies: readonly Policy[],
  preset: PresetName,
  observe: DecisionObserver | null = null,
  decisions: Decisions = decisionsFor(preset),
  watch: Watch | null = null,
): CompiledPolicy {
  for (const policy of policies) validatePolicy(policy)
  const flat = flatten(policies)
  const builtin = builtinFunctions(flat, decisions)
  const hooks = perHook(REQUEST_HOOKS, (hook) => {
    const own = functionsOf(flat, hook)
    return own.length === 0 ? null : own.map(({ run }) => run)
  })
  const backends = collectBackends(flat)
  return Object.freeze({
    preset,
    decisions,
    hooks,
    chains: perHook(REQUEST_HOOKS, (hook) => chain(hook, [...functionsOf(flat, hook), ...builtin(hook)], observe, watch)),
    backends,
    defaultBackend: Object.values(backends)[0] ?? null,
    services: namedServices(flat.map(({ services }) => services ?? {})),
    esi: compileEsi(flat.map(({ esi }) => esi)),
    overridden: new Set(flat.flatMap((policy) => Object.keys(changesOf(policy)) as StepName[])),
    has: (hook: RequestHook) => hooks[hook] !== null,
    newState: stateMaker(flat),
    policies: flat,
  })
}

/** A function for a hook, and who it is. */
export interface Labelled {
  readonly label: string
  readonly run: HookFunction
  /** Whether it is a policy's. */
  readonly own: boolean
  readonly step: StepName | null
}

/** The policies' functions for one hook, in order. */
export function functionsOf(policies: readonly Policy[], hook: Hook): readonly Labelled[] {
  return policies.flatMap((policy) => {
    const run = policy[hook] as HookFunction | undefined
    return run === undefined
      ? []
      : [{ label: policy.name === undefined ? hook : `${hook} of policy ${policy.name}`, run, own: true, step: null }]
  })
}

function chain(hook: RequestHook, functions: readonly Labelled[], observe: DecisionObserver | null, watch: Watch | null): Chain {
  return Object.freeze({
    hook,
    observe,
    functions: functions.map(({ label, run, own, step }) => (watch === null ? run : watch({ hook, by: label, own, step }, run))),
    own: functions.map(({ own }) => own),
    labels: functions.map(({ label }) => label),
  })
}

function builtinFunctions(policies: readonly Policy[], decisions: Decisions): (hook: RequestHook) => readonly Labelled[] {
  const steps = { ...clientSteps(decisions), ...backendSteps(decisions) } as Readonly<Record<StepName, HookFunction>>
  return (hook) => [
    ...stepsOf(hook).flatMap((name) => {
      const change = changeOf(policies, name)
      return change === false ? [] : [{ label: `step ${name}`, run: change ?? steps[name], own: change !== undefined, step: name }]
    }),
    { label: `default of ${hook}`, run: defaultAnswer(hook), own: false, step: null },
  ]
}

/** The first policy that says something about a step decides, as with hooks. */
function changeOf(policies: readonly Policy[], name: StepName): false | HookFunction | undefined {
  for (const policy of policies) {
    const change = changesOf(policy)[name]
    if (change !== undefined) return change
  }
  return undefined
}

function changesOf(policy: Policy): Readonly<Partial<Record<StepName, false | HookFunction>>> {
  const changes = (policy.builtin ?? {}) as Readonly<Partial<Record<StepName, false | HookFunction>>>
  return Object.fromEntries(Object.entries(changes).filter(([, change]) => change !== undefined))
}

function defaultAnswer(hook: RequestHook): HookFunction {
  if (hook === 'recv') return defaultRecv as HookFunction
  const answer: Action = DEFAULT_ANSWERS[hook]
  return () => answer
}

function collectBackends(policies: readonly Policy[]): Readonly<Record<string, BackendChoice>> {
  const backends: Record<string, BackendChoice> = {}
  for (const policy of policies)
    for (const [name, backend] of Object.entries(policy.backends ?? {})) {
      if (Object.hasOwn(backends, name) && backends[name] !== backend) throw new PolicyError(`two policies have a backend named ${name}`)
      backends[name] = backend
    }
  return Object.freeze(backends)
}

const NO_STATE: object = Object.freeze({})

function stateMaker(policies: readonly Policy[]): () => object {
  const makers = policies.flatMap((policy) => (policy.state === undefined ? [] : [policy.state]))
  const [only] = makers
  checkStates(makers)
  if (only === undefined) return () => NO_STATE
  return makers.length === 1 ? only : () => Object.assign({}, ...makers.map((make) => make()))
}

/** Made once at load: a `state` that throws or overlaps another's refuses the policy instead of failing each request. */
function checkStates(makers: readonly (() => object)[]): void {
  const seen = new Set<string>()
  for (const make of makers) {
    for (const key of Object.keys(firstState(make))) {
      if (seen.has(key)) throw new PolicyError(`two policies of the stack have a state key named ${key}`)
      seen.add(key)
    }
  }
}

function firstState(make: () => unknown): object {
  let state: unknown
  try {
    state = make()
  } catch (cause) {
    throw new PolicyError('state() threw', { cause })
  }
  if (typeof state === 'object' && state !== null && !(state instanceof Promise)) return state
  throw new PolicyError('state() must return an object, at once')
}
