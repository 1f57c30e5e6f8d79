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

export class Ledger {
  readonly #values: Record<BackendCounter, number> = Object.fromEntries(BACKEND_COUNTERS.map((name) => [name, 0])) as Record<
    BackendCounter,
    number
  >
  #health: AdminHealth = 'auto'
  /** Epoch milliseconds of the last change of its health, or of the first use. */
  changed: number
  /** Connections that are open. */
  connections = 0

  constructor(now: number) {
    this.changed = now
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
    this.#values[name]++
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
    return { happy: this.happy ? 1 : 0, conn: this.connections, ...this.#values }
  }
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
