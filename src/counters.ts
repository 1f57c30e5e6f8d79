/**
 * What the process counts. Names are Varnish's MAIN counters wherever one exists; `/stat` prints them as they stand here.
 * Values lie in one typed array, so counting never allocates.
 */

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
  'busy_sleep',
  'busy_wakeup',
  'busy_killed',
  'n_expired',
  'n_superseded',
  'n_lru_nuked',
  'n_lru_limited',
  'backend_conn',
  'backend_reuse',
  'backend_recycle',
  'backend_retry',
  'backend_fail',
  'backend_busy',
  'backend_unhealthy',
  'backend_req',
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
] as const

export type CounterName = (typeof COUNTERS)[number]

/** Index of each counter in `Counters.values`. */
export const C: Readonly<Record<CounterName, number>> = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<
  CounterName,
  number
>

/** Counters with a closed set of reasons; `/stat` prints them as `family_reason`. */
export type ReasonFamily = 'reject' | 'fetch_fail' | 'reason' | 'evict'

interface Count {
  value: number
}

export class Counters {
  readonly values: Float64Array = new Float64Array(COUNTERS.length)
  readonly #reasons: Readonly<Record<ReasonFamily, Map<string, Count>>> = {
    reject: new Map(),
    fetch_fail: new Map(),
    reason: new Map(),
    evict: new Map(),
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
    const count = counts.get(reason)
    if (count === undefined) counts.set(reason, { value: 1 })
    else count.value++
  }

  reasonCount(family: ReasonFamily, reason: string): number {
    return this.#reasons[family].get(reason)?.value ?? 0
  }

  snapshot(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const name of COUNTERS) all[name] = this.get(name)
    for (const [family, counts] of Object.entries(this.#reasons))
      for (const [reason, count] of counts) all[`${family}_${reason}`] = count.value
    return all
  }
}
