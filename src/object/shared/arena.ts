/** The blocks that records lie in, as buffers over shared memory. An address counts units from the beginning of block 0, which is never used. */
import { BLOCK, BLOCKS_PER_ARENA, type SharedMemory, UNIT } from './memory.ts'

const UNITS_PER_BLOCK: number = BLOCK / UNIT
/** Powers of two, as shifts. */
const BLOCK_SHIFT: number = Math.log2(UNITS_PER_BLOCK)
const ARENA_SHIFT: number = Math.log2(UNITS_PER_BLOCK * BLOCKS_PER_ARENA)
const IN_ARENA: number = UNITS_PER_BLOCK * BLOCKS_PER_ARENA - 1

export class Arena {
  /** Numbered from 1. */
  readonly blocks: number
  readonly #buffers: readonly Buffer[]

  constructor(memory: SharedMemory) {
    this.blocks = memory.blocks
    this.#buffers = memory.arenas.map((arena) => Buffer.from(arena))
  }

  /** The buffer in which an address lies, at `offsetAt`. A block lies in one buffer. */
  bufferAt(address: number): Buffer {
    return this.#buffers[address >>> ARENA_SHIFT] as Buffer
  }

  offsetAt(address: number): number {
    return (address & IN_ARENA) * UNIT
  }

  blockOf(address: number): number {
    return address >>> BLOCK_SHIFT
  }

  /** The address at which a block begins. */
  addressOf(block: number): number {
    return block << BLOCK_SHIFT
  }
}
