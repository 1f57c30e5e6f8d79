import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { SharedGarbage } from '../../../src/object/shared/shared-garbage.ts'

const MIB = 1024 * 1024

/** The most MiB that were let go of and not collected, of 400. */
async function mostWaiting(bearable: number): Promise<number> {
  const garbage = new SharedGarbage(bearable)
  let waiting = 0
  let most = 0
  const registry = new FinalizationRegistry<void>(() => void waiting--)
  for (let i = 0; i < 400; i++) {
    registry.register(new SharedArrayBuffer(MIB), undefined)
    most = Math.max(most, ++waiting)
    garbage.add(MIB)
    // Marking is done in steps between tasks, and what was found is told in one.
    for (let turns = 0; turns < 50; turns++) await turn()
  }
  return most
}

it('makes collections come for memory that V8 does not count, the sooner the less may wait', async () => {
  const [much, little] = [await mostWaiting(64 * MIB), await mostWaiting(8 * MIB)]
  expect(much).toBeLessThan(200)
  expect(little).toBeLessThan(much)
})

it('holds nothing for what is little', () => {
  const garbage = new SharedGarbage(32 * MIB)
  for (let i = 0; i < 31; i++) garbage.add(MIB)
  expect(garbage.standing).toBe(0)
  garbage.add(MIB)
  expect(garbage.standing).toBe(65 * MIB)
})
