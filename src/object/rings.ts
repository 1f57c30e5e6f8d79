/**
 * Entries in rings, each from the oldest to the newest: rows of typed arrays linked by their numbers, which cost the garbage collector nothing.
 * An entry that knows its row is found, moved and taken out without being looked for.
 */
import type { Entry } from './entry.ts'

const FIRST_ROWS = 1024

export class Rings {
  /** Rows from here on hold entries; those below are the ends of the rings that have their numbers. */
  readonly first: number
  readonly #entries: (Entry | null)[]
  /** Of each row the next newer one, and the next older one. Of free rows the next free one. */
  #links: Int32Array
  #free = -1

  constructor(rings: number) {
    this.first = rings
    this.#entries = new Array<Entry | null>(rings).fill(null)
    this.#links = new Int32Array(2 * (rings + FIRST_ROWS))
    for (let ring = 0; ring < rings; ring++) this.#links.fill(ring, 2 * ring, 2 * ring + 2)
  }

  /** Rows for which there is room, those of the ends included. */
  get rows(): number {
    return this.#links.length / 2
  }

  /** `null` for a row that is free, and for no row. */
  at(row: number): Entry | null {
    return this.#entries[row] ?? null
  }

  /** Row of the oldest in a ring; -1 when it is empty. */
  oldest(ring: number): number {
    const row = this.#links[2 * ring] as number
    return row < this.first ? -1 : row
  }

  /** The row of a new entry, in no ring yet. There may be room for more rows afterwards. */
  take(entry: Entry): number {
    const free = this.#free
    if (free >= 0) {
      this.#free = this.#links[2 * free] as number
      this.#entries[free] = entry
      return free
    }
    const row = this.#entries.length
    this.#entries.push(entry)
    if (row === this.rows) this.#links = grown(this.#links, Math.ceil(this.#links.length * 0.75) * 2)
    return row
  }

  /** A row that is in no ring is free for others. */
  release(row: number): void {
    this.#entries[row] = null
    this.#links[2 * row] = this.#free
    this.#free = row
  }

  /** A row that is in no ring becomes the newest of one. */
  append(row: number, ring: number): void {
    const links = this.#links
    const newest = links[2 * ring + 1] as number
    links[2 * row] = ring
    links[2 * row + 1] = newest
    links[2 * newest] = row
    links[2 * ring + 1] = row
  }

  /** Out of its ring. */
  detach(row: number): void {
    const links = this.#links
    const newer = links[2 * row] as number
    const older = links[2 * row + 1] as number
    links[2 * newer + 1] = older
    links[2 * older] = newer
  }

  /** The entry with that id, looked for among all. */
  find(id: number): Entry | undefined {
    return this.#entries.find((entry) => entry?.id === id) ?? undefined
  }

  clear(): void {
    this.#entries.fill(null)
    this.#entries.length = this.first
    for (let ring = 0; ring < this.first; ring++) this.#links.fill(ring, 2 * ring, 2 * ring + 2)
    this.#free = -1
  }
}

/** The same numbers with room for more. */
export function grown<T extends Int32Array | Float64Array | Uint8Array>(numbers: T, length: number): T {
  const more = new (numbers.constructor as new (length: number) => T)(length)
  more.set(numbers)
  return more
}
