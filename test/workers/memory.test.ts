import { expect, it } from 'vitest'
import { press } from './pressing.ts'

it('eight times the budget leaves the process within it, and a share for each thread', async () => {
  const { peak, allowed, supervisor, stored } = await press(64)
  expect(stored).toBeGreaterThan(16 * 1024 * 1024)
  expect(stored).toBeLessThanOrEqual(64 * 1024 * 1024)
  expect(peak).toBeLessThanOrEqual(allowed + supervisor)
}, 120_000)
