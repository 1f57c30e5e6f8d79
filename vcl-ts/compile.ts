/** Policies and preset put together once at load: per hook one list of functions that always ends with an answer. */
import type { Action } from './actions.ts'
import { backendSteps } from './builtin/backend-steps.ts'
import { clientSteps, type RecvNouns, recvInOne } from './builtin/client-steps.ts'
import { type Decisions, decisionsFor, type PresetName } from './builtin/decisions.ts'
import { DEFAULT_ANSWERS, defaultRecv } from './builtin/defaults.ts'
import { type StepName, stepsOf } from './builtin/step-names.ts'
import { ChainLayout, type HookFunction, type Labelled } from './chain-layout.ts'
import type { BackendChoice } from './directors/director.ts'
import { type CompiledEsi, compileEsi } from './esi.ts'
import { type Hook, perHook, REQUEST_HOOKS, type RequestHook } from './legal.ts'
import { flatten, flattenOutside, type Policy, PolicyError, validatePolicy } from './policy.ts'
import type { Routing } from './routes.ts'
import { chooseAll, type Router, routersOf } from './routing.ts'
import { namedServices, type Service } from './services/service.ts'

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
  /** For each function whether it is a policy's, so that its answer has to be looked at. A number that another one answers is the place of the next. */
  readonly own: readonly boolean[]
  /** For each function who it is, for log and errors. */
  readonly labels: readonly string[]
  /** Where the policy begins that the context's request was handed to; `null` but in `recv` of policies with `front`. */
  readonly handed: ((context: object) => number) | null
  /** Called with the context once an answer is there; `null` but in `recv` of policies with routes. */
  readonly answered: ((context: object) => void) | null
}

export interface CompiledPolicy {
  readonly preset: PresetName
  readonly decisions: Decisions
  /** Per hook the policies' own functions; `null` when nobody has one. */
  readonly hooks: Readonly<Record<RequestHook, readonly HookFunction[] | null>>
  readonly chains: Readonly<Record<RequestHook, Chain>>
  /** Decides as the chain of `recv` does where no policy has a say in it or a state, and nobody looks on; else `null`. */
  readonly recv: ((context: RecvNouns) => Action) | null
  /** Backends by name, the first policy's first. */
  readonly backends: Readonly<Record<string, BackendChoice>>
  /** The first backend, or `null` when no policy has any. */
  readonly defaultBackend: BackendChoice | null
  /** By name, each once. */
  readonly services: ReadonlyMap<string, Service>
  /** What the policies say of pages; those of routes only where `state` is of a transaction that is theirs. */
  esiIn(state: object | null): CompiledEsi
  /** Built-in steps that a policy switched off or replaced. */
  readonly overridden: ReadonlySet<StepName>
  /** Whether a policy has that hook. */
  has(hook: RequestHook): boolean
  /** State of a new client transaction. Throws what a policy's `state` throws. */
  newState(): object
  /** In the order of the stack, those of routes among them. */
  readonly policies: readonly Policy[]
  /** What it was compiled of. */
  readonly given: readonly Policy[]
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
  const outside = flattenOutside(policies)
  const routers = routersOf(policies)
  const ofClient = clientSteps(decisions)
  const steps = { ...ofClient, ...backendSteps(decisions) } as Readonly<Record<StepName, HookFunction>>
  const own = perHook(REQUEST_HOOKS, (hook) =>
    layHooks(new ChainLayout(), policies, hook, routers).entries.flatMap(({ run, jump }) => (jump ? [] : [run])),
  )
  const layouts = perHook(REQUEST_HOOKS, (hook) => {
    const layout = laySteps(layHooks(new ChainLayout(), policies, hook, routers), policies, hook, routers, steps)
    layout.add(`default of ${hook}`, defaultAnswer(hook), false, null)
    return layout
  })
  // State is made with the context, and the hooks of the fetch are given it whether or not one of the client ran.
  const asItIs =
    stepsOf('recv').every((name, at) => layouts.recv.entries[at]?.run === steps[name]) && outside.every(({ state }) => state === undefined)
  return Object.freeze({
    preset,
    decisions,
    recv: asItIs && observe === null && watch === null ? recvInOne(ofClient) : null,
    hooks: perHook(REQUEST_HOOKS, (hook) => (own[hook].length === 0 ? null : own[hook])),
    chains: perHook(REQUEST_HOOKS, (hook) => {
      const answered = hook === 'recv' && routers.length > 0 ? (context: object): void => chooseAll(routers, context) : null
      return chain(hook, layouts[hook], answered, observe, watch)
    }),
    backends: collectBackends(flat),
    defaultBackend: Object.values(collectBackends(outside))[0] ?? null,
    services: namedServices(flat.map(({ services }) => services ?? {})),
    esiIn: esiFinder(outside, routers),
    overridden: new Set(outside.flatMap((policy) => Object.keys(changesOf(policy)) as StepName[])),
    has: (hook: RequestHook) => own[hook].length > 0,
    newState: stateMaker(policies),
    policies: flat,
    given: policies,
  })
}

/** The policies' functions for one hook, in order. */
export function functionsOf(policies: readonly Policy[], hook: Hook): readonly Labelled[] {
  const layout = new ChainLayout()
  for (const policy of policies) addHook(layout, policy, hook)
  return layout.entries
}

