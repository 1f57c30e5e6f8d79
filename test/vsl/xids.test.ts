import { expect, it } from 'vitest'
import { LARGEST_XID, sharedXids, Xids } from '../../src/vsl/xids.ts'

it('gives one number after the other, from 1 or from what was set', () => {
  const xids = new Xids()
  expect([xids.next(), xids.next()]).toEqual([1, 2])
  xids.set(1000)
  expect([xids.upcoming, xids.next(), xids.next(), xids.upcoming]).toEqual([1000, 1000, 1001, 1002])
  xids.set(LARGEST_XID)
  expect(xids.next()).toBe(LARGEST_XID)
})

it('gives no number twice where threads share, each of which takes blocks', () => {
  const memory = sharedXids()
  const threads = [new Xids(memory), new Xids(memory), new Xids(memory)]
  const seen = new Set<number>()
  for (let i = 0; i < 100_000; i++) for (const xids of threads) seen.add(xids.next())
  expect(seen.size).toBe(300_000)
  expect([...seen].slice(0, 6)).toEqual([1, 32_769, 65_537, 2, 32_770, 65_538])
})

it('lets all threads begin anew when one sets it', () => {
  const memory = sharedXids()
  const [supervisor, first, second] = [new Xids(memory), new Xids(memory), new Xids(memory)] as const
  first.next()
  second.next()
  supervisor.set(1000)
  expect(supervisor.upcoming).toBe(1000)
  expect([second.next(), first.next(), second.next()]).toEqual([1000, 33_768, 1001])
})
