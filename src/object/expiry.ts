/**
 * Lets entries go when nothing can use them any more: a heap by time, swept by a timer. It holds no entry that has left: what is
 * removed goes at once, so that nothing is kept alive by its place here.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Entry } from './object.ts'

/** Milliseconds between sweeps; memory is given back that much late at the most. */
const SWEEP = 1000
/** Entries expired in one slice, so that a sweep never holds the loop up. */
const SLICE = 2000

export class Expiry {
  readonly #clock: Clock
  readonly #expire: (entry: Entry) => void
  readonly #heap: Entry[] = []
  /** Of each entry of the heap, as it was when the entry was added. */
  readonly #times: number[] = []
  #timer: Timer | null = null
  /** When the timer fires, monotonic milliseconds. */
  #due = 0

  /** `expire` is told of every entry whose time is over; it need not call `remove`. */
  constructor(clock: Clock, expire: (entry: Entry) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** Entries held. */
  get size(): number {
    return this.#heap.length
  }

  /** Notes when the entry expires; called again when that has changed. */
  add(entry: Entry): void {
    if (this.#holds(entry)) this.#take(entry.place)
    const at = this.#heap.length
    this.#heap.push(entry)
    this.#times.push(entry.expiresAt)
    entry.place = at
    this.#rise(at)
    this.#arm()
  }

  /** Forgets an entry; harmless when it is not there. */
  remove(entry: Entry): void {
    if (this.#holds(entry)) this.#take(entry.place)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#heap.length = 0
    this.#times.length = 0
  }

  #sweep(): void {
    this.#timer = null
    const now = this.#clock.now()
    let work = SLICE
    while (this.#heap.length > 0 && (this.#times[0] as number) <= now && work > 0) {
      work--
      const entry = this.#heap[0] as Entry
      this.#take(0)
      this.#expire(entry)
    }
    if (work === 0) {
      this.#due = now + 1
      this.#timer = this.#clock.after(1, () => this.#sweep())
    } else this.#arm()
  }

  /** Wakes when the first entry's time is over, and no more often than once in a sweep. */
  #arm(): void {
    const first = this.#times[0]
    if (first === undefined) return
    const now = this.#clock.now()
    const due = Math.max(first, now + SWEEP)
    if (this.#timer !== null && this.#due <= due) return
    this.#timer?.cancel()
    this.#due = due
    this.#timer = this.#clock.after(due - now, () => this.#sweep())
  }

  #holds(entry: Entry): boolean {
    return entry.place >= 0 && this.#heap[entry.place] === entry
  }

  #take(at: number): void {
    const entry = this.#heap[at] as Entry
    const last = this.#heap.pop() as Entry
    const time = this.#times.pop() as number
    if (last !== entry) {
      this.#heap[at] = last
      this.#times[at] = time
      last.place = at
      this.#rise(at)
      this.#sink(last.place)
    }
    entry.place = -1
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#times[parent] as number) <= (this.#times[at] as number)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(from: number): void {
    const size = this.#heap.length
    let at = from
    for (;;) {
      const left = 2 * at + 1
      if (left >= size) return
      const right = left + 1
      const child = right < size && (this.#times[right] as number) < (this.#times[left] as number) ? right : left
      if ((this.#times[child] as number) >= (this.#times[at] as number)) return
      this.#swap(at, child)
      at = child
    }
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a] as Entry
    const second = this.#heap[b] as Entry
    this.#heap[a] = second
    this.#heap[b] = first
    second.place = a
    first.place = b
    const time = this.#times[a] as number
    this.#times[a] = this.#times[b] as number
    this.#times[b] = time
  }
}
