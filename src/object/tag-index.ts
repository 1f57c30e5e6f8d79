/** Which objects carry a tag. A tag that no object carries is not in it. */
import type { CachedObject } from './object.ts'
import { ownText } from './own.ts'

/** A tag, and those who carry it. Each knows its place here, so that it goes without being looked for. */
export interface Tagged {
  /** The one copy of the text that all objects share. */
  readonly tag: string
  readonly objects: CachedObject[]
  /** For each of `objects`, which of its tags this is. */
  readonly numbers: number[]
}

/** What an object carries: entry and its place there, tag by tag. */
export interface Carried {
  readonly entries: readonly Tagged[]
  readonly places: number[]
}

export class TagIndex {
  readonly #tags = new Map<string, Tagged>()

  /** Tags that at least one object carries. */
  get size(): number {
    return this.#tags.size
  }

  /** Harmless when it is there already. */
  add(object: CachedObject): void {
    if (object.tags.length === 0 || object.carried !== null) return
    const entries = object.tags.map((tag) => this.#tags.get(tag) ?? this.#make(tag))
    object.tags = entries.map(({ tag }) => tag)
    object.carried = { entries, places: entries.map(({ objects, numbers }, number) => numbers.push(number) && objects.push(object) - 1) }
  }

  remove(object: CachedObject): void {
    const { carried } = object
    if (carried === null) return
    const { entries, places } = carried
    for (let i = 0; i < entries.length; i++) this.#take(entries[i] as Tagged, places[i] as number)
    object.carried = null
  }

  /** Objects that carry the tag, each once; they may go meanwhile, and who comes meanwhile is left out. */
  *carriers(tag: string): IterableIterator<CachedObject> {
    const objects = this.#tags.get(tag)?.objects ?? NONE
    // Backwards: what takes the place of one that goes was the last, and has been passed.
    for (let at = objects.length - 1; at >= 0; at = Math.min(at, objects.length) - 1) yield objects[at] as CachedObject
  }

  /** Every tag, with the number of objects that carry it. */
  *names(): IterableIterator<readonly [tag: string, objects: number]> {
    for (const { tag, objects } of this.#tags.values()) yield [tag, objects.length]
  }

  /** The last one takes the place of the one that goes. */
  #take({ tag, objects, numbers }: Tagged, place: number): void {
    const last = objects.pop() as CachedObject
    const number = numbers.pop() as number
    if (place < objects.length) {
      objects[place] = last
      numbers[place] = number
      const { carried } = last
      if (carried !== null) carried.places[number] = place
    } else if (objects.length === 0) this.#tags.delete(tag)
  }

  #make(text: string): Tagged {
    const tag = ownText(text)
    const entry = { tag, objects: [], numbers: [] }
    this.#tags.set(tag, entry)
    return entry
  }
}

const NONE: readonly CachedObject[] = []
