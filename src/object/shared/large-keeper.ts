/** The bodies that have memory of their own, kept for all workers as long as they are stored, and who has been given which. */

import type { SharedGarbage } from './shared-garbage.ts'

interface Kept {
  readonly buffers: readonly SharedArrayBuffer[]
  readonly bytes: number
  readonly holders: Set<number>
}

export class LargeKeeper {
  readonly #kept = new Map<number, Kept>()
  readonly #garbage: SharedGarbage
  #bytes = 0

  constructor(garbage: SharedGarbage) {
    this.#garbage = garbage
  }

  get bytes(): number {
    return this.#bytes
  }

  add(handle: number, buffers: readonly SharedArrayBuffer[], owner: number): void {
    let bytes = 0
    for (const { byteLength } of buffers) bytes += byteLength
    this.#kept.set(handle, { buffers, bytes, holders: new Set([owner]) })
    this.#bytes += bytes
  }

  get(handle: number): readonly SharedArrayBuffer[] | null {
    return this.#kept.get(handle)?.buffers ?? null
  }

  handles(): readonly number[] {
    return [...this.#kept.keys()]
  }

  /** The bytes, which a worker holds from now on; `null`: they are not here. */
  lend(handle: number, to: number): readonly SharedArrayBuffer[] | null {
    const kept = this.#kept.get(handle)
    kept?.holders.add(to)
    return kept?.buffers ?? null
  }

  /** Lets go. Answers who has to do so, too. */
  drop(handle: number): Iterable<number> {
    const kept = this.#kept.get(handle)
    if (kept === undefined) return []
    this.#kept.delete(handle)
    this.#bytes -= kept.bytes
    this.#garbage.add(kept.bytes)
    return kept.holders
  }

  /** A worker is dead. */
  forget(participant: number): void {
    for (const { holders } of this.#kept.values()) holders.delete(participant)
  }
}
