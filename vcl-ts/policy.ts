/** A policy as users write it, its check at run time, and the composition of several. */
import { STEP_NAMES, type StepName, type SteppedHook } from './builtin/step-names.ts'
import type { BackendChoice } from './directors/director.ts'
import { type EsiRules, esiFault } from './esi.ts'
import type { HookContext, HookResult } from './hook-context.ts'
import { HOOKS } from './legal.ts'
import { nearest } from './nearest.ts'
import { isService, type Service } from './services/service.ts'

/** Replaces one step of the built-in policy: sees and may answer what its hook does; answering nothing goes on to the next step. */
export type StepReplacement<H extends SteppedHook, State> = {
  // a method, so that policies with different states fit one list
  step(this: void, context: HookContext<H, State>): HookResult<H>
}['step']

/** Built-in steps by name: `false` switches one off, a function replaces it. */
export type BuiltinChanges<State> = { readonly [H in SteppedHook as StepName<H>]?: false | StepReplacement<H, State> }

/**
 * A policy. Every hook may answer an action, which decides, or nothing, which leaves it to the next policy of the stack and at last to
 * the built-in policy. A hook that throws, rejects, answers what is not legal there or passes its deadline (5 s) is the action `fail`.
 */
export interface Policy<State = object> {
  /** For log and error messages. */
  readonly name?: string
  /** Where misses and passes go: backends and directors. The first of the first policy that has any is the default. */
  readonly backends?: Readonly<Record<string, BackendChoice>>
  /** Limits, logins, tokens and the like that its hooks ask, by name: from `init` to `fini` they work. A limit's name is what its counts are kept under. */
  readonly services?: Readonly<Record<string, Service>>
  /** Makes the state of one client transaction. It survives restarts; a fetch gets a shallow copy. */
  readonly state?: () => State
  /** Named steps of the built-in policy, switched off or replaced. */
  readonly builtin?: BuiltinChanges<State>
  /** Which includes of assembled pages are followed. Pages are assembled where `beresp.esi` says so, whether this is here or not. */
  readonly esi?: EsiRules

  /** First, again after each restart, and for each ESI fragment. By default: the built-in steps, then `hash`. */
  recv?(this: void, context: HookContext<'recv', State>): HookResult<'recv'>
  /** Makes the key, for every request that is looked up or purged. URL and host are in it already. Not asynchronous. By default `lookup`. */
  hash?(this: void, context: HookContext<'hash', State>): HookResult<'hash'>
  /** After a purge. By default a synthetic 200 “Purged”. */
  purge?(this: void, context: HookContext<'purge', State>): HookResult<'purge'>
  /** A stored object, fresh or in grace, was found. By default `deliver`. */
  hit?(this: void, context: HookContext<'hit', State>): HookResult<'hit'>
  /** Nothing usable is stored, and this request fetches. By default `fetch`. */
  miss?(this: void, context: HookContext<'miss', State>): HookResult<'miss'>
  /** The request goes to the origin for itself alone (`pass`, or hit-for-pass). By default `fetch`. */
  pass?(this: void, context: HookContext<'pass', State>): HookResult<'pass'>
  /** Before client and origin are joined as a tunnel. By default `pipe`. */
  pipe?(this: void, context: HookContext<'pipe', State>): HookResult<'pipe'>
  /** Before every answer but synthetic ones. `resp` is this client's alone. By default `deliver`. */
  deliver?(this: void, context: HookContext<'deliver', State>): HookResult<'deliver'>
  /** Before an answer that this cache makes itself. By default an error page where there is no body yet, then `deliver`. */
  synth?(this: void, context: HookContext<'synth', State>): HookResult<'synth'>

  /** Before each request to the origin, retries included. By default `fetch`. */
  backendFetch?(this: void, context: HookContext<'backendFetch', State>): HookResult<'backendFetch'>
  /** A 304 came for a stale object. By default `merge`. */
  backendRefresh?(this: void, context: HookContext<'backendRefresh', State>): HookResult<'backendRefresh'>
  /** The head of the origin's answer is here. By default the built-in steps decide whether it is shared, then `deliver`. */
  backendResponse?(this: void, context: HookContext<'backendResponse', State>): HookResult<'backendResponse'>
  /** The fetch failed, or `error` was answered. By default an error page, then `deliver`. */
  backendError?(this: void, context: HookContext<'backendError', State>): HookResult<'backendError'>

