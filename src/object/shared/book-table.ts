/** The librarian's table: what all workers store. Who looks at an object sees how often it was used by all of them. */
import { LocalTable, type LocalTableInit } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import type { Peek } from '../peek.ts'

export interface BookTableInit extends LocalTableInit {
  readonly hits: (object: CachedObject) => number
  /** Takes into the books what has been stored until now. */
  readonly takeNotices: () => void
}

export class BookTable extends LocalTable {
  readonly #hits: BookTableInit['hits']
  readonly #takeNotices: () => void

  constructor(init: BookTableInit) {
    super(init)
    this.#hits = init.hits
    this.#takeNotices = init.takeNotices
  }

  override get objects(): number {
    this.#takeNotices()
    return super.objects
  }

  override get bytes(): number {
    this.#takeNotices()
    return super.bytes
  }

  override get keys(): number {
    this.#takeNotices()
    return super.keys
  }

  override get tags(): number {
    this.#takeNotices()
    return super.tags
  }

  override peek(key: string): Peek {
    this.#takeNotices()
    const peek = super.peek(key)
    for (const { whole, part } of peek.variants) for (const object of [whole, part]) if (object !== null) this.#see(object)
    return peek
  }

  override look(visit: (object: CachedObject) => void): Promise<void> {
    this.#takeNotices()
    return super.look((object) => visit(this.#see(object)))
  }

  override *stored(): IterableIterator<CachedObject> {
    this.#takeNotices()
    for (const object of super.stored()) yield this.#see(object)
  }

  override *byTag(tag: string): IterableIterator<CachedObject> {
    this.#takeNotices()
    for (const object of super.byTag(tag)) yield this.#see(object)
  }

  override byKey(key: string): Iterable<CachedObject> {
    this.#takeNotices()
    return [...super.byKey(key)].map((object) => this.#see(object))
  }

  override byId(id: number): CachedObject | null {
    const object = super.byId(id)
    return object === null ? null : this.#see(object)
  }

  #see(object: CachedObject): CachedObject {
    object.hits = this.#hits(object)
    return object
  }
}
