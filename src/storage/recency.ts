/**
 * Entries in the order of their last use, each with its bytes: a ring of row numbers in typed arrays, which costs the garbage collector nothing
 * and needs no look-up, since an entry knows its row.
 */
import type { Entry } from '../object/object.ts'

const FIRST_ROWS = 1024
/** The row that stands before the least and behind the most recently used. */
const ENDS = 0

export class Recency {
  readonly #entries: (Entry | null)[] = [null]
  /** Of each row the next more recently used one, and the next less recently used one. Of free rows the next free one. */
  #links = new Int32Array(2 * FIRST_ROWS)
  #sizes = new Float64Array(FIRST_ROWS)
  #free = ENDS
  #count = 0
  #bytes = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  has(entry: Entry): boolean {
    return entry.row > ENDS && this.#entries[entry.row] === entry
  }

  /** The least recently used; `null` when there is none. */
  get oldest(): Entry | null {
    return this.#entries[this.#links[2 * ENDS] as number] ?? null
  }

  /** An entry that is not here, as the most recently used one. */
  add(entry: Entry, bytes: number): void {
    const row = this.#newRow()
    this.#entries[row] = entry
    this.#sizes[row] = bytes
    this.#bytes += bytes
    this.#count++
    entry.row = row
    this.#link(row)
  }

  /** An entry that is here was used. */
  touch({ row }: Entry): void {
    if (this.#links[2 * ENDS + 1] === row) return
    this.#unlink(row)
    this.#link(row)
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
    if (free !== ENDS) {
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
  }

  #link(row: number): void {
    const links = this.#links
    const newest = links[2 * ENDS + 1] as number
    links[2 * row] = ENDS
    links[2 * row + 1] = newest
    links[2 * newest] = row
    links[2 * ENDS + 1] = row
  }

  #unlink(row: number): void {
    const links = this.#links
    const newer = links[2 * row] as number
    const older = links[2 * row + 1] as number
    links[2 * newer + 1] = older
    links[2 * older] = newer
  }
}
