/** What is known of one origin server: what was asked of it and how that went, and whether an operator wants it asked at all. */
import type { OriginFailureCode } from '../errors.ts'

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
  /** Epoch milliseconds of the last change of its health, or of the first use. */
  readonly changed: number
  snapshot(): Record<BackendCounter | 'happy' | 'conn', number>
}

/** Where it counts: a number for each of `BACKEND_COUNTERS`, and one of the open connections. */
export interface LedgerCells {
  readonly counts: Float64Array
  readonly connections: Float64Array
}

const PLACES = Object.fromEntries(BACKEND_COUNTERS.map((name, index) => [name, index])) as Readonly<Record<BackendCounter, number>>

export function ownCells(): LedgerCells {
  return { counts: new Float64Array(BACKEND_COUNTERS.length), connections: new Float64Array(1) }
}

export class Ledger implements LedgerView {
  readonly #cells: LedgerCells
  #health: AdminHealth = 'auto'
  changed: number

  constructor(now: number, cells: LedgerCells = ownCells()) {
    this.changed = now
    this.#cells = cells
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#cells.connections[0] as number
  }

  set connections(count: number) {
    this.#cells.connections[0] = count
  }

  get health(): AdminHealth {
    return this.#health
  }

  get happy(): boolean {
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
    else if (BROKEN.has(code)) this.count('broken')
  }

  /** Flat: `happy`, `conn`, and every counter. */
  snapshot(): Record<BackendCounter | 'happy' | 'conn', number> {
    return ledgerSnapshot(this.happy, this.#cells)
  }
}

export function ledgerSnapshot(happy: boolean, { counts, connections }: LedgerCells): Record<BackendCounter | 'happy' | 'conn', number> {
  const values = Object.fromEntries(BACKEND_COUNTERS.map((name, index) => [name, counts[index] ?? 0])) as Record<BackendCounter, number>
  return { happy: happy ? 1 : 0, conn: connections[0] ?? 0, ...values }
}

const CONNECT_FAILURES: Readonly<Partial<Record<OriginFailureCode, BackendCounter>>> = {
  connect_refused: 'fail_econnrefused',
  connect_timeout: 'fail_etimedout',
  dns: 'fail_resolve',
}

const BROKEN: ReadonlySet<OriginFailureCode> = new Set([
  'closed_before_answer',
  'incomplete',
  'reset',
  'malformed_head',
  'head_too_large',
  'bad_framing',
  'bad_chunk',
  'bad_status',
  'too_many_interim',
  'unexpected_upgrade',
])
