/**
 * The memory tier: S3-FIFO within a byte budget. What is new waits in a small queue; who was used there goes on to the large one, a clock in
 * which who was used gets another turn; the others leave, and if they come back soon they go to the large one at once. So what is asked for once
 * pushes out only what was asked for once, and a use moves nothing. (Yang et al., “FIFO queues are all you need for cache eviction”, SOSP 2023.)
 */
import type { Entry } from '../object/entry.ts'
import { LARGE, MOVES, QueuedStore, SMALL } from './queued-store.ts'

/** Of the budget, what the small queue keeps when there is no room. Measured: `bench/scan.ts`. */
const SHARE = 0.05

export class MemoryStore extends QueuedStore {
  put(entry: Entry): boolean {
    const bytes = this.sizeOf(entry)
    if (bytes > this.budget) return false
    const { entries } = this
    if (entries.has(entry)) this.drop(entry, 'superseded')
    const known = this.inherits(entry) || this.departed.knows(entry.key, entries.countOf1)
    while (entries.bytes + bytes > this.budget && entries.count > 0) this.#evict()
    entries.add(entry, bytes, known ? LARGE : SMALL)
    return true
  }

  /** One leaves. */
  #evict(): void {
    const { entries } = this
    for (let moves = 0; ; moves++) {
      const small = entries.bytesOf0 > this.budget * SHARE ? entries.oldest(SMALL) : null
      const entry = small ?? entries.oldest(LARGE) ?? entries.oldest(SMALL)
      if (entry === null) return
      const uses = entries.uses(entry)
      if (uses > 0 && moves < MOVES) entries.move(entry, LARGE, entry === small ? 0 : uses - 1)
      else {
        this.depart(entry, entries.room)
        return
      }
    }
  }
}
