/** The probes of a process: one for each backend that a policy at hand names, as long as one does. */
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Probe } from '../../vcl-ts/probe.ts'
import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from '../log.ts'
import type { Origin } from './exchange.ts'
import { healthKey, type ProbeReport } from './health.ts'
import { ProbeCall } from './probe-call.ts'
import { ProbeWindow } from './probe-window.ts'
import { originKey } from './registry.ts'

export interface ProbesParts {
  readonly clock: Clock
  readonly log: EventLog
  /** Connections that nothing else uses. */
  readonly originOf: (backend: Backend) => Origin
  /** Is told what each probe found. */
  readonly tell: (backend: Backend, healthy: boolean, report: ProbeReport) => void
  /** From 0 to below 1. */
  readonly random?: () => number
}

export class Probes {
  readonly #parts: ProbesParts
  readonly #running = new Map<string, Probing>()

  constructor(parts: ProbesParts) {
    this.#parts = parts
  }

  /** From now on exactly these are probed, at once if they were not before. Equal ones keep their history. */
  watch(backends: Iterable<Backend>): void {
    const wanted = new Map<string, Backend>()
    for (const backend of backends) if (backend.probe != null) wanted.set(healthKey(backend, originKey), backend)
    for (const [key, probing] of this.#running) {
      if (wanted.has(key)) continue
      probing.stop()
      this.#running.delete(key)
    }
    for (const [key, backend] of wanted) {
      if (backend.probe === null || this.#running.has(key)) continue
      const probing = new Probing(backend, backend.probe, this.#parts)
      this.#running.set(key, probing)
      probing.start()
    }
  }

  stop(): void {
    this.watch([])
  }
}

class Probing {
  readonly #backend: Backend
  readonly #probe: Probe
  readonly #parts: ProbesParts
  readonly #window: ProbeWindow
  readonly #origin: Origin
  #call: ProbeCall | null = null
  #timer: Timer | null = null

  constructor(backend: Backend, probe: Probe, parts: ProbesParts) {
    this.#backend = backend
    this.#probe = probe
    this.#parts = parts
    this.#window = new ProbeWindow(probe)
    this.#origin = parts.originOf(backend)
    // A closed pool keeps no connection: each probe makes its own, as a client would.
    this.#origin.close()
  }

  start(): void {
    this.#tell('')
    this.#run()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#call?.cancel()
  }

  #run(): void {
    const { clock, random = Math.random } = this.#parts
    const { interval, jitter } = this.#probe
    this.#timer = clock.after((interval + jitter * random()) * 1000, () => this.#run())
    // One that takes longer than the interval is not joined by another.
    this.#call ??= new ProbeCall(this.#backend, this.#probe, this.#origin, clock, ({ good, reason }) => {
      this.#call = null
      this.#record(good, reason)
    })
  }

  #record(good: boolean, reason: string): void {
    const before = this.#window.healthy
    this.#window.record(good)
    const { healthy, text } = this.#window
    this.#tell(reason)
    if (healthy === before) return
    const { log } = this.#parts
    const fields = { event: 'backend', backend: this.#backend.url, health: healthy ? 'healthy' : 'sick', window: text, reason }
    if (healthy) log.info(fields, 'a backend is healthy again')
    else log.warn(fields, 'a backend is sick')
  }

  #tell(last: string): void {
    const { good, healthy, text } = this.#window
    const { window, threshold } = this.#probe
    this.#parts.tell(this.#backend, healthy, { history: text, good, window, threshold, last })
  }
}
