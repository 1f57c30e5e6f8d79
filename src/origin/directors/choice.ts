/** One choice of a backend: whom a director's members, and theirs, can offer. */
import type { Backend } from '../../../vcl-ts/backend.ts'
import { type BackendChoice, type Director, directorOf } from '../../../vcl-ts/directors/director.ts'
import { type KeyBy, type KeySource, keyOf } from '../../../vcl-ts/directors/key-by.ts'
import type { Denials } from '../denials.ts'
import type { Directors, DirectorsParts } from './directors.ts'
import { type PickContext, pick } from './pick.ts'
import type { DirectorState } from './state.ts'

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

/** One choice, through as many directors as stand behind each other. */
export class Choice implements PickContext {
  readonly #directors: Directors
  readonly #parts: DirectorsParts
  readonly #denials: Denials
  readonly #context: ChoiceContext
  readonly #key: string | null
  readonly counts: boolean
  #avoid: Backend | null = null
  /** Somebody was passed over because of an ejection. */
  #passedOver = false
  /** Who is left out is asked before nobody is. */
  #lenient = false

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
    this.#lenient = false
    const found = this.#from(state)
    if (found !== null || !this.#passedOver) return found
    this.#lenient = true
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
    if (!panics && !this.#lenient && state.ejections?.has(index) === true) {
      this.#passedOver = true
      return false
    }
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
