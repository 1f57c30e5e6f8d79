/** A stored object as the librarian has it in its books: what it is kept and purged by. All else is read from its record when it is asked for. */
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import { KeptFields } from '../kept-fields.ts'
import { CachedObject, type ObjectInit } from '../object.ts'
import type { Slot } from '../slot.ts'
import { Elsewhere } from '../stored-body.ts'

/** Where records and large bodies are read. What is in the books can be read until it is taken out of them. */
export interface Library {
  whole(handle: number): CachedObject
  bytesOf(handle: number): readonly Buffer[]
}

export class BookedObject extends CachedObject {
  /** Bytes that it takes in shared memory. */
  readonly #shared: number
  readonly #library: Library

  constructor(init: ObjectInit, handle: number, shared: number, library: Library) {
    const { headers } = init
    super({
      ...init,
      fieldLines: '',
      headers: new KeptFields('', headers instanceof KeptFields ? headers.dated : headers.hasLower('date')),
      etag: null,
    })
    this.handle = handle
    this.#shared = shared
    this.#library = library
  }

  override get unabridged(): CachedObject {
    const whole = this.#library.whole(this.handle)
    whole.hits = this.hits
    whole.ttl = this.ttl
    return whole
  }

  override get headers(): HeaderMap {
    return this.unabridged.headers
  }

  override get etag(): string | null {
    return this.unabridged.etag
  }

  override get bytes(): number {
    return super.bytes + this.#shared
  }

  /** It has nothing that would have to be copied. */
  override settle(slot: Slot): void {
    this.seat(slot)
  }
}

export class BookedBody extends Elsewhere {
  readonly length: number
  readonly #handle: number
  readonly #library: Library

  constructor(handle: number, length: number, library: Library) {
    super()
    this.length = length
    this.#handle = handle
    this.#library = library
  }

  load(): readonly Buffer[] {
    return this.#library.bytesOf(this.#handle)
  }
}
