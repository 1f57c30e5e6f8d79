/**
 * What threads keep beside their buckets when other nodes count in equal ones: how many tokens this node took, how many of them the others know of,
 * and which buckets have something to tell. One thread of the process tells it (`FleetBuckets`), all of them count.
 *
 * A node may be ahead of what the others know by its share only: what is left of the limit, and a slack, over the nodes. So all nodes together
 * never let through more than the limit and the slack, whatever they let through at the same moment. The slack is a fifth of the limit, or a token
 * for each other node where that is more: else nobody might take the last tokens of a small limit.
 */
import type { BucketRule } from './buckets.ts'

/** Of the limit. */
export const SLACK = 0.2

/** A bucket: Int32 taken, told, known, limit, marks; one is free; Float64 nanoseconds of the period. */
const WORDS = 8
const BYTES = WORDS * 4
const TAKEN = 0
const TOLD = 1
const KNOWN = 2
const LIMIT = 3
const MARKS = 4
const PERIOD = 3

/** What happened to a bucket beside tokens. */
export const BLOCKED = 1
export const REMOVED = 2

/** Before the buckets: Int32 nodes, pressed, declared; one is free; then a bit for each bucket that has something to tell. */
const NODES = 0
const PRESSED = 1
const DECLARED = 2
const HEAD = 4

export class FleetCells {
  readonly #head: Int32Array
  readonly #dirty: Int32Array
  readonly #counts: Int32Array
  readonly #periods: Float64Array

  /** `buckets`: how many there are. */
  constructor(memory: SharedArrayBuffer, buckets: number) {
    const words = bitWords(buckets)
    this.#head = new Int32Array(memory, 0, HEAD)
    this.#dirty = new Int32Array(memory, HEAD * 4, words)
    const start = (HEAD + words) * 4
    this.#counts = new Int32Array(memory, start, buckets * WORDS)
    this.#periods = new Float64Array(memory, start, buckets * (BYTES / 8))
  }

  static bytes(buckets: number): number {
    return (HEAD + bitWords(buckets)) * 4 + buckets * BYTES
  }

  /** Nodes that count together, this one included. */
  get nodes(): number {
    return Math.max(1, Atomics.load(this.#head, NODES))
  }

  set nodes(nodes: number) {
    Atomics.store(this.#head, NODES, nodes)
  }

  /** Whether a token may be taken before the others know of those that were. `debt`: nanoseconds of it already. */
  admits(at: number, { limit, period, step }: BucketRule, debt: bigint): boolean {
    const nodes = Atomics.load(this.#head, NODES)
    if (nodes <= 1) return true
    const ahead = this.#ahead(at)
    const left = Number(period - debt) / Number(step) + ahead
    const share = (left + Math.max(SLACK * limit, nodes - 1)) / nodes
    const next = ahead + 1
    if (next * 2 > share) this.#press()
    return next <= share
  }

  took(at: number, rule: BucketRule, tokens: 1 | -1): void {
    this.#rule(at, rule)
    Atomics.add(this.#counts, at * WORDS + TAKEN, tokens)
    this.#touch(at)
  }

  /** `mark`: `BLOCKED`, `REMOVED`. */
  mark(at: number, mark: number): void {
    Atomics.or(this.#counts, at * WORDS + MARKS, mark)
    this.#touch(at)
  }

  /** Another key has this bucket from now on. */
  begin(at: number, rule: BucketRule): void {
    this.#rule(at, rule)
    const taken = Atomics.load(this.#counts, at * WORDS + TAKEN)
    Atomics.store(this.#counts, at * WORDS + TOLD, taken)
    Atomics.store(this.#counts, at * WORDS + KNOWN, taken)
    Atomics.store(this.#counts, at * WORDS + MARKS, 0)
  }

  /** Buckets that have something to tell, at most so many; then they have nothing any more. */
  drain(most: number): number[] {
    const found: number[] = []
    for (let word = 0; word < this.#dirty.length && found.length < most; word++) {
      if (this.#dirty[word] === 0) continue
      const bits = Atomics.exchange(this.#dirty, word, 0)
      for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) found.push(word * 32 + bit)
    }
    return found
  }

  /** Tokens, and marks, since the last call. */
  tell(at: number): { readonly tokens: number; readonly marks: number; readonly taken: number } {
    const marks = Atomics.exchange(this.#counts, at * WORDS + MARKS, 0)
    const taken = Atomics.load(this.#counts, at * WORDS + TAKEN)
    const tokens = (taken - Atomics.exchange(this.#counts, at * WORDS + TOLD, taken)) | 0
    return { tokens, marks, taken }
  }

  rule(at: number): { readonly limit: number; readonly period: bigint } {
    return { limit: this.#counts[at * WORDS + LIMIT] as number, period: BigInt(this.#periods[at * (BYTES / 8) + PERIOD] as number) }
  }

  /** All others know of what had been taken when `taken` was told. */
  know(at: number, taken: number): void {
    Atomics.store(this.#counts, at * WORDS + KNOWN, taken)
  }

  /** Resolves when some bucket is about to need that the others know of it; `null`: that is so already. */
  pressed(): Promise<unknown> | null {
    const waiting = Atomics.waitAsync(this.#head, PRESSED, 0)
    return waiting.async ? waiting.value : null
  }

  /** Whether some policy of this node limits anything. It stays so. */
  get isDeclared(): boolean {
    return Atomics.load(this.#head, DECLARED) !== 0
  }

  /** Some policy does: the other nodes are going to be told. */
  declare(): void {
    if (Atomics.exchange(this.#head, DECLARED, 1) === 0) this.#press()
  }

  get isPressed(): boolean {
    return Atomics.load(this.#head, PRESSED) !== 0
  }

  relax(): void {
    Atomics.store(this.#head, PRESSED, 0)
  }

  /** Wakes whoever waits for `pressed`. */
  wake(): void {
    Atomics.notify(this.#head, PRESSED)
  }

  #ahead(at: number): number {
    const ahead = (Atomics.load(this.#counts, at * WORDS + TAKEN) - Atomics.load(this.#counts, at * WORDS + KNOWN)) | 0
    return ahead > 0 ? ahead : 0
  }

  /** It has something to tell. Whoever takes counts first, so that what is looked at after the bit is gone has all that came before. */
  #touch(at: number): void {
    const bit = 1 << (at & 31)
    if ((Atomics.load(this.#dirty, at >>> 5) & bit) === 0) Atomics.or(this.#dirty, at >>> 5, bit)
  }

  /** The common bucket of a group has that of the last key. */
  #rule(at: number, { limit, period }: BucketRule): void {
    this.#counts[at * WORDS + LIMIT] = limit
    this.#periods[at * (BYTES / 8) + PERIOD] = Number(period)
  }

  #press(): void {
    if (Atomics.exchange(this.#head, PRESSED, 1) === 0) this.wake()
  }
}

/** An even number: what lies behind them is aligned. */
function bitWords(buckets: number): number {
  return Math.ceil(buckets / 64) * 2
}
