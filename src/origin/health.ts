/** What probes have found, as every thread knows it, and what one may see of it where they run. */
import type { Backend } from '../../vcl-ts/backend.ts'
import { probeText } from '../../vcl-ts/probe.ts'
import type { Clock } from '../clock.ts'

/** What the probes of a backend say. */
export interface ProbeReport {
  /** One letter a probe, newest last: `H` good, `-` bad or not made yet. */
  readonly history: string
  /** Of the window. */
  readonly good: number
  readonly window: number
  readonly threshold: number
  /** What came of the last one, in words; `''` before the first. */
  readonly last: string
}

export interface Found {
  healthy: boolean
  /** Since when, monotonic milliseconds; `-Infinity` when it was never otherwise. */
  since: number
  /** The same in epoch milliseconds. */
  changed: number
  /** `null` in threads that do not probe. */
  report: ProbeReport | null
}

export class Health {
  readonly #clock: Clock
  readonly #keyOf: (backend: Backend) => string
  readonly #known = new WeakMap<Backend, Found>()
  readonly #found = new Map<string, Found>()

  /** `keyOf`: what equal origin servers have in common. */
  constructor(clock: Clock, keyOf: (backend: Backend) => string) {
    this.#clock = clock
    this.#keyOf = keyOf
  }

  /** `null`: it has no probe. Before anything was found it is what its probe assumes at the start. */
  of(backend: Backend): Found | null {
    const { probe } = backend
    // A backend that was written by hand may lack it.
    if (probe == null) return null
    let found = this.#known.get(backend)
    if (found !== undefined) return found
    const key = healthKey(backend, this.#keyOf)
    found = this.#found.get(key)
    if (found === undefined) {
      const healthy = probe.initial >= probe.threshold
      found = { healthy, since: Number.NEGATIVE_INFINITY, changed: this.#clock.wall(), report: null }
      this.#found.set(key, found)
    }
    this.#known.set(backend, found)
    return found
  }

  /** Answers whether its health has changed. */
  tell(backend: Backend, healthy: boolean, report: ProbeReport | null): boolean {
    const found = this.of(backend)
    if (found === null) return false
    found.report = report
    if (found.healthy === healthy) return false
    found.healthy = healthy
    found.since = this.#clock.now()
    found.changed = this.#clock.wall()
    return true
  }
}

/** Backends that have it in common are probed once. */
export function healthKey(backend: Backend, keyOf: (backend: Backend) => string): string {
  return `${keyOf(backend)} ${backend.probe == null ? '' : probeText(backend.probe)}`
}
