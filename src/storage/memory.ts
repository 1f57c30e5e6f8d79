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
/** Bytes of an entry, about: what is on trial leaves before anybody can tell how many there is room for. */
const AVERAGE = 2048

export interface MemoryStoreOptions {
  /** Bytes for which an entry counts at the most, so that there is always room for one. Default: no limit. */
  readonly most?: number
  /**
   * Bytes for what is new, however much room there is for it, until it is asked for twice more (whoever reads it in asks for it once) or comes back
   * soon after it left. What the rest of the budget has room for is kept without that. What lies under one key is taken in together: none of it
   * leaves for another of it, so that there may be more than the budget for a moment.
   * Default: what is new may take all that there is room for, a twentieth of the budget once there is none, and any may leave.
   */
  readonly trial?: number
}

export class MemoryStore implements ObjectStore {
  readonly budget: number
  readonly #entries = new Queues()
  /** From the small queue. */
  readonly #departed = new Departed()
  /** Key of one in the large queue that made room for its successor a moment ago. */
  #bequeathed: string | null = null
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null

  readonly #most: number
  /** Bytes of the small queue when there is no room. */
  readonly #small: number
  /** Whether that is all that it ever gets, and what there is room for goes to the large one at once. */
  readonly #strict: boolean
  /** Uses of what is new that do not count: who reads it in asks for it. */
  readonly #asked: number
  /** Of departed keys, how many are known at least. */
  readonly #remembered: number

  /** `budget` in bytes, at least 1. */
  constructor(budget: number, { most = Number.POSITIVE_INFINITY, trial }: MemoryStoreOptions = {}) {
    this.budget = budget
    this.#most = most
    this.#small = trial ?? budget * SHARE
    this.#strict = trial !== undefined
    this.#asked = this.#strict ? 1 : 0
    this.#remembered = this.#strict ? budget / AVERAGE : 0
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
    const known = this.#bequeathed === entry.key || this.#departed.knows(entry.key, Math.max(entries.countOf1, this.#remembered))
    this.#bequeathed = null
    const proven = known || (this.#strict && entries.bytes - entries.bytesOf0 + bytes <= this.budget - this.#small)
    const spared = this.#strict ? entry.key : null
    if (this.#strict && !proven) this.#endTrials(this.#small - bytes, spared)
    while (entries.bytes + bytes > this.budget && entries.count > 0) if (!this.#evict(spared)) break
    entries.add(entry, bytes, proven ? LARGE : SMALL)
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

  /** One leaves, but none under the key `spared`. `false`: none was found. */
  #evict(spared: string | null): boolean {
    const entries = this.#entries
    for (let moves = 0; ; moves++) {
      const newer = entries.oldest(SMALL)
      const small = entries.bytesOf0 > this.#small && newer?.key !== spared ? newer : null
      const entry = small ?? entries.oldest(LARGE) ?? newer
      if (entry === null) return false
      const uses = entries.uses(entry)
      if (entry.key === spared) {
        if (moves === MOVES) return false
        entries.move(entry, entries.queueOf(entry), uses)
      } else if (uses > (entry === small ? this.#asked : 0) && moves < MOVES) entries.move(entry, LARGE, entry === small ? 0 : uses - 1)
      else {
        this.#depart(entry)
        return true
      }
    }
  }

  /** What is on trial takes no more than so many bytes afterwards, as far as that is no matter of the key `spared`. */
  #endTrials(bytes: number, spared: string | null): void {
    const entries = this.#entries
    for (let entry = entries.oldest(SMALL); entry !== null && entries.bytesOf0 > bytes; entry = entries.oldest(SMALL)) {
      if (entry.key === spared) return
      if (entries.uses(entry) > this.#asked) entries.move(entry, LARGE, 0)
      else this.#depart(entry)
    }
  }

  #depart(entry: Entry): void {
    const entries = this.#entries
    if (entries.queueOf(entry) === SMALL) this.#departed.add(entry.key, Math.max(entries.room, this.#remembered))
    this.remove(entry, 'lru')
  }
}
