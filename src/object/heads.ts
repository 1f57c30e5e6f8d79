/**
 * Heads by their keys. Many small maps in place of one: when a map has no more room it is made anew in one go, which takes a tenth of a second
 * for a million keys, again and again in a cache that is full.
 */
import type { Head } from './head.ts'

const MAPS = 64
/** Characters of a key that tell in which map it is, at the most. */
const SAMPLES = 16

export class Heads {
  readonly #maps: readonly Map<string, Head>[] = Array.from({ length: MAPS }, () => new Map<string, Head>())
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): Head | undefined {
    return this.#mapOf(key).get(key)
  }

  /** A head whose key has none. */
  add(head: Head): void {
    this.#mapOf(head.key).set(head.key, head)
    this.#size++
  }

  delete(head: Head): void {
    if (this.#mapOf(head.key).delete(head.key)) this.#size--
  }

  /** In no order. They may go meanwhile; who comes meanwhile may be left out. */
  *values(): IterableIterator<Head> {
    if (this.#size === 0) return
    for (const map of this.#maps) if (map.size > 0) yield* map.values()
  }

  clear(): void {
    for (const map of this.#maps) map.clear()
    this.#size = 0
  }

  #mapOf(key: string): Map<string, Head> {
    const { length } = key
    const step = Math.ceil(length / SAMPLES)
    let hash = length
    for (let i = length - 1; i >= 0; i -= step) hash = Math.imul(hash, 31) + key.charCodeAt(i)
    return this.#maps[(hash ^ (hash >>> 6) ^ (hash >>> 12)) & (MAPS - 1)] as Map<string, Head>
  }
}
