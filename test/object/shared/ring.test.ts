import { describe, expect, it } from 'vitest'
import { createSharedMemory, NOTICES, RING_HEAD_WORDS, SPARE_BLOCKS, SPARE_ENTRIES } from '../../../src/object/shared/memory.ts'
import { noticesOf, Ring, spareBlocksOf, spareEntriesOf } from '../../../src/object/shared/ring.ts'
import fc from '../../support/properties.ts'

const ring = (capacity: number, count = 0): Ring => {
  const words = new Int32Array(RING_HEAD_WORDS + capacity)
  words[0] = words[RING_HEAD_WORDS / 2] = count
  return new Ring(words, capacity)
}

describe('a ring', () => {
  it('gives values in order, refuses one when full, and gives 0 when empty', () => {
    const values = ring(4)
    expect(values.shift()).toBe(0)
    expect([1, -2, 3, 4, 5].map((value) => values.push(value))).toEqual([true, true, true, true, false])
    expect([values.length, values.free]).toEqual([4, 0])
    expect([values.shift(), values.shift()]).toEqual([1, -2])
    expect(values.push(6)).toBe(true)
    expect([values.shift(), values.shift(), values.shift(), values.shift()]).toEqual([3, 4, 6, 0])
  })

  it('is a queue, also where its counts wrap round', () => {
    const step = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: 0, freq: 3 })
    fc.assert(
      fc.property(fc.constantFrom(0, 2 ** 31 - 3, -3), fc.array(step, { maxLength: 100 }), (count, steps) => {
        const values = ring(8, count)
        const model: number[] = []
        for (const value of steps) {
          if (value === 0) expect(values.shift()).toBe(model.shift() ?? 0)
          else if (values.push(value)) model.push(value)
          else expect(model.length).toBe(8)
          expect([values.length, values.free]).toEqual([model.length, 8 - model.length])
        }
      }),
    )
  })

  it('is empty after a reset', () => {
    const values = ring(4)
    values.push(1)
    values.reset()
    expect([values.shift(), values.length, values.free]).toEqual([0, 0, 4])
  })
})

describe('the rings of the workers', () => {
  it('do not overlap, and are the same for all who look at them', () => {
    const memory = createSharedMemory({ bytes: 1, workers: 3 })
    const rings = () => [1, 2, 3].flatMap((p) => [spareEntriesOf(memory, p), spareBlocksOf(memory, p), noticesOf(memory, p)])
    const mine = rings()
    expect(mine.slice(0, 3).map(({ capacity }) => capacity)).toEqual([SPARE_ENTRIES, SPARE_BLOCKS, NOTICES])
    mine.forEach((values, at) => {
      while (values.push(at + 1));
    })
    rings().forEach((values, at) => {
      expect(values.length).toBe(values.capacity)
      for (let left = values.capacity; left > 0; left--) if (values.shift() !== at + 1) expect.fail(`ring ${at} holds what is not its own`)
      expect(values.shift()).toBe(0)
    })
  })
})