  /** Once, before the policy gets traffic. A throw refuses the policy, and the one before stays. */
  init?(this: void, context: HookContext<'init', State>): HookResult<'init'>
  /** Once, when the last transaction of this policy has ended. */
  fini?(this: void, context: HookContext<'fini', State>): HookResult<'fini'>

  /** The policies of a `stack`, first asked first. */
  readonly stack?: readonly Policy[]
}

/** A policy that cannot be used. */
export class PolicyError extends TypeError {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'PolicyError'
  }
}

/** Checks a policy's shape and freezes it. Throws a `PolicyError` that names what is wrong. */
export function definePolicy<State extends object = Record<string, never>>(policy: Policy<State>): Policy<State> {
  validatePolicy(policy)
  return Object.freeze({ ...policy })
}

/** Composes policies: each hook is asked in order, and the first action wins. Their states are merged, so no key may occur twice. */
export function stack(...policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw new PolicyError('stack() needs at least one policy')
  for (const policy of policies) validatePolicy(policy)
  return Object.freeze({ stack: Object.freeze([...policies]) })
}

/** The policies of a stack, and of stacks within it, in the order in which they are asked. */
export function flatten(policies: readonly Policy[]): readonly Policy[] {
  return policies.flatMap((policy) => (policy.stack === undefined ? [policy] : flatten(policy.stack)))
}

const KEYS: readonly string[] = ['name', 'backends', 'services', 'state', 'builtin', 'esi', 'stack', ...HOOKS]

/** Throws a `PolicyError` unless `value` has the shape of a policy; unknown keys are refused with the name that was probably meant. */
export function validatePolicy(value: unknown): asserts value is Policy {
  const policy = record(value, 'a policy must be an object; export default definePolicy({ … })')
  for (const key of Object.keys(policy)) if (!KEYS.includes(key)) throw unknownKey('policy', key, KEYS)
  for (const hook of HOOKS)
    if (policy[hook] !== undefined && typeof policy[hook] !== 'function') throw new PolicyError(`${hook} must be a function`)
  if (policy['name'] !== undefined && typeof policy['name'] !== 'string') throw new PolicyError('name must be text')
  if (policy['state'] !== undefined && typeof policy['state'] !== 'function')
    throw new PolicyError('state must be a function that makes it: state: () => ({ … })')
  checkBackends(policy['backends'])
  checkServices(policy['services'])
  checkBuiltin(policy['builtin'])
  const fault = esiFault(policy['esi'])
  if (fault !== null) throw new PolicyError(fault)
  checkStack(policy)
}

const CHOICES: readonly unknown[] = ['backend', 'director']

function checkBackends(value: unknown): void {
  if (value === undefined) return
  const backends = record(value, 'backends must be an object of name → backend')
  for (const [name, backend] of Object.entries(backends))
    if (typeof backend !== 'object' || backend === null || !CHOICES.includes((backend as BackendChoice).type))
      throw new PolicyError(`backends.${name} is not a backend; make it with backend('http://host:port')`)
}

function checkServices(value: unknown): void {
  if (value === undefined) return
  for (const [name, service] of Object.entries(record(value, 'services must be an object of name → service')))
    if (!isService(service))
      throw new PolicyError(`services.${name} is not a service; make it with rateLimit(…), jwt(…) or one of the others`)
}

function checkBuiltin(value: unknown): void {
  if (value === undefined) return
  for (const [name, step] of Object.entries(record(value, 'builtin must be an object of step → false or function'))) {
    if (!(STEP_NAMES as readonly string[]).includes(name)) throw unknownKey('builtin', name, STEP_NAMES)
    if (step !== undefined && step !== false && typeof step !== 'function')
      throw new PolicyError(`builtin.${name} must be false or a function`)
  }
}

function checkStack(policy: Readonly<Record<string, unknown>>): void {
  const stacked = policy['stack']
  if (stacked === undefined) return
  if (!Array.isArray(stacked) || Object.keys(policy).length > 1) throw new PolicyError('compose policies with stack(a, b)')
  for (const each of stacked) validatePolicy(each)
}

function record(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyError(otherwise)
  return value as Readonly<Record<string, unknown>>
}

function unknownKey(where: string, key: string, known: readonly string[]): PolicyError {
  const meant = nearest(key, known)
  return new PolicyError(
    `${where} has no ${JSON.stringify(key)}; ${meant === null ? `there are ${known.join(', ')}` : `did you mean ${meant}?`}`,
  )
}
