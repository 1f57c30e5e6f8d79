import { MemoryStore } from '../../src/storage/memory.ts'
import { storeContract } from '../object/store-contract.ts'

storeContract('the memory tier', (budget) => new MemoryStore(budget))
