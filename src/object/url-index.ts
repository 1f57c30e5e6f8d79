/** Keys that cannot be made from URL and host alone, because a policy added to them or made them anew. The others need no index. */
import type { Head } from './head.ts'
import { keyOf, type Place, partsEnd, placeEnd } from './key-text.ts'
import { ownText } from './own.ts'

export class UrlIndex {
  /** By what their keys begin with. */
  readonly #longer = new Map<string, Set<Head>>()
  readonly #anew = new Set<Head>()
  /** Those of slices, by the key of what they are slices of. */
  readonly #slices = new Map<string, Set<Head>>()

  get size(): number {
    return this.#longer.size + this.#anew.size
  }

  add(head: Head): void {
    const { key } = head
    const end = placeEnd(key)
    if (end < 0) this.#anew.add(head)
    else if (end < key.length) enter(this.#longer, key.slice(0, end), head)
    if (end === key.length) return
    const parts = partsEnd(key)
    if (parts < key.length) enter(this.#slices, key.slice(0, parts), head)
  }

  remove(head: Head): void {
    const { key } = head
    const end = placeEnd(key)
    if (end < 0) this.#anew.delete(head)
    else if (end < key.length) leave(this.#longer, key.slice(0, end), head)
    if (end === key.length) return
    const parts = partsEnd(key)
    if (parts < key.length) leave(this.#slices, key.slice(0, parts), head)
  }

  /** Under all of these there may be objects of the place, beside those under its plain key. They may go meanwhile. */
  *of(place: Place): IterableIterator<Head> {
    yield* this.#longer.get(keyOf(place)) ?? NONE
    yield* this.#anew
  }

  /** Slices of what lies under a key, or those of one manifest by what their keys begin with. They may go meanwhile. */
  *slicesOf(key: string): IterableIterator<Head> {
    const base = partsEnd(key)
    const heads = this.#slices.get(base === key.length ? key : key.slice(0, base))
    if (heads === undefined) return
    const begin = `${key}/`
    for (const head of heads) if (head.key.startsWith(begin)) yield head
  }
}

function enter(index: Map<string, Set<Head>>, begin: string, head: Head): void {
  const heads = index.get(begin)
  if (heads === undefined) index.set(ownText(begin), new Set([head]))
  else heads.add(head)
}

function leave(index: Map<string, Set<Head>>, begin: string, head: Head): void {
  const heads = index.get(begin)
  if (heads?.delete(head) === true && heads.size === 0) index.delete(begin)
}

const NONE: ReadonlySet<Head> = new Set()
