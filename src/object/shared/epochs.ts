/**
 * When what was taken out of shared memory may be used again: once every participant that could still hold it has left.
 *
 * Atomics have one order for all. Who stored its epoch before the librarian looked is waited for; who stores it after that finds only what is
 * linked then, so nothing that was retired. An epoch that was read long before it is stored is an older one, which holds up more, never less.
 */
import type { Control } from './control.ts'
import { isAfter } from './serial.ts'

const IDLE = 0
/** The epoch is even, what a participant stores is odd: never `IDLE`, however often the epoch has wrapped round. */
const ENTERED = 1
const STEP = 2

interface Batch {
  readonly epoch: number
  readonly actions: (() => void)[]
}

export class Epochs {
  readonly #control: Control
  /** Oldest first; the librarian's alone. */
  readonly #batches: Batch[] = []

  constructor(control: Control) {
    this.#control = control
  }

  /** From here to `leave`, nothing that the participant finds in shared memory is used for anything else. Does not nest. */
  enter(participant: number): void {
    const control = this.#control
    control.setActive(participant, control.epoch | ENTERED)
  }

  leave(participant: number): void {
    this.#control.setActive(participant, IDLE)
  }

  /** The participant died, wherever it was. */
  abandon(participant: number): void {
    this.leave(participant)
  }

  /** Librarian: `action` waits until all who are inside now have left. What it gives back must already be out of reach for those to come. */
  retire(action: () => void): void {
    const { epoch } = this.#control
    const last = this.#batches.at(-1)
    if (last?.epoch === epoch) last.actions.push(action)
    else this.#batches.push({ epoch, actions: [action] })
  }

  /** Librarian: runs, in their order, the actions that nobody inside can notice any more; tells how many. */
  reclaim(): number {
    const batches = this.#batches
    if (batches.length === 0) return 0
    // What an action retires waits for the next time.
    const now = this.#advance()
    let count = 0
    for (let batch = batches[0]; batch !== undefined && batch.epoch !== now && this.#isLeft(batch.epoch); batch = batches[0]) {
      batches.shift()
      for (const action of batch.actions) action()
      count += batch.actions.length
    }
    return count
  }

  /** How many actions wait. */
  get waiting(): number {
    return this.#batches.reduce((count, batch) => count + batch.actions.length, 0)
  }

  /** Those who enter from now on are not waited for. Once for all that was retired since the last time: every step is a miss in each worker's cache. */
  #advance(): number {
    const { epoch } = this.#control
    if (this.#batches.at(-1)?.epoch !== epoch) return epoch
    const next = (epoch + STEP) | 0
    this.#control.epoch = next
    return next
  }

  #isLeft(epoch: number): boolean {
    const control = this.#control
    for (let participant = 0; participant < control.participants; participant++) {
      const active = control.active(participant)
      if (active !== IDLE && !isAfter(active, epoch | ENTERED)) return false
    }
    return true
  }
}
