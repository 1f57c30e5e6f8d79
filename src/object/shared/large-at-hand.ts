/** What a worker has at hand of objects whose bodies have memory of their own, and who waits for the bytes of which. */
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import { BodyWait } from './body-wait.ts'
import { fromSharedBuffers } from './large-bodies.ts'
import type { SharedGarbage } from './shared-garbage.ts'

export class LargeAtHand {
  readonly #near: LocalTable
  /** Asks for the bytes of an entry. */
  readonly #want: (handle: number) => void
  readonly #objects = new Map<number, CachedObject>()
  readonly #garbage: SharedGarbage
  readonly #waits = new Map<number, BodyWait>()

  constructor(near: LocalTable, garbage: SharedGarbage, want: (handle: number) => void) {
    this.#near = near
    this.#garbage = garbage
    this.#want = want
  }

  add(object: CachedObject): void {
    this.#objects.set(object.handle, object)
  }

  /** What to wait for until the bytes of an object are here. `position`: of the invalidation log, now. */
  fetch(object: CachedObject, position: number): BodyWait {
    const { handle } = object
    const under = this.#waits.get(handle)
    if (under !== undefined) return under
    const wait = new BodyWait(object, position)
    this.#waits.set(handle, wait)
    this.#want(handle)
    return wait
  }

  /** `null`: they are gone. */
  came(handle: number, buffers: readonly SharedArrayBuffer[] | null): void {
    const wait = this.#waits.get(handle)
    if (wait === undefined) return
    this.#waits.delete(handle)
    if (buffers !== null) wait.object.body = fromSharedBuffers(buffers)
    else if (wait.object.slot !== null) this.#near.drop(wait.object)
    wait.end()
  }

  /** It is stored no longer: its memory is given back when nobody here holds it. */
  drop(handle: number): void {
    const object = this.#objects.get(handle)
    this.#objects.delete(handle)
    this.#garbage.add(object?.body.length ?? 0)
    if (object !== undefined && object.slot !== null) this.#near.drop(object)
  }

  stop(): void {
    for (const wait of this.#waits.values()) wait.end()
  }
}
