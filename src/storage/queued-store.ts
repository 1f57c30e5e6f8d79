/** What stores in memory have in common: entries in two queues within a byte budget. Who stays is each store's own matter. */
import type { Entry } from '../object/entry.ts'
import type { LeaveReason, ObjectStore } from '../object/store.ts'
import { Departed } from './departed.ts'
import { Queues } from './queues.ts'

/** The queue of what is new. */
export const SMALL = 0
/** The queue of what has proven itself, a clock. */
export const LARGE = 1
/** Entries that one eviction moves at the most; then the next one leaves although it was used. */
export const MOVES = 256

export abstract class QueuedStore implements ObjectStore {
  readonly budget: number
  protected readonly entries: Queues = new Queues()
  /** From the small queue. */
  protected readonly departed: Departed = new Departed()
  /** Key of one in the large queue that made room for its successor a moment ago. */
  #bequeathed: string | null = null
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null

  /** `budget` in bytes, at least 1. */
  constructor(budget: number) {
    this.budget = budget
  }

  abstract put(entry: Entry): boolean

  takes(entry: Entry): boolean {
    return this.sizeOf(entry) <= this.budget
  }

  get bytes(): number {
    return this.entries.bytes
  }

  get count(): number {
    return this.entries.count
  }

  touch(entry: Entry): void {
    this.entries.use(entry)
  }

  has(entry: Entry): boolean {
    return this.entries.has(entry)
  }

  get(id: number): Entry | undefined {
    return this.entries.find(id)
  }

  remove(entry: Entry, reason: LeaveReason): void {
    if (!this.entries.has(entry)) return
    this.drop(entry, reason)
    this.onLeave?.(entry, reason)
  }

  /** Bytes for which an entry counts. */
  protected sizeOf(entry: Entry): number {
    return Math.max(1, Math.ceil(entry.bytes))
  }

  protected drop(entry: Entry, reason: LeaveReason): void {
    if (reason === 'superseded' && this.entries.queueOf(entry) === LARGE) this.#bequeathed = entry.key
    this.entries.remove(entry)
  }

  /** Whether a new entry takes the place of one in the large queue, which has just made room for it; asked once for each. */
  protected inherits({ key }: Entry): boolean {
    const inherits = this.#bequeathed === key
    this.#bequeathed = null
    return inherits
  }

  /** An entry makes room; if it was new, it is known when it comes back within as many others as `remembered`. */
  protected depart(entry: Entry, remembered: number): void {
    if (this.entries.queueOf(entry) === SMALL) this.departed.add(entry.key, remembered)
    this.remove(entry, 'lru')
  }
}
