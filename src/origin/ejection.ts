/** Passive ejection: a member of a director that fails again and again is left out for a while. Envoy's outlier detection. */
import type { Ejection } from '../../vcl-ts/directors/ejection.ts'
import type { Clock, Timer } from '../clock.ts'

interface Standing {
  /** Failures since the last success. */
  consecutive: number
  /** Ejections that count still. */
  times: number
  /** Ends the ejection; `null`: there is none. */
  timer: Timer | null
  /** When the last ejection ended, monotonic milliseconds. */
  since: number
}

export class Ejections {
  readonly #options: Ejection
  readonly #clock: Clock
  readonly #members: readonly Standing[]
  readonly #changed: (index: number, seconds: number | null) => void
  #ejected = 0

  /** `changed` is told who is left out, for how many seconds, and who is back (`null`). */
  constructor(count: number, options: Ejection, clock: Clock, changed: (index: number, seconds: number | null) => void) {
    this.#options = options
    this.#clock = clock
    this.#changed = changed
    this.#members = Array.from({ length: count }, () => ({ consecutive: 0, times: 0, timer: null, since: Number.NEGATIVE_INFINITY }))
  }

  has(index: number): boolean {
    const standing = this.#members[index]
    return standing !== undefined && standing.timer !== null
  }

  /** When it came back last. */
  since(index: number): number {
    return this.#members[index]?.since ?? Number.NEGATIVE_INFINITY
  }

  succeeded(index: number): void {
    const standing = this.#members[index]
    if (standing !== undefined) standing.consecutive = 0
  }

  /** Nobody is left out whom nobody could stand in for. */
  failed(index: number, replaceable: () => boolean): void {
    const standing = this.#members[index]
    if (standing === undefined || standing.timer !== null) return
    const { consecutive, share } = this.#options
    standing.consecutive++
    if (standing.consecutive < consecutive) return
    if (this.#ejected >= Math.max(1, Math.floor(share * this.#members.length)) || !replaceable()) return
    this.#eject(index, standing)
  }

  #eject(index: number, standing: Standing): void {
    const { time, longest } = this.#options
    // One less for each time that it was well for as long as a first ejection.
    const well = Math.floor((this.#clock.now() - standing.since) / (time * 1000))
    standing.times = Math.max(0, standing.times - well) + 1
    standing.consecutive = 0
    this.#ejected++
    const seconds = Math.min(time * standing.times, longest)
    standing.timer = this.#clock.after(seconds * 1000, () => {
      standing.timer = null
      standing.since = this.#clock.now()
      this.#ejected--
      this.#changed(index, null)
    })
    this.#changed(index, seconds)
  }
}
