/** Looks at many things without holding anybody up: in slices, with everybody else's turn between two. */
import { type Pace, systemPace } from '../object/pace.ts'

/** Milliseconds of one slice. */
const SLICE = 4

/** Visits every item until `visit` answers `false`. */
export async function walk<T>(items: Iterable<T>, visit: (item: T) => boolean | undefined, pace: Pace = systemPace): Promise<void> {
  let left = pace.between
  let end = pace.now() + SLICE
  for (const item of items) {
    if (visit(item) === false) return
    if (--left > 0) continue
    left = pace.between
    if (pace.now() < end) continue
    await new Promise<void>((resolve) => pace.turn(resolve))
    end = pace.now() + SLICE
  }
}

/** Keeps the `count` least of what it is given, in order. */
export class Least<T> {
  readonly #count: number
  readonly #compare: (a: T, b: T) => number
  #items: T[] = []
  /** What is not less than this is none of them. */
  #bound: T | undefined = undefined

  constructor(count: number, compare: (a: T, b: T) => number) {
    this.#count = count
    this.#compare = compare
  }

  add(item: T): void {
    if (this.#bound !== undefined && this.#compare(item, this.#bound) >= 0) return
    this.#items.push(item)
    if (this.#items.length >= this.#count * 2) this.#cut()
  }

  get all(): readonly T[] {
    this.#cut()
    return this.#items
  }

  #cut(): void {
    this.#items.sort(this.#compare)
    if (this.#items.length < this.#count) return
    this.#items.length = this.#count
    this.#bound = this.#items[this.#count - 1]
  }
}
