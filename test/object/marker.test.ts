import { expect, test } from 'vitest'
import { marker, rig } from './things.ts'

test('a refusal is where it was remembered, in no other place, and nowhere once it was purged', () => {
  const { table: here } = rig()
  const refusal = marker()
  expect(refusal.isAt('k', ['a'], 'a=1')).toBe(false)
  here.remember('k', ['a'], 'a=1', refusal)
  expect(refusal.isAt('k', ['a'], 'a=1')).toBe(true)
  expect(refusal.isAt('other', ['a'], 'a=1')).toBe(false)
  expect(refusal.isAt('k', ['a', 'b'], 'a=1')).toBe(false)
  expect(refusal.isAt('k', ['a'], 'a=2')).toBe(false)
  here.purge('k', false)
  expect(refusal.isAt('k', ['a'], 'a=1')).toBe(false)
})

test('one of the same type until nearly the same moment says the same', () => {
  const refusal = marker({ until: 120_000 })
  expect(refusal.says('hitForMiss', 120_999)).toBe(true)
  expect(refusal.says('hitForMiss', 119_001)).toBe(true)
  expect(refusal.says('hitForMiss', 121_000)).toBe(false)
  expect(refusal.says('hitForPass', 120_000)).toBe(false)
})
