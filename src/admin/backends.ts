/** The origin servers by their names: `policy.backend` as the policies at hand call them, `boot.default` for the one given at the start. */
import type { Backend } from '../../vcl-ts/backend.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
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
  readonly counters: Readonly<Record<BackendCounter | 'happy' | 'conn', number>>
}

export const HEALTHS: readonly AdminHealth[] = ['healthy', 'sick', 'auto']

export class Backends {
  readonly #policies: Pick<Policies, 'backends' | 'list'>
  readonly #origins: Pick<Origins, 'ledger' | 'setHealth'>
  readonly #boot: Backend | null

  /** `boot`: what `--origin` named. */
  constructor(policies: Pick<Policies, 'backends' | 'list'>, origins: Pick<Origins, 'ledger' | 'setHealth'>, boot: Backend | null) {
    this.#policies = policies
    this.#origins = origins
    this.#boot = boot
  }

  list(): readonly BackendInfo[] {
    return Array.from(this.#named(), ([name, backend]) => this.#info(name, backend))
  }

  /**
   * `name` is compared whole: `policy.backend`, or `backend` of the policy in use. What is sick is not asked. Throws an `UnknownName`.
   */
  setHealth(name: string, health: AdminHealth): BackendInfo {
    const known = this.#named()
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

  #named(): ReadonlyMap<string, Backend> {
    const named = new Map<string, Backend>()
    if (this.#boot !== null) named.set('boot.default', this.#boot)
    for (const { policy, name, backend } of this.#policies.backends()) named.set(`${policy}.${name}`, backend)
    return named
  }

  #active(): string {
    return this.#policies.list().find(({ state }) => state === 'active')?.name ?? ''
  }

  #info(name: string, backend: Backend): BackendInfo {
    const ledger = this.#origins.ledger(backend)
    const health = ledger.happy ? 'healthy' : 'sick'
    return { name, url: backend.url, admin: ledger.health, health, changed: ledger.changed, counters: ledger.snapshot() }
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
