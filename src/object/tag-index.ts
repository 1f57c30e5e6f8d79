/** Which objects carry a tag. A tag that no object carries is not in it. */
import type { CachedObject } from './object.ts'
import { ownText } from './own.ts'

interface Tagged {
  /** The one copy of the text that all objects share. */
  readonly tag: string
  readonly objects: Set<CachedObject>
}

export class TagIndex {
  readonly #tags = new Map<string, Tagged>()

  /** Tags that at least one object carries. */
  get size(): number {
    return this.#tags.size
  }

  /** Harmless when it is there already. */
  add(object: CachedObject): void {
    if (object.tags.length === 0) return
    object.tags = object.tags.map((tag) => {
      const entry = this.#tags.get(tag) ?? this.#make(tag)
      entry.objects.add(object)
      return entry.tag
    })
  }

  remove(object: CachedObject): void {
    for (const tag of object.tags) {
      const entry = this.#tags.get(tag)
      if (entry?.objects.delete(object) === true && entry.objects.size === 0) this.#tags.delete(tag)
    }
  }

  /** Objects that carry the tag; they may go and come meanwhile. */
  carriers(tag: string): ReadonlySet<CachedObject> {
    return this.#tags.get(tag)?.objects ?? NONE
  }

  /** Every tag, with the number of objects that carry it. */
  *names(): IterableIterator<readonly [tag: string, objects: number]> {
    for (const { tag, objects } of this.#tags.values()) yield [tag, objects.size]
  }

  #make(text: string): Tagged {
    const tag = ownText(text)
    const entry = { tag, objects: new Set<CachedObject>() }
    this.#tags.set(tag, entry)
    return entry
  }
}

const NONE: ReadonlySet<CachedObject> = new Set()
