/**
 * What a worker has at hand of what is stored for all: S3-FIFO as the memory tier (`memory.ts`), but what is new is on trial in few bytes once the
 * rest is full. It can be read in again at any time, and what stays for longer than V8 takes to collect young objects twice fills its old
 * generation when it goes.
 */
import type { Entry } from '../object/entry.ts'
import { LARGE, MOVES, QueuedStore, SMALL } from './queued-store.ts'

/** Bytes of what is on trial. */
const TRIAL = 128 * 1024
/** Uses that prove nothing: whoever reads an entry in asks for it. */
const ASKED = 1
/** Of the budget, for how much one entry counts at the most, so that there is always room for one: it is stored still, whatever its size. */
const MOST = 0.25
/** Bytes of an entry, about: what is on trial leaves before anybody can tell how many there is room for. */
const AVERAGE = 2048

export class AtHandStore extends QueuedStore {
  /**
   * An entry is kept if there is room beside the trial, if it is asked for twice more while it is on trial, or if it comes back soon after it left.
   * What lies under one key is read in together, so that none of it leaves for another of it; there may be more than the budget for a moment.
   */
  put(entry: Entry): boolean {
    const bytes = this.sizeOf(entry)
    const { entries } = this
    if (entries.has(entry)) this.drop(entry, 'superseded')
    const proven =
      this.inherits(entry) ||
      this.departed.knows(entry.key, this.#remembered) ||
      entries.bytes - entries.bytesOf0 + bytes <= this.budget - TRIAL
    this.#endTrials(proven ? TRIAL : TRIAL - bytes, entry.key)
    while (entries.bytes + bytes > this.budget) if (!this.#evict(entry.key)) break
    entries.add(entry, bytes, proven ? LARGE : SMALL)
    return true
  }

  protected override sizeOf(entry: Entry): number {
    return Math.min(super.sizeOf(entry), this.budget * MOST)
  }

  /** Departed keys that are known. */
  get #remembered(): number {
    return Math.max(this.entries.room, this.budget / AVERAGE)
  }

  /** What is on trial takes no more than so many bytes afterwards, as far as that is no matter of the key `spared`. */
  #endTrials(bytes: number, spared: string): void {
    const { entries } = this
    for (let entry = entries.oldest(SMALL); entry !== null && entries.bytesOf0 > bytes; entry = entries.oldest(SMALL)) {
      if (entry.key === spared) return
      if (entries.uses(entry) > ASKED) entries.move(entry, LARGE, 0)
      else this.depart(entry, this.#remembered)
    }
  }

  /** One of those that are not on trial leaves, but none under the key `spared`. `false`: none was found. */
  #evict(spared: string): boolean {
    const { entries } = this
    for (let moves = 0; moves <= MOVES; moves++) {
      const entry = entries.oldest(LARGE)
      if (entry === null) return false
      const uses = entries.uses(entry)
      if (entry.key === spared) entries.move(entry, LARGE, uses)
      else if (uses > 0 && moves < MOVES) entries.move(entry, LARGE, uses - 1)
      else {
        this.depart(entry, this.#remembered)
        return true
      }
    }
    return false
  }
}
