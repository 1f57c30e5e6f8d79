/** Directors as data: which backends there are, and how one of them is chosen. `src/origin/directors` chooses. */
import type { Backend } from '../backend.ts'
import type { Ejection } from './ejection.ts'
import type { KeyBy } from './key-by.ts'

/** Where a request may go: a backend, or a director that chooses one. */
export type BackendChoice = Backend | Director

interface Members {
  readonly type: 'director'
  readonly members: readonly BackendChoice[]
  /** Of the members, in their order; `null` where they have none. */
  readonly names: readonly string[] | null
  /** `null`: members are not watched by what they answer. */
  readonly ejection: Ejection | null
  /** While a smaller share of the members than this is healthy, all are taken for healthy that no operator called sick. */
  readonly panic: number
  /** Seconds in which a member that was sick comes back to its full share. */
  readonly rampup: number
  /** Whether a request that may be sent again goes to another member when the first one fails. */
  readonly retry: boolean
}

interface Weighted extends Members {
  /** Of the members, in their order. */
  readonly weights: readonly number[]
}

export interface RoundRobin extends Members {
  readonly kind: 'roundRobin'
}

export interface Random extends Weighted {
  readonly kind: 'random'
}

export interface LeastConnections extends Weighted {
  readonly kind: 'leastConnections'
}

export interface Fallback extends Members {
  readonly kind: 'fallback'
  readonly sticky: boolean
}

export interface Hash extends Weighted {
  readonly kind: 'hash'
  readonly by: KeyBy
}

export interface Consistent extends Weighted {
  readonly kind: 'consistent'
  readonly by: KeyBy
  readonly replicas: number
  /** The member so many places further on the ring. */
  readonly alt: number
  /** Share of the requests that go to the next member instead, so that it is warm when it has to take over. */
  readonly warmup: number
}

export interface Sticky extends Weighted {
  readonly kind: 'sticky'
  readonly by: KeyBy
}

export interface ByName extends Members {
  readonly kind: 'byName'
  readonly by: KeyBy
  /** For a name that no member has; `null`: then there is no backend. */
  readonly otherwise: BackendChoice | null
}

export interface Split extends Weighted {
  readonly kind: 'split'
  readonly names: readonly string[]
  readonly by: KeyBy
  /** Whether what the arms answer is kept apart. */
  readonly keyed: boolean
}

/** A director with the key that it is to choose by this time. */
export interface Keyed {
  readonly type: 'director'
  readonly kind: 'keyed'
  readonly of: Director
  readonly key: string
}

export type Director = RoundRobin | Random | LeastConnections | Fallback | Hash | Consistent | Sticky | ByName | Split | Keyed

/** `withKey` apart, which has no members of its own. */
export type MemberDirector = Exclude<Director, Keyed>

/** The director itself, whatever key it was given. */
export function directorOf(director: Director): MemberDirector {
  return director.kind === 'keyed' ? directorOf(director.of) : director
}

/** Every choice right below a director. */
export function membersOf(director: Director): readonly BackendChoice[] {
  const { members, ...rest } = directorOf(director)
  return rest.kind === 'byName' && rest.otherwise !== null && !members.includes(rest.otherwise) ? [...members, rest.otherwise] : members
}

/** Every backend that a choice can end at, each once. */
export function backendsOf(choice: BackendChoice): readonly Backend[] {
  return choice.type === 'backend' ? [choice] : [...new Set(membersOf(choice).flatMap(backendsOf))]
}
