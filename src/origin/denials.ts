/** Saint mode: which backend is not to be asked for which key, and until when. */
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Clock } from '../clock.ts'

/** Keys for each backend; the oldest go first. */
const MOST = 1000
/** Milliseconds. */
const LONGEST = 3_600_000

interface Denial {
  until: number
  /** It holds for refreshes in the background only. */
  readonly background: boolean
}

export class Denials {
  readonly #clock: Clock
  readonly #denied = new WeakMap<Backend, Map<string, Denial>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For `ms` milliseconds, an hour at most. A denial for all requests is not taken back by one for refreshes. */
  add(backend: Backend, key: string, ms: number, background: boolean): void {
    if (!(ms > 0)) return
    let keys = this.#denied.get(backend)
    if (keys === undefined) this.#denied.set(backend, (keys = new Map()))
    const now = this.#clock.now()
    const until = now + Math.min(ms, LONGEST)
    const before = keys.get(key)
    if (background && before !== undefined && !before.background && before.until > now) return
    keys.delete(key)
    if (keys.size >= MOST) for (const oldest of [...keys.keys()].slice(0, 1)) keys.delete(oldest)
    keys.set(key, { until, background })
  }

  has(backend: Backend, key: string, background: boolean): boolean {
    const keys = this.#denied.get(backend)
    const denial = keys?.get(key)
    if (keys === undefined || denial === undefined) return false
    if (denial.until > this.#clock.now()) return background || !denial.background
    keys.delete(key)
    return false
  }
}
