/** The words that steer all participants, and those of each. The numbers wrap round: compare them with `isAfter`. */
import { GLOBAL_LINES, LINE_WORDS, type SharedMemory } from './memory.ts'

const HEAD = 0
const SETTLED: number = LINE_WORDS
const SEQUENCE: number = 2 * LINE_WORDS
const EPOCH: number = 3 * LINE_WORDS

/** Of a participant's line. */
const ACTIVE: number = GLOBAL_LINES * LINE_WORDS
const OLDEST_FLIGHT: number = ACTIVE + 1
const ALIVE: number = ACTIVE + 2

export class Control {
  readonly participants: number
  readonly #words: Int32Array

  constructor(memory: SharedMemory) {
    this.participants = memory.participants
    this.#words = new Int32Array(memory.control)
  }

  /** Position of the last invalidation that is in force. The librarian stores it once the entry is posted to all. */
  get head(): number {
    return Atomics.load(this.#words, HEAD)
  }

  set head(position: number) {
    Atomics.store(this.#words, HEAD, position)
  }

  /** Position up to which invalidations have been carried out on everything stored. */
  get settled(): number {
    return Atomics.load(this.#words, SETTLED)
  }

  set settled(position: number) {
    Atomics.store(this.#words, SETTLED, position)
  }

  /** The number that `next` gave out last; 0 before the first. */
  get sequence(): number {
    return Atomics.load(this.#words, SEQUENCE)
  }

  /** A number that nobody else gets; never 0. */
  next(): number {
    const next = (Atomics.add(this.#words, SEQUENCE, 1) + 1) | 0
    return next === 0 ? this.next() : next
  }

  /** See `Epochs`, whose words this and `active` are. */
  get epoch(): number {
    return Atomics.load(this.#words, EPOCH)
  }

  set epoch(epoch: number) {
    Atomics.store(this.#words, EPOCH, epoch)
  }

  active(participant: number): number {
    return Atomics.load(this.#words, ACTIVE + participant * LINE_WORDS)
  }

  setActive(participant: number, epoch: number): void {
    Atomics.store(this.#words, ACTIVE + participant * LINE_WORDS, epoch)
  }

  /** Position at which the oldest fetch under way began, as its worker says; what it says when there is none is the caller's. */
  oldestFlight(participant: number): number {
    return Atomics.load(this.#words, OLDEST_FLIGHT + participant * LINE_WORDS)
  }

  setOldestFlight(participant: number, position: number): void {
    Atomics.store(this.#words, OLDEST_FLIGHT + participant * LINE_WORDS, position)
  }

  alive(participant: number): boolean {
    return Atomics.load(this.#words, ALIVE + participant * LINE_WORDS) !== 0
  }

  setAlive(participant: number, alive: boolean): void {
    Atomics.store(this.#words, ALIVE + participant * LINE_WORDS, alive ? 1 : 0)
  }
}
