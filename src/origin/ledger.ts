/** What is known of one origin server: what was asked of it and how that went, and whether an operator wants it asked at all. */
import type { OriginFailureCode } from '../errors.ts'
import { type FailureStage, failureStage } from './failure-stage.ts'
import type { Found, ProbeReport } from './health.ts'

/** `auto`: as probes find it; healthy while there are none. */
export type AdminHealth = 'auto' | 'healthy' | 'sick'

/** Names are Varnish's `VBE` counters. */
export const BACKEND_COUNTERS = [
  'req',
  'unhealthy',
  'busy',
  'fail',
  'fail_econnrefused',
  'fail_etimedout',
  'fail_resolve',
  'fail_other',
  'first_byte_timeout',
  'between_bytes_timeout',
  'broken',
] as const
export type BackendCounter = (typeof BACKEND_COUNTERS)[number]

/** What others may see of it. */
export interface LedgerView {
  readonly health: AdminHealth
  readonly happy: boolean
  /** `null`: it has no probe. */
  readonly probe: ProbeReport | null
  /** In how many directors it is left out for what it answered, those of all workers together. */
  readonly ejected: number
  /** Epoch milliseconds of the last change of its health, or of the first use. */
  readonly changed: number
  /** Flat: `happy`, `conn`, and every counter. */
  snapshot(): Record<BackendCounter | 'happy' | 'conn', number>
}

/** Where it counts: a number for each of `BACKEND_COUNTERS`, and one each of the open connections and of the directors that leave it out. */
export interface LedgerCells {
  readonly counts: Float64Array
  readonly gauges: Float64Array
}

/** Numbers in `gauges`. */
export const LEDGER_GAUGES = 2

const PLACES = Object.fromEntries(BACKEND_COUNTERS.map((name, index) => [name, index])) as Readonly<Record<BackendCounter, number>>

export function ownCells(): LedgerCells {
  return { counts: new Float64Array(BACKEND_COUNTERS.length), gauges: new Float64Array(LEDGER_GAUGES) }
}

export class Ledger {
  readonly #cells: LedgerCells
  #health: AdminHealth = 'auto'
  changed: number

  constructor(now: number, cells: LedgerCells = ownCells()) {
    this.changed = now
    this.#cells = cells
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#cells.gauges[0] as number
  }

  set connections(count: number) {
    this.#cells.gauges[0] = count
  }

  /** Requests that were sent. */
  get requests(): number {
    return this.#cells.counts[PLACES.req] as number
  }

  get health(): AdminHealth {
    return this.#health
  }

  /** Whether no operator forbids that it is asked. */
  get allowed(): boolean {
    return this.#health !== 'sick'
  }

  setHealth(health: AdminHealth, now: number): void {
    if (health !== this.#health) this.changed = now
    this.#health = health
  }

  count(name: BackendCounter): void {
    const { counts } = this.#cells
    counts[PLACES[name]] = (counts[PLACES[name]] as number) + 1
  }

  /** A connection that did not come about. */
  countFailedConnection(code: OriginFailureCode): void {
    this.count('fail')
    this.count(CONNECT_FAILURES[code] ?? 'fail_other')
  }

  /** A request that failed on a connection. */
  countFailure(code: OriginFailureCode): void {
    if (code === 'first_byte_timeout' || code === 'between_bytes_timeout') this.count(code)
    else if (BROKEN.has(failureStage(code))) this.count('broken')
  }

  /** A director leaves it out, or does so no more. */
  eject(out: boolean): void {
    const { gauges } = this.#cells
    gauges[1] = (gauges[1] as number) + (out ? 1 : -1)
  }

  /** `found`: what its probe says, `null` when it has none. */
  view(found: Found | null, { counts, gauges }: LedgerCells = this.#cells): LedgerView {
    const happy = isHappy(this.#health, found)
    return {
      health: this.#health,
      happy,
      probe: found?.report ?? null,
      ejected: gauges[1] ?? 0,
      changed: Math.max(this.changed, found?.changed ?? 0),
      snapshot() {
        const values = Object.fromEntries(BACKEND_COUNTERS.map((name, index) => [name, counts[index] ?? 0])) as Record<
          BackendCounter,
          number
        >
        return { happy: happy ? 1 : 0, conn: gauges[0] ?? 0, ...values }
      },
    }
  }
}

/** What an operator said, else what probes found. */
export function isHappy(health: AdminHealth, found: Found | null): boolean {
  return health === 'auto' ? (found?.healthy ?? true) : health === 'healthy'
}

const CONNECT_FAILURES: Readonly<Partial<Record<OriginFailureCode, BackendCounter>>> = {
  connect_refused: 'fail_econnrefused',
  connect_timeout: 'fail_etimedout',
  dns: 'fail_resolve',
}

/** An answer came that is no good, or broke off. */
const BROKEN: ReadonlySet<FailureStage> = new Set(['lost', 'head', 'body', 'upgrade'])
