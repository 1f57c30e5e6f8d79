/** The policy that runs: compiled, with the state of its transactions and the deadline of its hooks. */
import type { Backend } from '../../vcl-ts/backend.ts'
import { type Decisions, decisionsFor, type PresetName } from '../../vcl-ts/builtin/decisions.ts'
import type { Policy } from '../../vcl-ts/policy.ts'
import { type CompiledPolicy, compilePolicy } from '../../vcl-ts/run.ts'
import type { Clock } from '../clock.ts'

/** A hook did not answer in time. */
export class HookDeadline extends Error {
  constructor(seconds: number) {
    super(`the hook did not answer within ${seconds} s`)
    this.name = 'HookDeadline'
  }
}

export interface ActivePolicy {
  readonly compiled: CompiledPolicy
  readonly decisions: Decisions
  /** Whether any hook of the client side is the user's, so that it may look at what the engine else makes late. */
  readonly watchesClient: boolean
  /** Whether the request's own Cache-Control counts: the preset says so and the step `reqCacheControl` is on. */
  readonly honoursClient: boolean
  /** Whether a refresh client's no-cache counts whatever the preset says: the step `reqCacheControl` is on. */
  readonly honoursRefresh: boolean
  /** The default backend of the policy, if it names any. */
  readonly backend: Backend | null
  newState(): object
  /** Lets a promise of a hook take as long as hooks may. */
  readonly limit: (promise: Promise<unknown>) => Promise<unknown>
}

const CLIENT_HOOKS = ['recv', 'hash', 'purge', 'hit', 'miss', 'pass', 'pipe', 'deliver', 'synth'] as const

/** Compiles policies for use. Throws a `PolicyError` that names what is wrong. `deadline` in seconds. */
export function activatePolicy(policies: readonly Policy[], preset: PresetName, clock: Clock, deadline: number): ActivePolicy {
  const compiled = compilePolicy(policies, preset)
  const decisions = decisionsFor(preset)
  return {
    compiled,
    decisions,
    watchesClient: CLIENT_HOOKS.some((hook) => compiled.hooks[hook] !== null),
    honoursClient: decisions.clientCacheControl === 'honour' && !compiled.overridden.has('reqCacheControl'),
    honoursRefresh: !compiled.overridden.has('reqCacheControl'),
    backend: compiled.defaultBackend,
    newState: () => compiled.newState(),
    limit: (promise) =>
      new Promise((resolve, reject) => {
        const timer = clock.after(deadline * 1000, () => reject(new HookDeadline(deadline)))
        promise.then(resolve, reject).finally(() => timer.cancel())
      }),
  }
}
