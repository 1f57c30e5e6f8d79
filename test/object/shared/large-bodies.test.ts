import { expect, it } from 'vitest'
import { FillBudget } from '../../../src/object/fill-budget.ts'
import { Filling } from '../../../src/object/filling.ts'
import { inSharedMemory, sharedBodies } from '../../../src/object/shared/large-bodies.ts'
import { SharedGarbage } from '../../../src/object/shared/shared-garbage.ts'
import type { StoredBody } from '../../../src/object/stored-body.ts'

const PIECE = Buffer.alloc(20_000, 'abc')

/** What is stored of a body that came in five pieces. */
function arrived(length: number | null, pieces: readonly Buffer[]): StoredBody {
  const stored: (StoredBody | null)[] = []
  const budget = new FillBudget(10_000_000, sharedBodies(new SharedGarbage(1_000_000)))
  const owner = { oversize: () => {}, deserted: () => {}, filled: (_end: unknown, body: StoredBody | null) => void stored.push(body) }
  const filling = new Filling(length, true, { keep: 10_000_000, window: 1000, budget }, owner)
  for (const piece of pieces) filling.chunk(piece)
  filling.end({ type: 'complete' })
  return stored[0] as StoredBody
}

it.each([
  ['known', 100_000],
  ['unknown', null],
] as const)('a large body whose length is %s lies where all threads can have it once it is here, and is copied no more', (_, length) => {
  const body = arrived(length, Array(5).fill(PIECE))
  expect(inSharedMemory(body)).toBe(body)
  expect(Buffer.concat(body.segments).equals(Buffer.concat(Array(5).fill(PIECE)))).toBe(true)
})

it('a small one does not: it is copied into a block', () => {
  expect(arrived(300, [PIECE.subarray(0, 300)]).segments.some(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(false)
})
