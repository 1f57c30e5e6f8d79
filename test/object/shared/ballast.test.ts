import { expect, it } from 'vitest'
import { Ballast } from '../../../src/object/shared/ballast.ts'

it('is counted by V8 as if it were there, and takes no memory', () => {
  const ballast = new Ballast({ blocks: 256 })
  const before = process.memoryUsage()
  const held = Array.from({ length: 2000 }, () => ballast.for(100_000))
  const after = process.memoryUsage()
  expect(after.external - before.external).toBeGreaterThan(190_000_000)
  expect(after.rss - before.rss).toBeLessThan(50_000_000)
  expect(held).not.toContain(null)
})

it('has few pieces however many bodies there are, and one that fits for each large one', () => {
  const ballast = new Ballast({ blocks: 256 })
  const small = new Set(Array.from({ length: 1000 }, () => ballast.for(20_000)))
  expect(small.size).toBeLessThan(50)
  expect(ballast.for(50_000_000)?.byteLength).toBeGreaterThanOrEqual(50_000_000)
})
