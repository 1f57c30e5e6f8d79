/**
 * The librarian's blocks: free, handed to a worker to be filled, or sealed. A sealed block knows what was written in it, and how much of that is
 * still of use; it is given back as a whole.
 */
import { BLOCK } from './memory.ts'
import type { Ring } from './ring.ts'

interface Block {
  readonly entries: number[]
  /** Bytes of records that are in the books. */
  live: number
}

/** How many of the oldest blocks are looked at for the one that is worth least. */
const CANDIDATES = 16

export class Blocks {
  readonly #count: number
  readonly #free: number[] = []
  /** The first that was never used. */
  #fresh = 1
  readonly #used = new Map<number, Block>()
  /** In the order in which they were sealed. */
  readonly #sealed: number[] = []
  /** Of each participant, in the order in which they were handed out. */
  readonly #handed = new Map<number, number[]>()

  #live = 0

  /** Blocks are numbered from 1. */
  constructor(count: number) {
    this.#count = count
  }

  /** Blocks that can be handed out. */
  get free(): number {
    return this.#free.length + this.#count + 1 - this.#fresh
  }

  /** Bytes of all that are not free. */
  get bytes(): number {
    return (this.#count - this.free) * BLOCK
  }

  /** Bytes of all records that are in the books. */
  get live(): number {
    return this.#live
  }

  /** A free block, which is in use from now on; 0: there is none. */
  take(participant: number): number {
    const block = this.#free.pop() ?? (this.#fresh <= this.#count ? this.#fresh++ : 0)
    if (block === 0) return 0
    this.#used.set(block, { entries: [], live: 0 })
    const handed = this.#handed.get(participant)
    if (handed === undefined) this.#handed.set(participant, [block])
    else handed.push(block)
    return block
  }

  /** Seals what a participant has filled: all it took from its ring but the last. */
  seal(participant: number, waiting: number): void {
    const handed = this.#handed.get(participant)
    if (handed === undefined) return
    for (let filled = handed.length - waiting - 1; filled > 0; filled--) this.#sealed.push(handed.shift() as number)
  }

  /** A participant is dead: what it had begun is sealed, what waited in its ring is free. */
  abandon(participant: number, ring: Ring): void {
    const waiting = ring.length
    const handed = this.#handed.get(participant) ?? []
    this.#handed.delete(participant)
    this.#sealed.push(...handed.splice(0, handed.length - waiting))
    for (const block of handed) this.#giveBack(block)
  }

  /** A record in a block is in the books. */
  enter(block: number, entry: number, bytes: number): void {
    const used = this.#used.get(block)
    if (used === undefined) return
    used.entries.push(entry)
    used.live += bytes
    this.#live += bytes
  }

  /** A record is in the books no longer, or has been copied elsewhere. */
  leave(block: number, bytes: number): void {
    const used = this.#used.get(block)
    if (used === undefined) return
    used.live -= bytes
    this.#live -= bytes
  }

  /** Takes the sealed block that is worth least of the oldest ones; `null`: none is sealed. Its entries may be elsewhere by now. */
  pick(): { readonly block: number; readonly entries: readonly number[]; readonly live: number } | null {
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let at = 0; at < Math.min(this.#sealed.length, CANDIDATES); at++) {
      const live = this.#used.get(this.#sealed[at] as number)?.live ?? 0
      if (live >= least) continue
      least = live
      best = at
    }
    if (best < 0) return null
    const [block] = this.#sealed.splice(best, 1) as [number]
    const used = this.#used.get(block)
    return { block, entries: used?.entries ?? [], live: used?.live ?? 0 }
  }

  /** What lies in blocks that are being filled still, the oldest first. */
  *open(): IterableIterator<number> {
    for (const blocks of this.#handed.values()) for (const block of blocks) yield* this.#used.get(block)?.entries ?? []
  }

  /** A block that was picked is free: nobody can read what was in it. */
  giveBack(block: number): void {
    this.#giveBack(block)
  }

  #giveBack(block: number): void {
    this.#used.delete(block)
    this.#free.push(block)
  }
}
