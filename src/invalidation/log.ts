/**
 * The one ordered log of invalidations, in its compacted form: the last position per exact subject. An object remembers the
 * position at which its fetch began; an entry that came later and names it makes it unusable, whenever it was stored.
 */

export interface InvalidationEntry {
  readonly position: number
  readonly key: string
  readonly soft: boolean
}

export type InvalidationVerdict = 'valid' | 'soft' | 'hard'

interface Positions {
  hard: number
  soft: number
}

/** Subjects remembered one by one, and the characters of all together; beyond them the oldest raise the floor. */
const CAPACITY = 100_000
const CHARACTERS = 8 * 1024 * 1024

export class InvalidationLog {
  #head = 0
  /** Objects whose fetch began before this position cannot be vouched for: they are misses. */
  #floor = 0
  readonly #keys = new Map<string, Positions>()
  readonly #capacity: number
  #characters = 0

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity
  }

  /** Position of the last entry. */
  get head(): number {
    return this.#head
  }

  /** Subjects held. */
  get size(): number {
    return this.#keys.size
  }

  /** All variants under a primary key, hard or soft. */
  purgeKey(key: string, soft: boolean): InvalidationEntry {
    const position = ++this.#head
    const before = this.#keys.get(key)
    if (!this.#keys.delete(key)) this.#characters += key.length
    this.#keys.set(key, { hard: soft ? (before?.hard ?? 0) : position, soft: position })
    while (this.#keys.size > this.#capacity || (this.#characters > CHARACTERS && this.#keys.size > 1)) this.#raiseFloor()
    return { position, key, soft }
  }

  /** What became of something fetched under `key` by a fetch that began at position `since`. */
  verdict(key: string, since: number): InvalidationVerdict {
    if (since >= this.#head) return 'valid'
    if (since < this.#floor) return 'hard'
    const positions = this.#keys.get(key)
    if (positions === undefined) return 'valid'
    return positions.hard > since ? 'hard' : positions.soft > since ? 'soft' : 'valid'
  }

  #raiseFloor(): void {
    for (const [key, positions] of this.#keys) {
      this.#keys.delete(key)
      this.#characters -= key.length
      this.#floor = Math.max(this.#floor, positions.soft)
      return
    }
  }
}
