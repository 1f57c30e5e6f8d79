/** What is kept, as the librarian's table has it: an entry in shared memory for each, which goes when it is taken out. */
import type { Entry } from '../entry.ts'
import type { Marker } from '../marker.ts'
import type { CachedObject } from '../object.ts'
import type { LeaveReason, ObjectStore } from '../store.ts'
import { entryOf } from './handle.ts'

type Booked = CachedObject | Marker

export class Books implements ObjectStore {
  /** Of one entry at most; all together are kept within bounds by who makes room. */
  readonly budget: number
  readonly #booked: (Booked | undefined)[] = []
  readonly #sizes: number[] = []
  #bytes = 0
  #count = 0
  onLeave: ((entry: Entry, reason: LeaveReason) => void) | null = null
  /** Told of each entry that is taken out. */
  onClosed: ((entry: number) => void) | null = null

  constructor(budget: number) {
    this.budget = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#count
  }

  /** What is in the books of an entry. */
  at(entry: number): Booked | null {
    return this.#booked[entry] ?? null
  }

  takes(entry: Entry): boolean {
    return entry.bytes <= this.budget
  }

  put(entry: Entry): boolean {
    const booked = entry as Booked
    const number = entryOf(booked.handle)
    if (booked.bytes > this.budget || number === 0) return false
    const size = Math.ceil(booked.bytes)
    this.#booked[number] = booked
    this.#sizes[number] = size
    this.#bytes += size
    this.#count++
    return true
  }

  /** Uses are noted in shared memory. */
  touch(): void {}

  has(entry: Entry): boolean {
    const booked = entry as Booked
    return booked.handle > 0 && this.#booked[entryOf(booked.handle)] === booked
  }

  get(id: number): Entry | undefined {
    return this.#booked.find((booked) => booked?.id === id)
  }

  remove(entry: Entry, reason: LeaveReason): void {
    if (!this.has(entry)) return
    const number = entryOf((entry as Booked).handle)
    this.#booked[number] = undefined
    this.#bytes -= this.#sizes[number] as number
    this.#count--
    this.onClosed?.(number)
    this.onLeave?.(entry, reason)
  }
}
