/**
 * What the process counts. Names are Varnish's MAIN counters wherever one exists; `/stat` prints them as they stand here.
 * Values lie in one typed array, so counting never allocates; that of a worker is in shared memory.
 */
import { CounterMemory, counterBuffer, sharedCounterBuffer } from './counter-memory.ts'

export const COUNTERS = [
  'sess_conn',
  'sess_dropped',
  'sess_closed',
  'sess_closed_err',
  'sess_readahead',
  'client_req',
  'client_req_400',
  'client_req_417',
  'cache_hit',
  'cache_hit_grace',
  'cache_hit_stale_if_error',
  'cache_hitmiss',
  'cache_hitpass',
  'cache_miss',
  'beresp_uncacheable',
  'beresp_shortlived',
  'beresp_compressed',
  'resp_decoded',
  'busy_sleep',
  'busy_wakeup',
  'busy_killed',
  'n_expired',
  'n_superseded',
  'n_recompressed',
  'n_lru_nuked',
  'n_lru_limited',
  'backend_conn',
  'backend_reuse',
  'backend_recycle',
  'backend_retry',
  'backend_retry_refused',
  'backend_fail',
  'backend_busy',
  'backend_unhealthy',
  'backend_req',
  'esi_errors',
  'esi_warnings',
  'esi_req',
  'slice_hit',
  'slice_fetch',
  'tier_hit',
  'tier_stale',
  'tier_miss',
  'tier_refused',
  'tier_alone',
  'tier_keep',
  's_pass',
  's_synth',
  's_pipe',
  's_fetch',
  's_bgfetch',
  's_req_hdrbytes',
  's_req_bodybytes',
  's_resp_hdrbytes',
  's_resp_bodybytes',
  'fetch_head',
  'fetch_length',
  'fetch_chunked',
  'fetch_eof',
  'fetch_none',
  'fetch_304',
  'fetch_failed',
  'n_purges',
  'n_obj_purged',
  'bans_added',
  'bans_deleted',
  'bans_dups',
  'bans_tested',
  'bans_tests_tested',
  'bans_obj_killed',
  'bans_lurker_tested',
  'bans_lurker_tests_tested',
  'bans_lurker_obj_killed',
  'bans_lurker_contention',
  'vcl_fail',
  'client_left',
  'client_aborted',
  'restarts',
  'log_dropped',
  'tier_read_bytes',
  'tier_written',
  'tier_written_bytes',
  'tier_dropped',
  'tier_claims',
  'tier_claim_waits',
  'tier_claim_timeouts',
] as const

export type CounterName = (typeof COUNTERS)[number]

/** Index of each counter in `Counters.values`. */
export const C: Readonly<Record<CounterName, number>> = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<
  CounterName,
  number
>

/** Counters with a closed set of reasons; `/stat` prints them as `family_reason`. */
export type ReasonFamily = 'reject' | 'fetch_fail' | 'reason' | 'evict' | 'tier_distrust' | 'tier_fault' | 'tier_kept_out'

const FAMILIES: readonly ReasonFamily[] = ['reject', 'fetch_fail', 'reason', 'evict', 'tier_distrust', 'tier_fault', 'tier_kept_out']

/** A name that begins so is that of gauges: what a thread has under way, which ends with it. */
const GAUGE = '='

/** Numbers that only reasons may take, which are fewer. */
const KEPT_FOR_REASONS = 256

export class Counters {
  readonly values: Float64Array
  readonly #memory: CounterMemory
  /** Places of the reasons, by family. */
  readonly #reasons: Readonly<Record<ReasonFamily, Map<string, number>>> = {
    reject: new Map(),
    fetch_fail: new Map(),
    reason: new Map(),
    evict: new Map(),
    tier_distrust: new Map(),
    tier_fault: new Map(),
    tier_kept_out: new Map(),
  }

  /** Default: memory of its own. */
  constructor(buffer: ArrayBufferLike = counterBuffer({ slots: 512, nameBytes: 16 * 1024 })) {
    this.#memory = new CounterMemory(buffer, COUNTERS.length)
    this.values = this.#memory.values
  }

  /** For another thread to count in. */
  get buffer(): ArrayBufferLike {
    return this.#memory.buffer
  }

  add(index: number, amount: number = 1): void {
    this.values[index] = (this.values[index] as number) + amount
  }

  get(name: CounterName): number {
    return this.values[C[name]] as number
  }

  /** Counts one of a family; `reason` must come from a closed set, never from a request. */
  reason(family: ReasonFamily, reason: string): void {
    const counts = this.#reasons[family]
    let at = counts.get(reason)
    if (at === undefined) {
      at = this.#memory.claim(`${family} ${reason}`, 1)
      counts.set(reason, at)
    }
    if (at >= 0) this.values[at] = (this.values[at] as number) + 1
  }

  reasonCount(family: ReasonFamily, reason: string): number {
    return this.#memory.read(`${family} ${reason}`)?.[0] ?? 0
  }

  /** `width` numbers under a name for somebody who counts there; others read them with `cells`. Where no room is left nobody else does. */
  claim(name: string, width: number): Float64Array {
    const at = this.#memory.room - width < KEPT_FOR_REASONS ? -1 : this.#memory.claim(name, width)
    return at < 0 ? new Float64Array(width) : this.values.subarray(at, at + width)
  }

  /** As `claim`, for what is under way: gone with the thread that has it. */
  gauge(name: string, width: number): Float64Array {
    return this.claim(GAUGE + name, width)
  }

  /** The sums of what was claimed under a name. */
  cells(name: string, width: number): Float64Array {
    const sums = new Float64Array(width)
    this.addCells(name, sums)
    return sums
  }

  gauges(name: string, width: number): Float64Array {
    return this.cells(GAUGE + name, width)
  }

  /** Of a thread that has ended. */
  clearGauges(): void {
    for (const [name, values] of this.#memory.entries()) if (name.startsWith(GAUGE)) values.fill(0)
  }

  snapshot(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const name of COUNTERS) all[name] = this.get(name)
    for (const family of FAMILIES)
      for (const reason of this.reasonsOf(family)) all[`${family}_${reason}`] = this.reasonCount(family, reason)
    return all
  }

  /** Those that have been counted. */
  reasonsOf(family: ReasonFamily): Iterable<string> {
    const prefix = `${family} `
    return Array.from(this.#memory.entries(), ([name]) => name)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
  }

  /** Adds what was claimed under a name here. */
  addCells(name: string, sums: Float64Array): void {
    const values = this.#memory.read(name)
    if (values !== null) for (const [index, value] of values.entries()) sums[index] = (sums[index] ?? 0) + value
  }
}

/** Memory for the counters of one worker. Only what is used of it is there. */
export function workerCounterBuffer(): SharedArrayBuffer {
  return sharedCounterBuffer({ slots: 8192, nameBytes: 512 * 1024 })
}
