/**
 * Entries in two queues, each with its bytes and its uses. An entry knows its row, so nothing is looked up; a use writes one byte and moves
 * nothing.
 */
import type { Entry } from '../object/entry.ts'
import { grown, Rings } from '../object/rings.ts'

export type QueueName = 0 | 1

/** Uses that are counted, and whether it is in queue 1. */
const USES = 3
const IN_1 = 4

export class Queues {
  readonly #rings = new Rings(2)
  #sizes = new Float64Array(this.#rings.rows)
  #marks = new Uint8Array(this.#rings.rows)
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
    return entry.row >= this.#rings.first && this.#rings.at(entry.row) === entry
  }

  /** Of an entry that is here. */
  queueOf({ row }: Entry): QueueName {
    return (this.#marks[row] as number) >= IN_1 ? 1 : 0
  }

  /** `null` when the queue is empty. */
  oldest(queue: QueueName): Entry | null {
    return this.#rings.at(this.#rings.oldest(queue))
  }

  /** An entry that is not here, as the newest one. */
  add(entry: Entry, bytes: number, queue: QueueName): void {
    const rings = this.#rings
    const row = rings.take(entry)
    if (row >= this.#sizes.length) {
      this.#sizes = grown(this.#sizes, rings.rows)
      this.#marks = grown(this.#marks, rings.rows)
    }
    this.#sizes[row] = bytes
    this.#bytes += bytes
    this.#count++
    entry.row = row
    this.#append(row, queue, 0)
  }

  /** An entry was used; harmless when it is not here. */
  use({ row }: Entry): void {
    if (row < 0) return
    const marks = this.#marks[row] as number
    if ((marks & USES) < USES) this.#marks[row] = marks + 1
  }

  /** How often an entry that is here was used since it was added or moved; beyond 3 nobody counts. */
  uses({ row }: Entry): number {
    return (this.#marks[row] as number) & USES
  }

  /** An entry that is here becomes the newest of a queue. */
  move({ row }: Entry, queue: QueueName, uses: number): void {
    this.#detach(row)
    this.#append(row, queue, uses)
  }

  /** An entry that is here goes. */
  remove(entry: Entry): void {
    const { row } = entry
    this.#detach(row)
    this.#rings.release(row)
    this.#bytes -= this.#sizes[row] as number
    this.#count--
    entry.row = -1
  }

  /** The entry with that id, looked for among all. */
  find(id: number): Entry | undefined {
    return this.#rings.find(id)
  }

  #append(row: number, queue: QueueName, uses: number): void {
    this.#rings.append(row, queue)
    if (queue === 0) this.#bytesOf0 += this.#sizes[row] as number
    else this.#countOf1++
    this.#marks[row] = queue === 0 ? uses : uses + IN_1
  }

  #detach(row: number): void {
    this.#rings.detach(row)
    if ((this.#marks[row] as number) < IN_1) this.#bytesOf0 -= this.#sizes[row] as number
    else this.#countOf1--
  }
}
