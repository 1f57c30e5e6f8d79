import { describe, expect, it } from 'vitest'
import { Appender } from '../../../src/object/shared/appender.ts'
import { Arena } from '../../../src/object/shared/arena.ts'
import { BLOCK, createSharedMemory, UNIT } from '../../../src/object/shared/memory.ts'
import fc from '../../support/properties.ts'

const MIB = 1024 * 1024

/** An appender over so many spare blocks, and the blocks that it sealed. */
function appender(blocks: number): { readonly arena: Arena; readonly own: Appender; readonly sealed: number[]; give(block: number): void } {
  const arena = new Arena(createSharedMemory({ bytes: 8 * BLOCK, workers: 1 }))
  const spare = Array.from({ length: blocks }, (_, at) => at + 1)
  const sealed: number[] = []
  const own = new Appender(arena, { shift: () => spare.shift() ?? 0 }, (block) => sealed.push(block))
  return { arena, own, sealed, give: (block) => spare.push(block) }
}

describe('the arena', () => {
  it('shows the same bytes to all', () => {
    const memory = createSharedMemory({ bytes: 8 * BLOCK, workers: 1 })
    const [one, other] = [new Arena(memory), new Arena(memory)]
    const address = one.addressOf(8) + 3
    one.bufferAt(address).write('héllo', one.offsetAt(address), 'latin1')
    expect(other.bufferAt(address).toString('latin1', other.offsetAt(address), other.offsetAt(address) + 5)).toBe('héllo')
    expect(other.blockOf(address)).toBe(8)
  })

  it('goes on in the next buffer after 1 GiB', () => {
    const arena = new Arena(createSharedMemory({ bytes: 1025 * MIB, workers: 1 }))
    expect(arena.blocks).toBe(4100)
    const last = arena.addressOf(4095)
    const next = arena.addressOf(4096)
    expect(arena.bufferAt(last)).not.toBe(arena.bufferAt(next))
    expect([arena.offsetAt(last), arena.offsetAt(next)]).toEqual([1024 * MIB - BLOCK, 0])
    expect(arena.blockOf(next - 1)).toBe(4095)
    const end = arena.addressOf(4100)
    expect(arena.offsetAt(end) + BLOCK).toBe(arena.bufferAt(end).length)
  })

  it('has addresses up to 128 GiB that are positive', () => {
    const arena = new Arena(createSharedMemory({ bytes: 1, workers: 1 }))
    const address = arena.addressOf(2 ** 19 - 1) + BLOCK / UNIT - 1
    expect(address).toBe(2 ** 31 - 1)
    expect(arena.blockOf(address)).toBe(2 ** 19 - 1)
  })
})

describe('an appender', () => {
  it('puts one record after the other, at whole units', () => {
    const { arena, own } = appender(1)
    expect(own.block).toBe(0)
    const first = own.take(1)
    expect(first).toBe(arena.addressOf(1))
    expect(own.block).toBe(1)
    expect(own.take(65)).toBe(first + 1)
    expect(own.take(64)).toBe(first + 3)
    expect(own.take(1)).toBe(first + 4)
  })

  it('fills a block to its end, then seals it and opens the next', () => {
    const { arena, own, sealed } = appender(2)
    own.take(BLOCK - UNIT)
    own.take(UNIT)
    expect(sealed).toEqual([])
    expect(own.take(BLOCK)).toBe(arena.addressOf(2))
    expect(sealed).toEqual([1])
    expect(own.block).toBe(2)
  })

  it('has no room without a spare block, but for what fits into the open one', () => {
    const { arena, own, sealed, give } = appender(0)
    expect(own.take(1)).toBe(0)
    give(5)
    expect(own.take(BLOCK / 2)).toBe(arena.addressOf(5))
    expect(own.take(BLOCK)).toBe(0)
    expect(sealed).toEqual([])
    expect(own.take(BLOCK / 2)).toBeGreaterThan(0)
    expect(own.take(1)).toBe(0)
    give(6)
    expect(own.take(BLOCK + 1)).toBe(0)
    expect(own.take(1)).toBe(arena.addressOf(6))
    expect(sealed).toEqual([5])
  })

  it('never gives the same byte twice, nor one beyond a block', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: BLOCK })), { maxLength: 60 }), (sizes) => {
        const { arena, own } = appender(8)
        let end = 0
        for (const size of sizes) {
          const address = own.take(size)
          if (address === 0) continue
          expect(address).toBeGreaterThanOrEqual(end)
          end = address + Math.ceil(size / UNIT)
          expect(arena.blockOf(address)).toBe(arena.blockOf(end - 1))
        }
      }),
    )
  })
})
