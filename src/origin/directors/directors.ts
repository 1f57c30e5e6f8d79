/** Chooses backends: asks a director's members, and theirs, who can be had, and remembers what became of it. */
import type { Backend } from '../../../vcl-ts/backend.ts'
import { type BackendChoice, type Director, directorOf, type MemberDirector } from '../../../vcl-ts/directors/director.ts'
import { type KeyBy, type KeySource, keyOf } from '../../../vcl-ts/directors/key-by.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { RetryBudget } from '../budget.ts'
import { Denials } from '../denials.ts'
import { Ejections } from '../ejection.ts'
import type { Origins } from '../registry.ts'
import { type PickContext, pick } from './pick.ts'
import { DirectorState } from './state.ts'

export interface DirectorsParts {
  readonly origins: Pick<Origins, 'health' | 'healthy' | 'since' | 'full' | 'load' | 'requests' | 'ejected' | 'countRefusal'>
  readonly clock: Clock
  readonly log: EventLog
  /** From 0 to below 1. Default: chance. */
  readonly random?: () => number
}

/** What a choice may go by. */
export interface ChoiceContext extends KeySource {
  /** A refresh in the background. */
  readonly background: boolean
  /** Has just failed this request; taken only if nobody else can be had. */
  readonly avoid: Backend | null
}

/** A backend, and who chose it: whoever asks it says what became of that. */
export interface Chosen {
  readonly backend: Backend
  /** Whether the director lets a request that failed go to another member. */
  readonly retry: boolean
  succeeded(): void
  failed(): void
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

/** One choice, through as many directors as stand behind each other. */
class Choice implements PickContext {
  readonly #directors: Directors
  readonly #parts: DirectorsParts
  readonly #denials: Denials
  readonly #context: ChoiceContext
  readonly #key: string | null
  readonly counts: boolean
  #avoid: Backend | null = null

  constructor(directors: Directors, parts: DirectorsParts, denials: Denials, context: ChoiceContext, key: string | null, counts: boolean) {
    this.#directors = directors
    this.#parts = parts
    this.#denials = denials
    this.#context = context
    this.#key = key
    this.counts = counts
  }

  from(state: DirectorState, avoid: Backend | null): Chosen | null {
    this.#avoid = avoid
    return this.#from(state)
  }

  key(by: KeyBy): string {
    return this.#key ?? keyOf(by, this.#context)
  }

  load({ backends }: DirectorState, index: number): number {
    const { origins } = this.#parts
    let load = 0
    for (const backend of backends[index] ?? []) load += origins.load(backend)
    return load
  }

  share({ director, members, ejections }: DirectorState, index: number): number {
    const { rampup } = director
    const member = members[index]
    if (rampup === 0 || member === undefined || member.type !== 'backend') return 1
    const { origins, clock } = this.#parts
    const since = Math.max(origins.since(member), ejections?.since(index) ?? Number.NEGATIVE_INFINITY)
    // A twentieth from the beginning on, so that somebody tries it.
    return Math.min(1, Math.max(0.05, (clock.now() - since) / (rampup * 1000)))
  }

  random(): number {
    return (this.#parts.random ?? Math.random)()
  }

  #from(state: DirectorState): Chosen | null {
    const panics = this.#panics(state)
    for (let index = 0; index < state.members.length; index++) state.usable[index] = this.#can(state, index, panics) ? 1 : 0
    const index = pick(state, this)
    const member = state.members[index]
    if (member === undefined) return null
    if (member.type === 'director') return this.#below(member)
    return new ChosenMember(member, state, index, () => this.#replaceable(state, index))
  }

  #below(director: Director): Chosen | null {
    if (director.kind !== 'keyed') return this.#from(this.#directors.state(director))
    return new Choice(this.#directors, this.#parts, this.#denials, this.#context, director.key, this.counts).from(
      this.#directors.state(directorOf(director)),
      this.#avoid,
    )
  }

  #can(state: DirectorState, index: number, panics: boolean): boolean {
    const member = state.members[index] as BackendChoice
    if (!panics && state.ejections?.has(index) === true) return false
    if (member.type === 'director') {
      const below = this.#directors.state(directorOf(member))
      const panicsBelow = this.#panics(below)
      return below.members.some((_, at) => this.#can(below, at, panicsBelow))
    }
    const { origins } = this.#parts
    if (member === this.#avoid || origins.full(member)) return false
    if (panics ? origins.health(member) === 'sick' : !origins.healthy(member)) return false
    return !this.#denials.has(member, this.#context.hash, this.#context.background)
  }

  /** Whether so few members are well that none is believed to be sick. */
  #panics(state: DirectorState): boolean {
    const { panic } = state.director
    return panic > 0 && state.members.filter((_, index) => this.#well(state, index)).length < panic * state.members.length
  }

  #well({ backends, ejections }: DirectorState, index: number): boolean {
    const { origins } = this.#parts
    return ejections?.has(index) !== true && (backends[index] ?? []).some((backend) => origins.healthy(backend))
  }

  #replaceable(state: DirectorState, index: number): boolean {
    return state.members.some((_, other) => other !== index && this.#well(state, other))
  }
}

class ChosenMember implements Chosen {
  readonly backend: Backend
  readonly retry: boolean
  readonly #state: DirectorState
  readonly #index: number
  readonly #replaceable: () => boolean

  constructor(backend: Backend, state: DirectorState, index: number, replaceable: () => boolean) {
    this.backend = backend
    this.retry = state.director.retry
    this.#state = state
    this.#index = index
    this.#replaceable = replaceable
  }

  succeeded(): void {
    this.#state.ejections?.succeeded(this.#index)
  }

  failed(): void {
    this.#state.ejections?.failed(this.#index, this.#replaceable)
  }
}
