/**
 * Things by their keys: open addressing in many small tables. A look-up in a full cache finds hardly anything in the processor's caches, so
 * that it costs what it has to touch: here a tag, a reference and the thing. A `Map` of strings touches more, and makes V8 keep each key, and each
 * that is asked for, in its table of strings. Small tables, because one that has no more room is made anew in one go.
 */
import { randomInt } from 'node:crypto'
import { hashOf } from './hash.ts'

export interface Keyed {
  readonly key: string
}

/** One for each value of the upper bits of a hash. */
const TABLES = 64
const UPPER = 26
/** Places of a new table, a power of two as all sizes. */
const FIRST = 8
/** Tags of places that are not taken: nothing was ever there; something was, and who looks for what came later has to go on. */
const FREE = 0
const LEFT = 1

const SEED = randomInt(2 ** 32)
/** The key that was looked for last, and its tag: whoever finds nothing adds, and one table is asked after the other. */
let latest = ''
let latestTag = makeTag('')

function tagOf(key: string): number {
  if (key !== latest) {
    latestTag = makeTag(key)
    latest = key
  }
  return latestTag
}

function makeTag(key: string): number {
  const hash = hashOf(key, SEED)
  return hash === FREE || hash === LEFT ? hash + 2 : hash
}

export class KeyTable<T extends Keyed> {
  readonly #tables: readonly SmallTable<T>[] = Array.from({ length: TABLES }, () => new SmallTable<T>())
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): T | undefined {
    const tag = tagOf(key)
    return this.#tableOf(tag).get(key, tag)
  }

  /** Adds it, or puts it in the place of what has its key. */
  put(thing: T): void {
    const tag = tagOf(thing.key)
    if (this.#tableOf(tag).put(thing, tag)) this.#size++
  }

  /** Whether there was anything. */
  delete(key: string): boolean {
    const tag = tagOf(key)
    const there = this.#tableOf(tag).delete(key, tag)
    if (there) this.#size--
    return there
  }

  /** In no order. They may go and make way for others of their keys meanwhile; what comes meanwhile may be left out. */
  *values(): IterableIterator<T> {
    if (this.#size === 0) return
    for (const table of this.#tables) {
      // A table that is made anew leaves these as they were.
      const { things } = table
      for (let at = 0; at < things.length; at++) {
        const thing = things[at]
        const there = thing == null || table.things === things ? thing : this.get(thing.key)
        if (there != null) yield there
      }
    }
  }

  clear(): void {
    for (const table of this.#tables) table.clear()
    this.#size = 0
  }

  #tableOf(tag: number): SmallTable<T> {
    return this.#tables[tag >>> UPPER] as SmallTable<T>
  }
}

/** Linear probing: what has no room at its place lies at the next free one. At least a quarter of the places is free. */
class SmallTable<T extends Keyed> {
  things: (T | null)[] = places(FIRST)
  #tags = new Int32Array(FIRST)
  #count = 0
  /** Places that are not free. */
  #used = 0

  get(key: string, tag: number): T | undefined {
    const at = this.#find(key, tag)
    return at < 0 ? undefined : (this.things[at] as T)
  }

  /** Whether there was nothing under its key. */
  put(thing: T, tag: number): boolean {
    const at = this.#find(thing.key, tag)
    if (at >= 0) {
      this.things[at] = thing
      return false
    }
    if ((this.#used + 1) * 4 > this.#tags.length * 3) this.#rebuild()
    this.#add(thing, tag)
    this.#count++
    return true
  }

  delete(key: string, tag: number): boolean {
    const at = this.#find(key, tag)
    if (at < 0) return false
    this.things[at] = null
    this.#count--
    this.#leave(at)
    if (this.#count * 8 < this.#tags.length && this.#tags.length > FIRST) this.#rebuild()
    return true
  }

  clear(): void {
    this.things = places(FIRST)
    this.#tags = new Int32Array(FIRST)
    this.#count = 0
    this.#used = 0
  }

  #find(key: string, tag: number): number {
    const { things } = this
    const tags = this.#tags
    const mask = tags.length - 1
    for (let at = tag & mask; ; at = (at + 1) & mask) {
      const there = tags[at]
      if (there === tag && things[at]?.key === key) return at
      if (there === FREE) return -1
    }
  }

  #add(thing: T, tag: number): void {
    const tags = this.#tags
    const mask = tags.length - 1
    let at = tag & mask
    while (tags[at] !== FREE) at = (at + 1) & mask
    tags[at] = tag
    this.things[at] = thing
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

  /** Anew, for twice as many as there are. */
  #rebuild(): void {
    const before = this.things
    const tags = this.#tags
    let size = FIRST
    while (size < (this.#count + 1) * 2) size *= 2
    this.things = places(size)
    this.#tags = new Int32Array(size)
    this.#used = 0
    for (let at = 0; at < before.length; at++) {
      const thing = before[at]
      if (thing != null) this.#add(thing, tags[at] as number)
    }
  }
}

function places<T>(size: number): (T | null)[] {
  return new Array<T | null>(size).fill(null)
}