function addHook(layout: ChainLayout, policy: Policy, hook: Hook): void {
  const run = policy[hook] as HookFunction | undefined
  if (run !== undefined) layout.add(policy.name === undefined ? hook : `${hook} of policy ${policy.name}`, run, true, null)
}

/** Lays out the policies' functions for one hook. */
function layHooks(layout: ChainLayout, policies: readonly Policy[], hook: RequestHook, routers: readonly Router[]): ChainLayout {
  for (const policy of policies) {
    if (policy.stack !== undefined) layHooks(layout, policy.stack, hook, routers)
    else if (policy.routes === undefined) addHook(layout, policy, hook)
    // In `recv` it is chosen, whether anybody has that hook or not.
    else if (hook === 'recv' || flatten(policy.routes.members).some((member) => member[hook] !== undefined))
      layRoutes(layout, policy.routes, hook, routers)
  }
  return layout
}

function layRoutes(layout: ChainLayout, routing: Routing, hook: RequestHook, routers: readonly Router[]): void {
  const router = routerOf(routers, routing)
  const starts = layout.branch(
    (context) => router.chosenIn(hook, context),
    routing.members.map((member, number) => () => layHooks(layout, [member], hook, router.innerOf(number))),
    () => {},
  )
  if (hook === 'recv' && routing.names !== null) layout.handed.push((context) => starts[router.handedIn(context)] ?? -1)
}

/** Lays out the built-in steps of a hook, as the policies left them. */
function laySteps(
  layout: ChainLayout,
  policies: readonly Policy[],
  hook: RequestHook,
  routers: readonly Router[],
  steps: Readonly<Record<StepName, HookFunction>>,
): ChainLayout {
  for (const name of stepsOf(hook)) layStep(layout, policies, hook, routers, name, steps[name])
  return layout
}

/** The first policy that says something about a step decides, as with hooks; one of routes for its own requests. */
function layStep(
  layout: ChainLayout,
  policies: readonly Policy[],
  hook: RequestHook,
  routers: readonly Router[],
  name: StepName,
  step: HookFunction,
): void {
  const [first, ...rest] = policies
  const label = `step ${name}`
  if (first === undefined) layout.add(label, step, false, name)
  else if (first.stack !== undefined) layStep(layout, [...first.stack, ...rest], hook, routers, name, step)
  else if (first.routes !== undefined) {
    const otherwise = (): void => layStep(layout, rest, hook, routers, name, step)
    const { members } = first.routes
    if (!flatten(members).some((member) => changesOf(member)[name] !== undefined)) {
      otherwise()
      return
    }
    const router = routerOf(routers, first.routes)
    const ways = members.map(
      (member, number) => () => layStep(layout, [member, ...rest], hook, [...router.innerOf(number), ...routers], name, step),
    )
    layout.branch((context) => router.chosenIn(hook, context), ways, otherwise)
  } else {
    const change = changesOf(first)[name]
    if (change === undefined) layStep(layout, rest, hook, routers, name, step)
    else if (change !== false) layout.add(label, change, true, name)
  }
}

function routerOf(routers: readonly Router[], routing: Routing): Router {
  const router = routers.find((each) => each.routing === routing)
  if (router === undefined) throw new PolicyError('routes that nobody follows')
  return router
}

function esiFinder(outside: readonly Policy[], routers: readonly Router[]): (state: object | null) => CompiledEsi {
  const rules = outside.map(({ esi }) => esi)
  const common = compileEsi(rules)
  return (state) => {
    const routed = state === null ? [] : routers.flatMap((router) => router.esiIn(state))
    return routed.length === 0 ? common : compileEsi([...rules, ...routed])
  }
}

function chain(
  hook: RequestHook,
  { entries, handed }: ChainLayout,
  answered: Chain['answered'],
  observe: DecisionObserver | null,
  watch: Watch | null,
): Chain {
  return Object.freeze({
    hook,
    observe,
    functions: entries.map(({ label, run, own, step, jump }) =>
      watch === null || jump ? run : watch({ hook, by: label, own, step }, run),
    ),
    own: entries.map(({ own }) => own),
    labels: entries.map(({ label }) => label),
    handed: handed.length === 0 ? null : (context: object) => handed.map((find) => find(context)).findLast((start) => start >= 0) ?? -1,
    answered,
  })
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

/** States of routes are made when it is known whose request it is. */
function stateMaker(policies: readonly Policy[]): () => object {
  checkStates(policies, new Set())
  const outside = flattenOutside(policies)
  const makers = outside.flatMap((policy) => (policy.state === undefined ? [] : [policy.state]))
  const [only] = makers
  if (routersOf(policies).length > 0) return () => Object.assign({}, ...makers.map((make) => make()))
  if (only === undefined) return () => NO_STATE
  return makers.length === 1 ? only : () => Object.assign({}, ...makers.map((make) => make()))
}

/**
 * Made once at load: a `state` that throws or overlaps another's refuses the policy instead of failing each request. Policies of routes may use
 * the same keys, for only one of them runs.
 */
function checkStates(policies: readonly Policy[], seen: Set<string>): void {
  for (const { stack, routes, state } of policies) {
    if (stack !== undefined) checkStates(stack, seen)
    const ofRoutes = new Set<string>()
    for (const member of routes?.members ?? []) {
      const within = new Set(seen)
      checkStates([member], within)
      for (const key of within) ofRoutes.add(key)
    }
    for (const key of ofRoutes) seen.add(key)
    for (const key of state === undefined ? [] : Object.keys(firstState(state))) {
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
