/**
 * Entries in two queues, each with its bytes and its uses: rings of row numbers in typed arrays, which cost the garbage collector nothing and
 * need no look-up, since an entry knows its row. A use writes one byte and moves nothing.
 */
import type { Entry } from '../object/object.ts'

export type QueueName = 0 | 1

const FIRST_ROWS = 1024
/** The rows that stand before the oldest and behind the newest of each queue have the queues' numbers; the others begin here. */
const ENDS = 2
/** Uses that are counted, and whether it is in queue 1. */
const USES = 3
const IN_1 = 4

export class Queues {
  readonly #entries: (Entry | null)[] = [null, null]
  /** Of each row the next newer one, and the next older one. Of free rows the next free one. */
  #links = new Int32Array(2 * FIRST_ROWS)
  #sizes = new Float64Array(FIRST_ROWS)
  #marks = new Uint8Array(FIRST_ROWS)
  #free = 0
  #count = 0
  #bytes = 0
  #bytesOf0 = 0
  #countOf1 = 0

  constructor() {
    this.#links.set([0, 0, 1, 1])
  }

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

  /** Rows for which there is room. */
  get rows(): number {
    return this.#sizes.length
  }

  has(entry: Entry): boolean {
    return entry.row >= ENDS && this.#entries[entry.row] === entry
  }

  /** Of an entry that is here. */
  queueOf({ row }: Entry): QueueName {
    return (this.#marks[row] as number) >= IN_1 ? 1 : 0
  }

  /** `null` when the queue is empty. */
  oldest(queue: QueueName): Entry | null {
    return this.#entries[this.#links[2 * queue] as number] ?? null
  }

  /** An entry that is not here, as the newest one. */
  add(entry: Entry, bytes: number, queue: QueueName): void {
    const row = this.#newRow()
    this.#entries[row] = entry
    this.#sizes[row] = bytes
    this.#bytes += bytes
    this.#count++
    entry.row = row
    this.#link(row, queue, 0)
  }

  /** An entry was used; harmless when it is not here. */
  use({ row }: Entry): void {
    if (row < ENDS) return
    const marks = this.#marks[row] as number
    if ((marks & USES) < USES) this.#marks[row] = marks + 1
  }

  /** How often an entry that is here was used since it was added or moved; beyond 3 nobody counts. */
  uses({ row }: Entry): number {
    return (this.#marks[row] as number) & USES
  }

  /** An entry that is here becomes the newest of a queue. */
  move({ row }: Entry, queue: QueueName, uses: number): void {
    this.#unlink(row)
    this.#link(row, queue, uses)
  }

  /** An entry that is here goes. */
  remove(entry: Entry): void {
    const { row } = entry
    this.#unlink(row)
    this.#bytes -= this.#sizes[row] as number
    this.#count--
    this.#entries[row] = null
    entry.row = -1
    this.#links[2 * row] = this.#free
    this.#free = row
  }

  /** The entry with that id, looked for among all. */
  find(id: number): Entry | undefined {
    return this.#entries.find((entry) => entry?.id === id) ?? undefined
  }

  #newRow(): number {
    const free = this.#free
    if (free !== 0) {
      this.#free = this.#links[2 * free] as number
      return free
    }
    const row = this.#entries.length
    this.#entries.push(null)
    if (row === this.#sizes.length) this.#grow()
    return row
  }

  #grow(): void {
    const rows = Math.ceil(this.#sizes.length * 1.5)
    const links = new Int32Array(2 * rows)
    links.set(this.#links)
    this.#links = links
    const sizes = new Float64Array(rows)
    sizes.set(this.#sizes)
    this.#sizes = sizes
    const marks = new Uint8Array(rows)
    marks.set(this.#marks)
    this.#marks = marks
  }

  #link(row: number, queue: QueueName, uses: number): void {
    const links = this.#links
    const newest = links[2 * queue + 1] as number
    links[2 * row] = queue
    links[2 * row + 1] = newest
    links[2 * newest] = row
    links[2 * queue + 1] = row
    if (queue === 0) this.#bytesOf0 += this.#sizes[row] as number
    else this.#countOf1++
    this.#marks[row] = queue === 0 ? uses : uses + IN_1
  }

  #unlink(row: number): void {
    const links = this.#links
    const newer = links[2 * row] as number
    const older = links[2 * row + 1] as number
    links[2 * newer + 1] = older
    links[2 * older] = newer
    if ((this.#marks[row] as number) < IN_1) this.#bytesOf0 -= this.#sizes[row] as number
    else this.#countOf1--
  }
}
