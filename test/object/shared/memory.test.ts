import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { BLOCK, createSharedMemory } from '../../../src/object/shared/memory.ts'

const MIB = 1024 * 1024

describe('shared memory', () => {
  it('has an entry for 512 bytes, and half as many buckets, rounded up to a power of two', () => {
    const memory = createSharedMemory({ bytes: 3 * MIB, workers: 2 })
    expect(memory.participants).toBe(3)
    expect(memory.entries).toBe(6144)
    expect(memory.buckets).toBe(4096)
    expect(memory.blocks).toBe(12)
    expect(createSharedMemory({ bytes: 1, workers: 1 }).entries).toBe(1024)
    expect(createSharedMemory({ bytes: MIB, workers: 1, entries: 5 }).buckets).toBe(4)
  })

  it('has a block for each participant, however small it is', () => {
    expect(createSharedMemory({ bytes: 1, workers: 4 }).blocks).toBe(5)
  })

  it('lies in arenas of whole blocks, at most 1 GiB each', () => {
    const memory = createSharedMemory({ bytes: 2560 * MIB, workers: 2 })
    expect(memory.arenas.map((arena) => arena.byteLength)).toEqual([1024 * MIB, 1024 * MIB, 512 * MIB + BLOCK])
    expect(memory.entries).toBe(5 * MIB)
  })

  it('takes no memory before it is used', () => {
    // In a process of its own: what other tests have left behind in this one comes and goes meanwhile.
    const taken = `
      import { createSharedMemory } from ${JSON.stringify(new URL('../../../src/object/shared/memory.ts', import.meta.url).href)}
      const before = process.memoryUsage.rss()
      const memory = createSharedMemory({ bytes: ${2560 * MIB}, workers: 2 })
      console.log(process.memoryUsage.rss() - before, memory.blocks)
    `
    const [bytes, blocks] = execFileSync(process.execPath, ['--input-type=module', '--eval', taken], { encoding: 'utf8' }).split(' ')
    expect(Number(blocks)).toBe(10_240)
    expect(Number(bytes)).toBeLessThan(64 * MIB)
  })

  it('refuses what its layout cannot hold', () => {
    const refused = [
      { bytes: MIB, workers: 0 },
      { bytes: MIB, workers: 65 },
      { bytes: MIB, workers: 1.5 },
      { bytes: 128 * 1024 * MIB, workers: 2 },
      { bytes: Number.NaN, workers: 2 },
      { bytes: MIB, workers: 2, entries: 0 },
      { bytes: MIB, workers: 2, claims: 48 },
      { bytes: MIB, workers: 2, claims: 4 },
    ]
    for (const init of refused) expect(() => createSharedMemory(init)).toThrow(RangeError)
  })

  it('has another seed each time, or the one that is given', () => {
    const seeds = new Set(Array.from({ length: 8 }, () => createSharedMemory({ bytes: 1, workers: 1 }).seed))
    expect(seeds.size).toBeGreaterThan(1)
    expect(createSharedMemory({ bytes: 1, workers: 1, seed: 7 }).seed).toBe(7)
  })
})
