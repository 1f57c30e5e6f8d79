/**
 * The memory tier: S3-FIFO within a byte budget. What is new waits in a small queue; who was used there goes on to the large one, a clock in
 * which who was used gets another turn; the others leave, and if they come back soon they go to the large one at once. So what is asked for once
 * pushes out only what was asked for once, and a use moves nothing. (Yang et al., “FIFO queues are all you need for cache eviction”, SOSP 2023.)
 */
import type { Entry } from '../object/entry.ts'
import type { LeaveReason, ObjectStore } from '../object/store.ts'
import { Departed } from './departed.ts'
import { Queues } from './queues.ts'

const SMALL = 0
const LARGE = 1
/** Of the budget, what the small queue keeps when there is no room. Measured: `bench/scan.ts`. */
const SHARE = 0.05
/** Entries that one eviction moves at the most; then the next one leaves although it was used. */
const MOVES = 256

export class MemoryStore implements ObjectStore {
  readonly budget: number
  readonly #entries = new Queues()
  /** From the small queue. */
  readonly #departed = new Departed()
  /** Key of one in the large queue that made room for its successor a moment ago. */
  #bequeathed: string | null = null
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null

  readonly #most: number

  /** `budget` in bytes, at least 1. No entry counts for more than `most`, so that there is always room for one. */
  constructor(budget: number, most: number = Number.POSITIVE_INFINITY) {
    this.budget = budget
    this.#most = most
  }

  takes(entry: Entry): boolean {
    return this.#sizeOf(entry) <= this.budget
  }

  get bytes(): number {
    return this.#entries.bytes
  }

  get count(): number {
    return this.#entries.count
  }

  put(entry: Entry): boolean {
    const bytes = this.#sizeOf(entry)
    if (bytes > this.budget) return false
    const entries = this.#entries
    if (entries.has(entry)) this.#drop(entry, 'superseded')
    const known = this.#bequeathed === entry.key || this.#departed.knows(entry.key, entries.countOf1)
    this.#bequeathed = null
    while (entries.bytes + bytes > this.budget && entries.count > 0) this.#evict()
    entries.add(entry, bytes, known ? LARGE : SMALL)
    return true
  }

  touch(entry: Entry): void {
    this.#entries.use(entry)
  }

  has(entry: Entry): boolean {
    return this.#entries.has(entry)
  }

  get(id: number): Entry | undefined {
    return this.#entries.find(id)
  }

  remove(entry: Entry, reason: LeaveReason): void {
    if (!this.#entries.has(entry)) return
    this.#drop(entry, reason)
    this.onLeave?.(entry, reason)
  }

  #drop(entry: Entry, reason: LeaveReason): void {
    if (reason === 'superseded' && this.#entries.queueOf(entry) === LARGE) this.#bequeathed = entry.key
    this.#entries.remove(entry)
  }

  #sizeOf(entry: Entry): number {
    return Math.min(Math.max(1, Math.ceil(entry.bytes)), this.#most)
  }

  /** One leaves. */
  #evict(): void {
    const entries = this.#entries
    for (let moves = 0; ; moves++) {
      const small = entries.bytesOf0 > this.budget * SHARE ? entries.oldest(SMALL) : null
      const entry = small ?? entries.oldest(LARGE) ?? entries.oldest(SMALL)
      if (entry === null) return
      const uses = entries.uses(entry)
      if (uses > 0 && moves < MOVES) entries.move(entry, LARGE, entry === small ? 0 : uses - 1)
      else {
        if (entries.queueOf(entry) === SMALL) this.#departed.add(entry.key, entries.room)
        this.remove(entry, 'lru')
        return
      }
    }
  }
}
