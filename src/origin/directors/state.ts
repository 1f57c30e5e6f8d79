/** What a director remembers between its choices. */
import type { Backend } from '../../../vcl-ts/backend.ts'
import { type BackendChoice, backendsOf, type MemberDirector, membersOf } from '../../../vcl-ts/directors/director.ts'
import { RetryBudget } from '../budget.ts'
import type { Ejections } from '../ejection.ts'
import { Ring } from './ring.ts'

export class DirectorState {
  readonly director: MemberDirector
  /** With the one that stands for unknown names, if it is another. */
  readonly members: readonly BackendChoice[]
  /** Of each member, which may be a director. */
  readonly backends: readonly (readonly Backend[])[]
  /** Whatever their order: what keys go by. */
  readonly idents: readonly string[]
  readonly ejections: Ejections | null
  readonly ring: Ring | null
  readonly budget: RetryBudget = new RetryBudget()
  /** Requests that it was asked to place. */
  requests = 0
  /** Where round-robin goes on, and where equals are told apart. */
  next = 0
  /** Whom a sticky fallback stays with. */
  current = 0
  /** Of the choice being made, a number each: whether a member can be had. */
  readonly usable: Uint8Array

  constructor(director: MemberDirector, ejections: (count: number, backends: readonly (readonly Backend[])[]) => Ejections | null) {
    this.director = director
    this.members = membersOf(director)
    this.backends = this.members.map(backendsOf)
    this.idents = identsOf(director, this.members)
    this.ejections = ejections(this.members.length, this.backends)
    this.ring = director.kind === 'consistent' ? new Ring(this.idents, director.weights, director.replicas) : null
    this.usable = new Uint8Array(this.members.length)
  }
}

/** A member's name, else where it goes; equal ones are numbered. */
function identsOf({ names }: MemberDirector, members: readonly BackendChoice[]): readonly string[] {
  const seen = new Map<string, number>()
  return members.map((member, index) => {
    const ident =
      names?.[index] ??
      backendsOf(member)
        .map(({ url, hostHeader }) => `${url} ${hostHeader ?? ''}`)
        .join(',')
    const times = seen.get(ident) ?? 0
    seen.set(ident, times + 1)
    return times === 0 ? ident : `${ident} ${times}`
  })
}
