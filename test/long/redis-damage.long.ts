/** Ten thousand entries in Redis are damaged or forged under running servers: ten thousand misses, and nothing of them served (HARDENING 274, 275). */
import { expect, test } from 'vitest'
import { damageAll } from '../journey/redis-damaging.ts'

test('none of ten thousand entries is served that are not what was written', async () => {
  expect(await damageAll(500, 2)).toBe(10_000)
})
