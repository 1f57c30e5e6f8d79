/** Keys that cannot be made from URL and host alone, because a policy added to them or made them anew. The others need no index. */
import type { Head } from './head.ts'
import { keyOf, type Place, placeEnd } from './key-text.ts'
import { ownText } from './own.ts'

export class UrlIndex {
  /** By what their keys begin with. */
  readonly #longer = new Map<string, Set<Head>>()
  readonly #anew = new Set<Head>()

  get size(): number {
    return this.#longer.size + this.#anew.size
  }

  add(head: Head): void {
    const end = placeEnd(head.key)
    if (end < 0) this.#anew.add(head)
    else if (end < head.key.length) {
      const begin = head.key.slice(0, end)
      const heads = this.#longer.get(begin)
      if (heads === undefined) this.#longer.set(ownText(begin), new Set([head]))
      else heads.add(head)
    }
  }

  remove(head: Head): void {
    const end = placeEnd(head.key)
    if (end < 0) this.#anew.delete(head)
    else if (end < head.key.length) {
      const begin = head.key.slice(0, end)
      const heads = this.#longer.get(begin)
      if (heads?.delete(head) === true && heads.size === 0) this.#longer.delete(begin)
    }
  }

  /** Under all of these there may be objects of the place, beside those under its plain key. They may go meanwhile. */
  *of(place: Place): IterableIterator<Head> {
    yield* this.#longer.get(keyOf(place)) ?? NONE
    yield* this.#anew
  }
}

const NONE: ReadonlySet<Head> = new Set()
