/**
 * Keys that left a while ago, four bytes each: who comes back in time is known. A stranger may be taken for one of them, hardly ever, and one
 * is forgotten when another falls on its place; neither does harm.
 */

/** Bits of a word that tell when it was written; those above are of the key's hash. */
const WHEN_BITS = 12
const WHEN = 2 ** WHEN_BITS - 1
/** Parts into which the time is cut in which as many leave as there are words. */
const PARTS_BITS = 10
const FEWEST_BITS = 10
const MOST_BITS = 26

export class Departed {
  #words = new Uint32Array(0)
  #bits = 0
  /** How many have left. */
  #left = 0

  /** A key leaves. `entries`: for how many there is room; when that has doubled, those who left before are forgotten. */
  add(key: string, entries: number): void {
    const bits = Math.min(MOST_BITS, Math.max(FEWEST_BITS, Math.ceil(Math.log2(entries))))
    if (bits > this.#bits) {
      this.#bits = bits
      this.#words = new Uint32Array(2 ** bits)
    }
    const hash = hashOf(key)
    this.#words[hash & (this.#words.length - 1)] = (hash & ~WHEN) | this.#part
    this.#left++
  }

  /** Whether it left, and not more than `entries` have left since. */
  knows(key: string, entries: number): boolean {
    if (this.#bits === 0) return false
    const hash = hashOf(key)
    const word = this.#words[hash & (this.#words.length - 1)] as number
    if (((word ^ hash) & ~WHEN) !== 0) return false
    return ((this.#part - word) & WHEN) <= entries / 2 ** (this.#bits - PARTS_BITS)
  }

  /** Of the time, which is counted in those who leave. */
  get #part(): number {
    return Math.floor(this.#left / 2 ** (this.#bits - PARTS_BITS)) & WHEN
  }
}

/** 32 bits: FNV-1a over the characters, mixed by the end of MurmurHash3 (both public domain). */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
