/**
 * The memory that all participants of a process share, as plain data that structured clone carries to a worker: how large each part is, and how
 * it is laid out. Everything begins as zeros and nothing is written here, so that a page costs memory only when it is used.
 */
import { randomInt } from 'node:crypto'

/** Bytes of a block, which one participant fills with records. */
export const BLOCK: number = 256 * 1024
/** Bytes. Records begin at multiples of it; an address counts them, so that an Int32 reaches 128 GiB. */
export const UNIT = 64
/** The Int32 words of a cache line. What two threads write often lies on lines of its own. */
export const LINE_WORDS = 16
export const ENTRY_WORDS = 16
/** First entry and version. */
export const BUCKET_WORDS = 2
/** Claim cells are looked through in groups of so many. */
export const CLAIM_GROUP = 8
/** Lines of control words for all, in front of one line for each participant. */
export const GLOBAL_LINES = 4
/** The rings of a worker in their order, and how many values each holds. */
export const SPARE_ENTRIES = 4096
export const SPARE_BLOCKS = 64
export const NOTICES = 16_384
/** The words of a ring before its values: one line each for its head and its tail. */
export const RING_HEAD_WORDS: number = 2 * LINE_WORDS
export const RINGS_WORDS: number = 3 * RING_HEAD_WORDS + SPARE_ENTRIES + SPARE_BLOCKS + NOTICES

export const BLOCKS_PER_ARENA = 4096

const WORD = 4
const BYTES_PER_ENTRY = 512
const FEWEST_ENTRIES = 1024
const MOST_ENTRIES = 16 * 1024 * 1024
const MOST_BLOCKS = 2 ** 31 / (BLOCK / UNIT) - 1
const MOST_CLAIMS = 65_536
const MOST_WORKERS = 64

export interface SharedMemory {
  /** The librarian, who is 0, and the workers from 1. */
  readonly participants: number
  /** Numbered from 1; 0 means none. */
  readonly entries: number
  /** A power of two. */
  readonly buckets: number
  /** Numbered from 1; 0 means none. */
  readonly blocks: number
  /** A random Int32 that seeds hashes: nobody outside can choose a bucket. */
  readonly seed: number
  readonly control: SharedArrayBuffer
  readonly table: SharedArrayBuffer
  readonly chains: SharedArrayBuffer
  readonly claims: SharedArrayBuffer
  readonly rings: SharedArrayBuffer
  /** Whole blocks, at most 1 GiB each. The place of block 0 is never touched. */
  readonly arenas: readonly SharedArrayBuffer[]
}

export interface SharedMemoryInit {
  /** For records, taken as whole blocks; at least a block for each participant, at most 128 GiB. */
  readonly bytes: number
  /** 1 to 64. */
  readonly workers: number
  /** Default: one for 512 bytes, at least 1024 and at most 16 Mi. */
  readonly entries?: number
  /** Claim cells: a power of two, 8 to 65,536, which is the default. */
  readonly claims?: number
  readonly seed?: number
}

/** Throws a `RangeError` for what the layout cannot hold. */
export function createSharedMemory(init: SharedMemoryInit): SharedMemory {
  const { bytes, workers, claims = MOST_CLAIMS, seed = randomInt(-(2 ** 31), 2 ** 31 - 1) } = init
  const entries = init.entries ?? Math.min(Math.max(Math.floor(bytes / BYTES_PER_ENTRY), FEWEST_ENTRIES), MOST_ENTRIES)
  const participants = workers + 1
  const blocks = Math.max(Math.floor(bytes / BLOCK), participants)
  within('workers', workers, 1, MOST_WORKERS)
  within('entries', entries, 1, MOST_ENTRIES)
  within('blocks', blocks, 1, MOST_BLOCKS)
  within('claims', claims, CLAIM_GROUP, MOST_CLAIMS)
  if (claims !== powerOfTwo(claims)) throw new RangeError(`claims must be a power of two: ${claims}`)
  const buckets = powerOfTwo(entries / 2)
  return {
    participants,
    entries,
    buckets,
    blocks,
    seed: seed | 0,
    control: words((GLOBAL_LINES + participants) * LINE_WORDS),
    table: words((entries + 1) * ENTRY_WORDS),
    chains: words(buckets * BUCKET_WORDS),
    claims: words(claims),
    rings: words(workers * RINGS_WORDS),
    arenas: arenas(blocks + 1),
  }
}

function within(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`${name} must be ${least} to ${most}: ${value}`)
}

/** The least power of two that is not below `least`. */
function powerOfTwo(least: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(least)))
}

function words(count: number): SharedArrayBuffer {
  return new SharedArrayBuffer(count * WORD)
}

function arenas(blocks: number): SharedArrayBuffer[] {
  const list: SharedArrayBuffer[] = []
  for (let left = blocks; left > 0; left -= BLOCKS_PER_ARENA) list.push(new SharedArrayBuffer(Math.min(left, BLOCKS_PER_ARENA) * BLOCK))
  return list
}
