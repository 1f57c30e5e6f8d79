/**
 * The shared table: entries of 64 bytes in chains that begin in buckets.
 *
 * An entry is FREE (the librarian's), HANDED (a worker may fill it), LIVE (it answers) or DEAD. Anyone links and kills; the librarian alone takes
 * an entry out of its chain and, when all have left (`Epochs`), gives it a new generation and hands it out again. Until then its `next` stays as
 * it is, for those who stand on it. Who remembered an entry from before it entered compares the generation first.
 *
 * The version of a bucket is read before its chain is walked: while it is the same, so is what the walk found. It is raised after the change.
 * Between the two there is no call and no loop, so that a worker that is terminated has done both or neither.
 */
import { BUCKET_WORDS, ENTRY_WORDS, type SharedMemory } from './memory.ts'

export const FREE = 0
export const HANDED = 1
export const LIVE = 2
export const DEAD = 3

/** Who comes after it in the chain. */
const NEXT = 0
/** Of the key: says the bucket. Fixed while it is linked, as are `SIZE`, `OWNER` and `SEQUENCE`: what a walk finds may be read without atomics. */
const HASH = 1
const STATE = 2
/** Changes with every use, so that who remembers an entry can tell that it is another. */
const GENERATION = 3
/** Of the record, in units. Compaction changes it. */
const ADDRESS = 4
/** Bytes of the record. */
const SIZE = 5
/** The buffer of a body that is not in the record; 0 for none. */
const LARGE = 6
/** Position of the invalidation log against which it has been tested. */
const CHECKED = 7
/** When it was used last. */
const USED = 8
const HITS = 9
/** The participant that filled it. */
const OWNER = 10
const SEQUENCE = 11
/** The librarian has it in its books. */
const NOTICED = 12
/** When a refresh may be tried again, and how often it failed: see `setPostponed`. */
const POSTPONED = 13
/** A Float64, on words 14 and 15. One aligned store on the machines that Node runs on. */
const TTL = 7

const FIRST = 0
const VERSION = 1

export class Entries {
  /** Numbered from 1. */
  readonly count: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #chains: Int32Array
  readonly #mask: number

  constructor(memory: SharedMemory) {
    this.count = memory.entries
    this.#words = new Int32Array(memory.table)
    this.#doubles = new Float64Array(memory.table)
    this.#chains = new Int32Array(memory.chains)
    this.#mask = memory.buckets - 1
  }

  bucketOf(hash: number): number {
    return hash & this.#mask
  }

  version(bucket: number): number {
    return Atomics.load(this.#chains, bucket * BUCKET_WORDS + VERSION)
  }

  /** Something about what is under it changed. */
  touchVersion(bucket: number): void {
    Atomics.add(this.#chains, bucket * BUCKET_WORDS + VERSION, 1)
  }

  /** 0 ends a chain. */
  first(bucket: number): number {
    return Atomics.load(this.#chains, bucket * BUCKET_WORDS + FIRST)
  }

  next(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + NEXT)
  }

  /** Puts an entry, filled and LIVE, at the head of its chain. */
  link(entry: number): void {
    const words = this.#words
    const chains = this.#chains
    const bucket = this.bucketOf(this.hash(entry)) * BUCKET_WORDS
    let first = Atomics.load(chains, bucket + FIRST)
    for (;;) {
      Atomics.store(words, entry * ENTRY_WORDS + NEXT, first)
      const found = Atomics.compareExchange(chains, bucket + FIRST, first, entry)
      if (found === first) break
      first = found
    }
    Atomics.add(chains, bucket + VERSION, 1)
  }

  /** `true`: it was live, and this call ended that. */
  kill(entry: number): boolean {
    const chains = this.#chains
    const bucket = this.bucketOf(this.hash(entry)) * BUCKET_WORDS
    if (Atomics.compareExchange(this.#words, entry * ENTRY_WORDS + STATE, LIVE, DEAD) !== LIVE) return false
    Atomics.add(chains, bucket + VERSION, 1)
    return true
  }

  /**
   * Librarian: takes an entry out of its chain; others may link at its head meanwhile. `false`: it is not in there. The worker that announced it may
   * be about to link it, so it is not to be given back yet, unless that worker is dead.
   */
  unlink(entry: number): boolean {
    const chains = this.#chains
    const bucket = this.bucketOf(this.hash(entry))
    const place = bucket * BUCKET_WORDS + FIRST
    // What follows an entry is read only once it is seen to be linked; from then on nobody else changes it.
    if (Atomics.load(chains, place) === entry && Atomics.compareExchange(chains, place, entry, this.next(entry)) === entry) return true
    for (let before = Atomics.load(chains, place); before !== 0; before = this.next(before)) {
      if (this.next(before) !== entry) continue
      Atomics.store(this.#words, before * ENTRY_WORDS + NEXT, this.next(entry))
      return true
    }
    return false
  }

  isLive(entry: number): boolean {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + STATE) === LIVE
  }

  state(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + STATE)
  }

  /** FREE, HANDED or LIVE; an entry dies by `kill`. */
  setState(entry: number, state: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + STATE, state)
  }

  generation(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + GENERATION)
  }

  /** Librarian: nobody can reach it any more; whoever remembers it shall know. Frees it. */
  renew(entry: number): void {
    Atomics.add(this.#words, entry * ENTRY_WORDS + GENERATION, 1)
    Atomics.store(this.#words, entry * ENTRY_WORDS + STATE, FREE)
  }

  hash(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + HASH] as number
  }

  setHash(entry: number, hash: number): void {
    this.#words[entry * ENTRY_WORDS + HASH] = hash
  }

  address(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + ADDRESS)
  }

  setAddress(entry: number, address: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + ADDRESS, address)
  }

  size(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + SIZE] as number
  }

  setSize(entry: number, size: number): void {
    this.#words[entry * ENTRY_WORDS + SIZE] = size
  }

  large(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + LARGE)
  }

  setLarge(entry: number, large: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + LARGE, large)
  }

  checked(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + CHECKED)
  }

  setChecked(entry: number, position: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + CHECKED, position)
  }

  used(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + USED)
  }

  setUsed(entry: number, when: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + USED, when)
  }

  hits(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + HITS)
  }

  setHits(entry: number, hits: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + HITS, hits)
  }

  addHits(entry: number, hits: number): void {
    Atomics.add(this.#words, entry * ENTRY_WORDS + HITS, hits)
  }

  owner(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + OWNER] as number
  }

  setOwner(entry: number, participant: number): void {
    this.#words[entry * ENTRY_WORDS + OWNER] = participant
  }

  sequence(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + SEQUENCE] as number
  }

  setSequence(entry: number, sequence: number): void {
    this.#words[entry * ENTRY_WORDS + SEQUENCE] = sequence
  }

  noticed(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + NOTICED)
  }

  setNoticed(entry: number, noticed: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + NOTICED, noticed)
  }

  /** As its worker put it; 0: no refresh failed. */
  postponed(entry: number): number {
    return Atomics.load(this.#words, entry * ENTRY_WORDS + POSTPONED)
  }

  setPostponed(entry: number, word: number): void {
    Atomics.store(this.#words, entry * ENTRY_WORDS + POSTPONED, word)
  }

  ttl(entry: number): number {
    return this.#doubles[(entry * ENTRY_WORDS) / 2 + TTL] as number
  }

  setTtl(entry: number, ttl: number): void {
    this.#doubles[(entry * ENTRY_WORDS) / 2 + TTL] = ttl
  }
}
