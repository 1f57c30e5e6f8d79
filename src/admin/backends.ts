/** The origin servers by their names: `policy.backend` as the policies at hand call them, `boot.default` for what was given at the start. */
import type { Backend } from '../../vcl-ts/backend.ts'
import { type BackendChoice, backendsOf, directorOf } from '../../vcl-ts/directors/director.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
import type { ProbeReport } from '../origin/health.ts'
import type { AdminHealth, BackendCounter } from '../origin/ledger.ts'
import type { Origins } from '../origin/registry.ts'
import type { Policies } from '../policy/policies.ts'
import { UnknownName } from './problem.ts'

export interface BackendInfo {
  /** `policy.backend`. */
  readonly name: string
  readonly url: string
  /** What an operator said. */
  readonly admin: AdminHealth
  readonly health: 'healthy' | 'sick'
  /** Epoch milliseconds of the last change of its health. */
  readonly changed: number
  /** `null`: it has no probe. */
  readonly probe: ProbeReport | null
  /** In how many directors it is left out for what it answered, those of all workers together. */
  readonly ejected: number
  readonly counters: Readonly<Record<BackendCounter | 'happy' | 'conn', number>>
}

export interface DirectorInfo {
  /** `policy.director`. */
  readonly name: string
  readonly kind: string
  /** Every backend that it can end at, by name. */
  readonly members: readonly string[]
  /** Of them. */
  readonly healthy: number
}

export const HEALTHS: readonly AdminHealth[] = ['healthy', 'sick', 'auto']

export class Backends {
  readonly #policies: Pick<Policies, 'backends' | 'list'>
  readonly #origins: Pick<Origins, 'ledger' | 'setHealth'>
  readonly #boot: BackendChoice | null

  /** `boot`: what `--origin` named. */
  constructor(policies: Pick<Policies, 'backends' | 'list'>, origins: Pick<Origins, 'ledger' | 'setHealth'>, boot: BackendChoice | null) {
    this.#policies = policies
    this.#origins = origins
    this.#boot = boot
  }

  list(): readonly BackendInfo[] {
    return Array.from(this.#named().backends, ([name, backend]) => this.#info(name, backend))
  }

  directors(): readonly DirectorInfo[] {
    const { backends, directors } = this.#named()
    return Array.from(directors, ([name, { kind, members }]) => {
      const healthy = members.filter((member) => {
        const backend = backends.get(member)
        return backend !== undefined && this.#origins.ledger(backend).happy
      })
      return { name, kind, members, healthy: healthy.length }
    })
  }

  /**
   * `name` is compared whole: `policy.backend`, or `backend` of the policy in use. What is sick is not asked. Throws an `UnknownName`.
   */
  setHealth(name: string, health: AdminHealth): BackendInfo {
    const known = this.#named().backends
    const full = [name, `${this.#active()}.${name}`, `boot.${name}`].find((candidate) => known.has(candidate)) ?? ''
    const backend = known.get(full)
    if (backend === undefined) throw unknown(name, [...known.keys()])
    this.#origins.setHealth(backend, health)
    return this.#info(full, backend)
  }

  /** `VBE.policy.backend.counter`, flat. */
  counters(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const { name, counters } of this.list())
      for (const [counter, value] of Object.entries(counters)) all[`VBE.${name}.${counter}`] = value
    return all
  }

  /** Every backend that may be asked now, whatever it is called. */
  all(): Iterable<Backend> {
    return this.#named().backends.values()
  }

  #named(): Names {
    const names = new Names()
    if (this.#boot !== null) names.add('boot', new Map([['default', this.#boot]]))
    const policies = new Map<string, Map<string, BackendChoice>>()
    for (const { policy, name, backend } of this.#policies.backends()) {
      const choices = policies.get(policy) ?? new Map<string, BackendChoice>()
      policies.set(policy, choices.set(name, backend))
    }
    for (const [policy, choices] of policies) names.add(policy, choices)
    return names
  }

  #active(): string {
    return this.#policies.list().find(({ state }) => state === 'active')?.name ?? ''
  }

  #info(name: string, backend: Backend): BackendInfo {
    const { happy, health: admin, changed, probe, ejected, snapshot } = this.#origins.ledger(backend)
    return { name, url: backend.url, admin, health: happy ? 'healthy' : 'sick', changed, probe, ejected, counters: snapshot() }
  }
}

/** Backends and directors by their whole names. */
class Names {
  readonly backends: Map<string, Backend> = new Map()
  readonly directors: Map<string, { readonly kind: string; readonly members: readonly string[] }> = new Map()

  /** What one policy names. A member that it does not name is called after the director that has it first: `pool.1`, `pool.2`. */
  add(policy: string, choices: ReadonlyMap<string, BackendChoice>): void {
    const known = new Map<Backend, string>()
    for (const [name, choice] of choices) {
      if (choice.type !== 'backend') continue
      known.set(choice, `${policy}.${name}`)
      this.backends.set(`${policy}.${name}`, choice)
    }
    for (const [name, choice] of choices) {
      if (choice.type === 'backend') continue
      const members = backendsOf(choice).map((backend, index) => {
        const member = known.get(backend) ?? `${policy}.${name}.${index + 1}`
        known.set(backend, member)
        this.backends.set(member, backend)
        return member
      })
      this.directors.set(`${policy}.${name}`, { kind: directorOf(choice).kind, members })
    }
  }
}

function unknown(name: string, known: readonly string[]): UnknownName {
  const close = nearest(name, known)
  return new UnknownName({
    what: `there is no backend ${JSON.stringify(name)}`,
    why: known.length === 0 ? 'there is no backend at all' : `there are ${known.join(', ')}`,
    how: close === null ? 'give a whole name; backend.list shows them' : `did you mean ${close}? backend.list shows them all`,
  })
}
