/**
 * Entries in two queues, each with its bytes and its uses. An entry knows its row, so nothing is looked up, and holds its uses beside it, so that
 * a use touches nothing but the entry, which whoever uses it has read anyway.
 */
import type { Entry } from '../object/entry.ts'
import { grown, Rings } from '../object/rings.ts'

export type QueueName = 0 | 1

/** The lower bits of an entry's `row`: uses that are counted, and whether it is in queue 1. */
const USES = 3
const IN_1 = 4
const BITS = 3

export class Queues {
  readonly #rings = new Rings(2)
  #sizes = new Float64Array(this.#rings.rows)
  #count = 0
  #bytes = 0
  #bytesOf0 = 0
  #countOf1 = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes in queue 0. */
  get bytesOf0(): number {
    return this.#bytesOf0
  }

  /** Entries in queue 1. */
  get countOf1(): number {
    return this.#countOf1
  }

  /** Entries for which there is room. */
  get room(): number {
    return this.#rings.rows
  }

  has(entry: Entry): boolean {
    const row = rowOf(entry)
    return row >= this.#rings.first && this.#rings.at(row) === entry
  }

  /** Of an entry that is here. */
  queueOf({ row }: Entry): QueueName {
    return (row & IN_1) === 0 ? 0 : 1
  }

  /** `null` when the queue is empty. */
  oldest(queue: QueueName): Entry | null {
    return this.#rings.at(this.#rings.oldest(queue))
  }

  /** An entry that is not here, as the newest one. */
  add(entry: Entry, bytes: number, queue: QueueName): void {
    const rings = this.#rings
    const row = rings.take(entry)
    if (row >= this.#sizes.length) this.#sizes = grown(this.#sizes, rings.rows)
    this.#sizes[row] = bytes
    this.#bytes += bytes
    this.#count++
    this.#append(entry, row, queue, 0)
  }

  /** An entry was used; harmless when it is not here. */
  use(entry: Entry): void {
    const { row } = entry
    if (row >= 0 && (row & USES) < USES) entry.row = row + 1
  }

  /** How often an entry that is here was used since it was added or moved; beyond 3 nobody counts. */
  uses({ row }: Entry): number {
    return row & USES
  }

  /** An entry that is here becomes the newest of a queue. */
  move(entry: Entry, queue: QueueName, uses: number): void {
    const row = rowOf(entry)
    this.#detach(entry, row)
    this.#append(entry, row, queue, uses)
  }

  /** An entry that is here goes. */
  remove(entry: Entry): void {
    const row = rowOf(entry)
    this.#detach(entry, row)
    this.#rings.release(row)
    this.#bytes -= this.#sizes[row] as number
    this.#count--
    entry.row = -1
  }

  /** The entry with that id, looked for among all. */
  find(id: number): Entry | undefined {
    return this.#rings.find(id)
  }

  #append(entry: Entry, row: number, queue: QueueName, uses: number): void {
    this.#rings.append(row, queue)
    if (queue === 0) this.#bytesOf0 += this.#sizes[row] as number
    else this.#countOf1++
    entry.row = (row << BITS) | (queue === 0 ? uses : uses + IN_1)
  }

  #detach(entry: Entry, row: number): void {
    this.#rings.detach(row)
    if (this.queueOf(entry) === 0) this.#bytesOf0 -= this.#sizes[row] as number
    else this.#countOf1--
  }
}

/** -1 where an entry is not here. */
function rowOf({ row }: Entry): number {
  return row >> BITS
}
