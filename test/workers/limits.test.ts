import { expect, it } from 'vitest'
import { resolveWorkers } from '../../src/config/resolve.ts'
import { heapLimits } from '../../src/workers/heap-limit.ts'

const GIB = 1024 ** 3

it('gives each worker its share of what the process may use beside its objects, within bounds', () => {
  expect(heapLimits(GIB, 3, 4 * GIB)).toMatchObject({ maxOldGenerationSizeMb: 768 })
  expect(heapLimits(GIB, 2, 64 * GIB)).toMatchObject({ maxOldGenerationSizeMb: 2000 })
  expect(heapLimits(2 * GIB, 8, GIB)).toMatchObject({ maxOldGenerationSizeMb: 192 })
})

it('runs a worker for each core when asked to, 64 at most', () => {
  expect([resolveWorkers('auto', 6), resolveWorkers('auto', 128), resolveWorkers(3, 6), resolveWorkers(undefined, 6)]).toEqual([
    6, 64, 3, 1,
  ])
})
