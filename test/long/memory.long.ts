/** As `test/workers/memory.test.ts`, with a budget of 256 MiB and 2 GiB that go through. */
import { expect, test } from 'vitest'
import { press } from '../workers/pressing.ts'

test('two gibibytes leave a process with two workers and 256 MiB for objects within bounds', async () => {
  const { peak, allowed, stored, pushed, objects } = await press(256)
  const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024)
  console.log(`memory: ${objects} objects of ${mib(pushed)} MiB, ${mib(stored)} MiB stored, ${mib(peak)} of ${mib(allowed)} MiB resident`)
  expect(stored).toBeLessThanOrEqual(256 * 1024 * 1024)
  expect(peak).toBeLessThanOrEqual(allowed)
})
