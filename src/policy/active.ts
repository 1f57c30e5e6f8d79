/** A policy that runs: compiled, with the deadline of its hooks and the number of transactions that use it. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { Policy, PolicyError } from '../../vcl-ts/policy.ts'
import { type CompiledPolicy, compilePolicy, type DecisionObserver, type Limit, runFini, runInit, type Watch } from '../../vcl-ts/run.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Services } from './services/services.ts'
import { PLAIN_SOURCES, type PolicySources } from './sources.ts'

/** A hook did not answer in time. */
export class HookDeadline extends Error {
  constructor(seconds: number) {
    super(`the hook did not answer within ${seconds} s`)
    this.name = 'HookDeadline'
  }
}

export interface ActiveDeps {
  readonly clock: Clock
  /** Of a hook's promise, in seconds; asked of each. */
  readonly deadline: () => number
  readonly services: Services
}

const CLIENT_HOOKS = ['recv', 'hash', 'purge', 'hit', 'miss', 'pass', 'pipe', 'deliver', 'synth'] as const

export class ActivePolicy {
  readonly compiled: CompiledPolicy
  readonly decisions: Decisions
  /** Whether any hook of the client side is the user's, so that it may look at what the engine else makes late. */
  readonly watchesClient: boolean
  /** Whether the request's own Cache-Control counts: the preset says so and the step `reqCacheControl` is on. */
  readonly honoursClient: boolean
  /** Whether a refresh client's no-cache counts whatever the preset says: the step `reqCacheControl` is on. */
  readonly honoursRefresh: boolean
  /** The default backend of the policy, or director, if it names any. */
  readonly backend: BackendChoice | null
  /** Lets a promise of a hook take as long as hooks may. */
  readonly limit: Limit
  readonly sources: PolicySources
  readonly #clock: Clock
  readonly #deadline: () => number
  readonly #services: Services
  /** Ends its services; `null`: they do not run. */
  #stopServices: (() => void) | null = null
  #users = 0
  /** Where users are counted for other threads, too; `null`: there are none. */
  #cells: Float64Array | null = null
  #cell = 0
  #whenIdle: (() => void) | null = null

  constructor(compiled: CompiledPolicy, { clock, deadline, services }: ActiveDeps, sources: PolicySources) {
    this.compiled = compiled
    this.decisions = compiled.decisions
    this.watchesClient = CLIENT_HOOKS.some((hook) => compiled.hooks[hook] !== null)
    this.honoursClient = this.decisions.clientCacheControl === 'honour' && !compiled.overridden.has('reqCacheControl')
    this.honoursRefresh = !compiled.overridden.has('reqCacheControl')
    this.backend = compiled.defaultBackend
    this.sources = sources
    this.#clock = clock
    this.#deadline = deadline
    this.#services = services
    this.limit = (promise) => {
      this.enter()
      const { promise: late, reject } = Promise.withResolvers<never>()
      const timer = this.whenLate(reject)
      // A hook that hangs past its deadline holds nobody up.
      return Promise.race([promise, late]).finally(() => {
        timer.cancel()
        this.leave()
      })
    }
  }

  /** Calls back once a hook that begins now has taken too long. */
  whenLate(late: (error: HookDeadline) => void): Timer {
    const seconds = this.#deadline()
    return this.#clock.after(seconds * 1000, () => late(new HookDeadline(seconds)))
  }

  /** Begins its services, and runs every `init`. Rejects with a `PolicyError`, or what a service says that cannot begin; then nothing runs. */
  async begin(): Promise<void> {
    this.#stopServices = this.#services.start(this.compiled.services)
    try {
      await runInit(this.compiled, this.limit)
    } catch (error) {
      this.#endServices()
      throw error
    }
  }

  /** Runs every `fini`, and ends its services. Answers what went wrong. */
  async end(): Promise<readonly PolicyError[]> {
    const faults = await runFini(this.compiled, this.limit)
    this.#endServices()
    return faults
  }

  #endServices(): void {
    this.#stopServices?.()
    this.#stopServices = null
  }

  newState(): object {
    return this.compiled.newState()
  }

  /** An error of a hook, with the positions of the user's sources in its stack. */
  located(error: unknown): unknown {
    return this.sources.located(error)
  }

  /** The same policy, compiled once more for somebody who looks on. It has users of its own; the modules and their variables are the same. */
  watched(observe: DecisionObserver, watch: Watch): ActivePolicy {
    const { policies, preset, decisions } = this.compiled
    const deps = { clock: this.#clock, deadline: this.#deadline, services: this.#services }
    return new ActivePolicy(compilePolicy(policies, preset, observe, decisions, watch), deps, this.sources)
  }

  /** Transactions and pending hooks that use it. */
  get users(): number {
    return this.#users
  }

  /** Counts its users there, too; `mark` is the number of the policy. */
  countIn(cells: Float64Array, mark: number): void {
    this.#cells = cells
    this.#cell = mark % cells.length
  }

  enter(): void {
    this.#users++
    if (this.#cells !== null) this.#cells[this.#cell] = (this.#cells[this.#cell] as number) + 1
  }

  leave(): void {
    this.#users--
    if (this.#cells !== null) this.#cells[this.#cell] = (this.#cells[this.#cell] as number) - 1
    if (this.#whenIdle !== null && this.#users === 0) this.#settle()
  }

  /** Calls back once, later, when nothing uses it any more; `null` takes that back. */
  whenIdle(callback: (() => void) | null): void {
    this.#whenIdle = callback
    if (callback !== null && this.#users === 0) this.#settle()
  }

  /** A turn later: a hook's promise is over before the step that follows it begins, and that step may run the next hook. */
  #settle(): void {
    setImmediate(() => {
      const callback = this.#whenIdle
      if (callback === null || this.#users > 0) return
      this.#whenIdle = null
      callback()
    })
  }
}

/**
 * Compiles policies for use. Throws a `PolicyError` that names what is wrong. `sources` tells
 * where an error of a hook is in the user's sources, `observe` is told of every hook's decision.
 */
export function activatePolicy(
  policies: readonly Policy[],
  decisions: Decisions,
  deps: ActiveDeps,
  sources: PolicySources = PLAIN_SOURCES,
  observe: DecisionObserver | null = null,
): ActivePolicy {
  return new ActivePolicy(compilePolicy(policies, decisions.preset, observe, decisions), deps, sources)
}
