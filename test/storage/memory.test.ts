import { expect, it } from 'vitest'
import { MemoryStore } from '../../src/storage/memory.ts'
import { storeContract } from '../object/store-contract.ts'

storeContract('the memory tier', (budget) => new MemoryStore(budget))

it('uses the rows of what has left again', () => {
  const store = new MemoryStore(1000)
  const rows = Array.from({ length: 5000 }, (_, id) => {
    const entry = { id, key: '', bytes: 100, expiresAt: 0, place: -1, row: -1 }
    store.put(entry)
    return entry.row
  })
  expect(store.count).toBe(10)
  expect(Math.max(...rows)).toBeLessThanOrEqual(11)
})
