/** What a node has read of the fleet's log: the last entry, and of those before it fewer and fewer, so that it can be found how far it still holds. */
import { NO_ID, NO_MARK } from './fleet-scripts.ts'

/** An entry that was read. */
export interface Trace {
  readonly id: string
  readonly mark: string
}

const NOWHERE: Trace = { id: NO_ID, mark: NO_MARK }
/** Above so many traces, every second one goes of those that are older than the newest `DENSE`. */
const MOST = 96
const DENSE = 32

export class FleetTrail {
  /** Oldest first; never empty. */
  #traces: Trace[] = [NOWHERE]

  get newest(): Trace {
    return this.#traces.at(-1) ?? NOWHERE
  }

  /** Newest first; the last one is the beginning of the log. */
  get traces(): readonly Trace[] {
    const traces = this.#traces.toReversed()
    return traces.at(-1)?.id === NO_ID ? traces : [...traces, NOWHERE]
  }

  push(trace: Trace): void {
    this.#traces.push(trace)
    if (this.#traces.length <= MOST) return
    const dense = this.#traces.length - DENSE
    this.#traces = this.#traces.filter((_, index) => index >= dense || index % 2 === 0)
  }

  /** What came behind one of its traces is as if it had not been read. */
  rewind(trace: Trace): void {
    const at = this.#traces.indexOf(trace)
    this.#traces = at < 0 ? [trace] : this.#traces.slice(0, at + 1)
  }

  /** Goes on behind an entry that was not read. */
  reset(trace: Trace): void {
    this.#traces = [trace]
  }
}
