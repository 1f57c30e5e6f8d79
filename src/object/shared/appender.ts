/** Room for records in the blocks of one participant, one after the other. */
import type { Arena } from './arena.ts'
import { BLOCK, UNIT } from './memory.ts'

/** Where blocks come from, as a `Ring`: 0 when there is none. */
export interface SpareBlocks {
  shift(): number
}

export class Appender {
  readonly #arena: Arena
  readonly #spare: SpareBlocks
  readonly #sealed: (block: number) => void
  #block = 0
  /** Of the next record in the open block, in bytes. */
  #offset: number = BLOCK

  /** `sealed` is told of a block that nothing will be added to. */
  constructor(arena: Arena, spare: SpareBlocks, sealed: (block: number) => void) {
    this.#arena = arena
    this.#spare = spare
    this.#sealed = sealed
  }

  /** The block that is open; 0: none. */
  get block(): number {
    return this.#block
  }

  /** The address of so many bytes, 1 and up; 0: there is no room, which less may still find. */
  take(size: number): number {
    if (size > BLOCK) return 0
    if (this.#offset + size > BLOCK && !this.#open()) return 0
    const address = this.#arena.addressOf(this.#block) + this.#offset / UNIT
    this.#offset += Math.ceil(size / UNIT) * UNIT
    return address
  }

  #open(): boolean {
    const next = this.#spare.shift()
    if (next === 0) return false
    const last = this.#block
    this.#block = next
    this.#offset = 0
    if (last !== 0) this.#sealed(last)
    return true
  }
}
