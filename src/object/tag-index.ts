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
    const entries = new Array<Tagged>(object.tags.length)
    const places = new Array<number>(object.tags.length)
    for (let number = 0; number < places.length; number++) {
      const tag = object.tags[number] as string
      const known = this.#tags.get(tag)
      const entry = known ?? this.#make(tag, object, number)
      entries[number] = entry
      places[number] = known === undefined ? 0 : known.objects.length
      if (known === undefined) continue
      known.objects.push(object)
      known.numbers.push(number)
    }
    object.tags = entries.map(({ tag }) => tag)
    object.carried = { entries, places }
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

  /** Arrays of one: many tags have no second carrier, and what is pushed into an empty array gets room for seventeen. */
  #make(text: string, object: CachedObject, number: number): Tagged {
    const tag = ownText(text)
    const entry = { tag, objects: [object], numbers: [number] }
    this.#tags.set(tag, entry)
    return entry
  }
}

const NONE: readonly CachedObject[] = []
