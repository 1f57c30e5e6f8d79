/** What is counted of the tier. */
import { C, type Counters } from '../counters.ts'
import { RedisFailure } from '../redis/port.ts'
import type { FrameFault } from './frame.ts'

/** Why what lay in Redis was not used. `log`: an invalidation took it, or nobody can tell. `chunk`: a piece of its body is missing, or another's. */
export type Distrust = FrameFault | 'log' | 'chunk'

/** Why an answer was not written. `overtaken`: by an invalidation. `unready`: the fleet's log is not known. */
export type KeptOut =
  | 'part'
  | 'cookie'
  | 'private'
  | 'no_store'
  | 'credentials'
  | 'large'
  | 'incomplete'
  | 'short'
  | 'overtaken'
  | 'unready'
  | 'form'

/** Upper bounds of look-ups in milliseconds; what took longer is counted behind the last one. */
export const LATENCY_BOUNDS: readonly number[] = [0.5, 1, 2, 5, 10, 20, 50]
const LATENCY_WIDTH: number = LATENCY_BOUNDS.length + 3

/** How long look-ups took. */
export interface TierLatency {
  /** By bound, and behind them those beyond. */
  readonly counts: readonly number[]
  readonly count: number
  /** Milliseconds. */
  readonly sum: number
}

const LATENCY = 'tier latency'

export class RedisTallies {
  readonly #counters: Counters
  readonly #latency: Float64Array

  constructor(counters: Counters) {
    this.#counters = counters
    this.#latency = counters.claim(LATENCY, LATENCY_WIDTH)
  }

  took(ms: number): void {
    const bound = LATENCY_BOUNDS.findIndex((most) => ms <= most)
    this.#add(bound < 0 ? LATENCY_BOUNDS.length : bound, 1)
    this.#add(LATENCY_BOUNDS.length + 1, 1)
    this.#add(LATENCY_BOUNDS.length + 2, ms)
  }

  read(bytes: number): void {
    this.#counters.add(C.tier_read_bytes, bytes)
  }

  wrote(bytes: number): void {
    this.#counters.add(C.tier_written_bytes, bytes)
  }

  /** An answer or a refusal lies there now. */
  kept(): void {
    this.#counters.add(C.tier_written)
  }

  dropped(): void {
    this.#counters.add(C.tier_dropped)
  }

  claimed(): void {
    this.#counters.add(C.tier_claims)
  }

  waited(): void {
    this.#counters.add(C.tier_claim_waits)
  }

  gaveUp(): void {
    this.#counters.add(C.tier_claim_timeouts)
  }

  distrusted(why: Distrust): void {
    this.#counters.reason('tier_distrust', why)
  }

  keptOut(why: KeptOut): void {
    this.#counters.reason('tier_kept_out', why)
  }

  /** What Redis did not do. Anything but that is a bug, and is told of. */
  failed(error: unknown): void {
    this.#counters.reason('tier_fault', error instanceof RedisFailure ? error.fault : 'bug')
  }

  #add(cell: number, amount: number): void {
    this.#latency[cell] = (this.#latency[cell] as number) + amount
  }
}

export function tierLatency(counters: Counters): TierLatency {
  const cells = [...counters.cells(LATENCY, LATENCY_WIDTH)]
  const [count = 0, sum = 0] = cells.splice(LATENCY_BOUNDS.length + 1)
  return { counts: cells, count, sum }
}
