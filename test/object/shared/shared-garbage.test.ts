import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { SharedGarbage } from '../../../src/object/shared/shared-garbage.ts'

const MIB = 1024 * 1024

it('makes collections come for memory that V8 does not count', async () => {
  const garbage = new SharedGarbage()
  const gone: number[] = []
  const registry = new FinalizationRegistry<number>((i) => void gone.push(i))
  for (let i = 0; i < 4000 && gone.length < 100; i++) {
    registry.register(new SharedArrayBuffer(MIB), i)
    garbage.add(MIB)
    await turn()
  }
  expect(gone.length).toBeGreaterThanOrEqual(100)
  expect(garbage.standing).toBeLessThan(1024 * MIB)
})

it('holds nothing for what is little', () => {
  const garbage = new SharedGarbage()
  for (let i = 0; i < 31; i++) garbage.add(MIB)
  expect(garbage.standing).toBe(0)
  garbage.add(MIB)
  expect(garbage.standing).toBe(32 * MIB)
})
