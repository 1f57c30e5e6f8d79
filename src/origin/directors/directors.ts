/** Chooses backends: asks a director's members, and theirs, who can be had, and remembers what became of it. */
import type { Backend } from '../../../vcl-ts/backend.ts'
import { type BackendChoice, backendsOf, type Director, directorOf, type MemberDirector } from '../../../vcl-ts/directors/director.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { RetryBudget } from '../budget.ts'
import { Denials } from '../denials.ts'
import { Ejections } from '../ejection.ts'
import type { Origins } from '../registry.ts'
import { Choice, type ChoiceContext, type Chosen } from './choice.ts'
import { DirectorState } from './state.ts'

export interface DirectorsParts {
  readonly origins: Pick<Origins, 'health' | 'healthy' | 'since' | 'full' | 'load' | 'requests' | 'ejected' | 'countRefusal'>
  readonly clock: Clock
  readonly log: EventLog
  /** From 0 to below 1. Default: chance. */
  readonly random?: () => number
}

/** Why there is none. */
export type NoChoice = 'no_backend' | 'unhealthy' | 'pool_full'

export class Directors {
  readonly #parts: DirectorsParts
  readonly #states = new WeakMap<Director, DirectorState>()
  readonly #budgets = new WeakMap<Backend, RetryBudget>()
  readonly #denials: Denials

  constructor(parts: DirectorsParts) {
    this.#parts = parts
    this.#denials = new Denials(parts.clock)
  }

  /** Whether a backend that no director stands before may be asked now; `null`: it may. */
  refusal(backend: Backend): NoChoice | null {
    const { origins } = this.#parts
    if (!origins.healthy(backend)) return 'unhealthy'
    return origins.full(backend) ? 'pool_full' : null
  }

  /** Whether it may be asked, or for a director any backend below it: what an operator said, else what probes found. */
  healthy(choice: BackendChoice): boolean {
    return backendsOf(choice).some((backend) => this.#parts.origins.healthy(backend))
  }

  choose(director: Director, context: ChoiceContext): Chosen | NoChoice {
    const choice = new Choice(this, this.#parts, this.#denials, context, keyGiven(director), true)
    const state = this.state(directorOf(director))
    state.requests++
    const { avoid } = context
    const found = choice.from(state, avoid) ?? (avoid === null ? null : choice.from(state, null))
    return found ?? this.#whyNone(state)
  }

  /** As `choose`, but never the one to avoid. */
  elsewhere(director: Director, context: ChoiceContext): Chosen | null {
    const state = this.state(directorOf(director))
    return new Choice(this, this.#parts, this.#denials, context, keyGiven(director), false).from(state, context.avoid)
  }

  /** One retry is paid for; `null`: the budget is spent. Whoever finds that it was worth it takes it back. */
  spend(choice: BackendChoice): RetryBudget | null {
    const { clock, origins } = this.#parts
    if (choice.type === 'director') {
      const { budget, requests } = this.state(directorOf(choice))
      return budget.take(clock.now(), requests) ? budget : null
    }
    let budget = this.#budgets.get(choice)
    if (budget === undefined) this.#budgets.set(choice, (budget = new RetryBudget()))
    return budget.take(clock.now(), origins.requests(choice)) ? budget : null
  }

  /** For the counters of a backend that could not be asked. */
  countRefusal(backend: Backend, why: 'unhealthy' | 'pool_full'): void {
    this.#parts.origins.countRefusal(backend, why === 'unhealthy' ? 'unhealthy' : 'busy')
  }

  /** Saint mode: no director sends requests under the key there, or no refreshes, for some milliseconds. */
  deny(backend: Backend, key: string, ms: number, background: boolean): void {
    this.#denials.add(backend, key, ms, background)
  }

  state(director: MemberDirector): DirectorState {
    let state = this.#states.get(director)
    if (state === undefined) {
      state = new DirectorState(director, (count, backends) => this.#ejections(director, count, backends))
      this.#states.set(director, state)
    }
    return state
  }

  #ejections(director: MemberDirector, count: number, backends: readonly (readonly Backend[])[]): Ejections | null {
    if (director.ejection === null) return null
    const { clock, log, origins } = this.#parts
    return new Ejections(count, director.ejection, clock, (index, seconds) => {
      for (const backend of backends[index] ?? []) {
        origins.ejected(backend, seconds !== null)
        const fields = { event: 'backend', backend: backend.url, director: director.kind, seconds }
        if (seconds === null) log.info(fields, 'a backend is asked again after its ejection')
        else log.warn(fields, 'a backend fails again and again, and is left out for a while')
      }
    })
  }

  #whyNone({ backends }: DirectorState): NoChoice {
    const { origins } = this.#parts
    const all = backends.flat()
    if (all.length === 0) return 'no_backend'
    return all.some((backend) => origins.healthy(backend) && origins.full(backend)) ? 'pool_full' : 'unhealthy'
  }
}

function keyGiven(director: Director): string | null {
  return director.kind === 'keyed' ? director.key : null
}
