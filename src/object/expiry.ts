/** Lets entries go when nothing can use them any more: a heap by time, swept by a timer. */
import type { Clock, Timer } from '../clock.ts'
import type { Entry } from './object.ts'

/** Milliseconds between sweeps; memory is given back that much late at the most. */
const SWEEP = 1000
/** Entries expired in one slice, so that a sweep never holds the loop up. */
const SLICE = 2000

export class Expiry {
  readonly #clock: Clock
  readonly #alive: (entry: Entry) => boolean
  readonly #expire: (entry: Entry) => void
  #heap: Entry[] = []
  #times: number[] = []
  #timer: Timer | null = null

  constructor(clock: Clock, alive: (entry: Entry) => boolean, expire: (entry: Entry) => void) {
    this.#clock = clock
    this.#alive = alive
    this.#expire = expire
  }

  add(entry: Entry, live: number): void {
    // Entries that left early stay in the heap until their time; past twice the living, it is built anew.
    if (this.#heap.length > 2 * live + 1000) this.#rebuild()
    this.#push(entry, entry.expiresAt)
    this.#timer ??= this.#clock.after(SWEEP, () => this.#sweep())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#heap = []
    this.#times = []
  }

  #sweep(): void {
    const now = this.#clock.now()
    let work = SLICE
    while (this.#heap.length > 0 && (this.#times[0] as number) <= now && work-- > 0) {
      const entry = this.#pop()
      if (!this.#alive(entry)) continue
      // A soft purge shortens lives, nothing lengthens them; the time is read again all the same.
      if (entry.expiresAt > now) this.#push(entry, entry.expiresAt)
      else this.#expire(entry)
    }
    this.#timer = null
    if (this.#heap.length > 0) this.#timer = this.#clock.after(work <= 0 ? 1 : SWEEP, () => this.#sweep())
  }

  #rebuild(): void {
    const living = this.#heap.filter((entry) => this.#alive(entry))
    this.#heap = []
    this.#times = []
    for (const entry of living) this.#push(entry, entry.expiresAt)
  }

  #push(entry: Entry, time: number): void {
    let at = this.#heap.length
    this.#heap.push(entry)
    this.#times.push(time)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#times[parent] as number) <= time) break
      this.#swap(at, parent)
      at = parent
    }
  }

  #pop(): Entry {
    const first = this.#heap[0] as Entry
    const lastEntry = this.#heap.pop() as Entry
    const lastTime = this.#times.pop() as number
    const size = this.#heap.length
    if (size === 0) return first
    this.#heap[0] = lastEntry
    this.#times[0] = lastTime
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= size) break
      const right = left + 1
      const child = right < size && (this.#times[right] as number) < (this.#times[left] as number) ? right : left
      if ((this.#times[child] as number) >= (this.#times[at] as number)) break
      this.#swap(at, child)
      at = child
    }
    return first
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry
    this.#heap[a] = this.#heap[b] as Entry
    this.#heap[b] = entry
    const time = this.#times[a] as number
    this.#times[a] = this.#times[b] as number
    this.#times[b] = time
  }
}
