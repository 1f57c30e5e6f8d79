/**
 * Heads by their keys: open addressing in many small tables. A look-up in a full cache finds hardly anything in the processor's caches, so
 * that it costs what it has to touch: here a tag, a reference and the head. A `Map` of strings touches more, and makes V8 keep each key, and each
 * that is asked for, in its table of strings. Small tables, because one that has no more room is made anew in one go.
 */
import { randomInt } from 'node:crypto'
import { hashOf } from './hash.ts'
import type { Head } from './head.ts'

/** One for each value of the upper bits of a hash. */
const TABLES = 64
const UPPER = 26
/** Places of a new table, a power of two as all sizes. */
const FIRST = 8
/** Tags of places that are not taken: nothing was ever there; something was, and who looks for what came later has to go on. */
const FREE = 0
const LEFT = 1

export class Heads {
  readonly #seed = randomInt(2 ** 32)
  readonly #tables: readonly HeadTable[] = Array.from({ length: TABLES }, () => new HeadTable())
  #size = 0
  /** The key that was asked for last, and its tag: whoever finds nothing adds. */
  #latest = ''
  #latestTag = this.#tagOf('')

  get size(): number {
    return this.#size
  }

  get(key: string): Head | undefined {
    const tag = this.#tag(key)
    return this.#tableOf(tag).get(key, tag)
  }

  /** A head whose key has none. */
  add(head: Head): void {
    const tag = this.#tag(head.key)
    this.#tableOf(tag).add(head, tag)
    this.#size++
  }

  delete(head: Head): void {
    const tag = this.#tag(head.key)
    if (this.#tableOf(tag).delete(head, tag)) this.#size--
  }

  /** In no order. They may go meanwhile; who comes meanwhile may be left out. */
  *values(): IterableIterator<Head> {
    if (this.#size === 0) return
    for (const table of this.#tables) {
      // A table that is made anew leaves these as they were.
      const { heads } = table
      for (let at = 0; at < heads.length; at++) {
        const head = heads[at]
        if (head != null && (table.heads === heads || this.get(head.key) === head)) yield head
      }
    }
  }

  clear(): void {
    for (const table of this.#tables) table.clear()
    this.#size = 0
  }

  #tag(key: string): number {
    if (key !== this.#latest) {
      this.#latestTag = this.#tagOf(key)
      this.#latest = key
    }
    return this.#latestTag
  }

  #tagOf(key: string): number {
    const hash = hashOf(key, this.#seed)
    return hash === FREE || hash === LEFT ? hash + 2 : hash
  }

  #tableOf(tag: number): HeadTable {
    return this.#tables[tag >>> UPPER] as HeadTable
  }
}

/** Linear probing: what has no room at its place lies at the next free one. At least a quarter of the places is free. */
class HeadTable {
  heads: (Head | null)[] = places(FIRST)
  #tags = new Int32Array(FIRST)
  #count = 0
  /** Places that are not free. */
  #used = 0

  get(key: string, tag: number): Head | undefined {
    const at = this.#find(key, tag)
    return at < 0 ? undefined : (this.heads[at] as Head)
  }

  add(head: Head, tag: number): void {
    if ((this.#used + 1) * 4 > this.#tags.length * 3) this.#rebuild()
    this.#put(head, tag)
    this.#count++
  }

  delete(head: Head, tag: number): boolean {
    const at = this.#find(head.key, tag)
    if (at < 0 || this.heads[at] !== head) return false
    this.heads[at] = null
    this.#count--
    this.#leave(at)
    if (this.#count * 8 < this.#tags.length && this.#tags.length > FIRST) this.#rebuild()
    return true
  }

  clear(): void {
    this.heads = places(FIRST)
    this.#tags = new Int32Array(FIRST)
    this.#count = 0
    this.#used = 0
  }

  #find(key: string, tag: number): number {
    const { heads } = this
    const tags = this.#tags
    const mask = tags.length - 1
    for (let at = tag & mask; ; at = (at + 1) & mask) {
      const there = tags[at]
      if (there === tag && heads[at]?.key === key) return at
      if (there === FREE) return -1
    }
  }

  #put(head: Head, tag: number): void {
    const tags = this.#tags
    const mask = tags.length - 1
    let at = tag & mask
    while (tags[at] !== FREE) at = (at + 1) & mask
    tags[at] = tag
    this.heads[at] = head
    this.#used++
  }

  /** A place becomes free, and those before it that were left, unless something may lie behind it because it was taken. */
  #leave(place: number): void {
    const tags = this.#tags
    const mask = tags.length - 1
    tags[place] = LEFT
    if (tags[(place + 1) & mask] !== FREE) return
    for (let at = place; tags[at] === LEFT; at = (at - 1) & mask) {
      tags[at] = FREE
      this.#used--
    }
  }

  /** Anew, for twice as many heads as there are. */
  #rebuild(): void {
    const before = this.heads
    const tags = this.#tags
    let size = FIRST
    while (size < (this.#count + 1) * 2) size *= 2
    this.heads = places(size)
    this.#tags = new Int32Array(size)
    this.#used = 0
    for (const [at, head] of before.entries()) if (head !== null) this.#put(head, tags[at] as number)
  }
}

function places(size: number): (Head | null)[] {
  return new Array<Head | null>(size).fill(null)
}
