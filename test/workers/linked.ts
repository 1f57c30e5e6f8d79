/** What lies in memory that workers share, seen by nobody of them. */
import { Arena } from '../../src/object/shared/arena.ts'
import { Entries } from '../../src/object/shared/entries.ts'
import type { SharedMemory } from '../../src/object/shared/memory.ts'
import { HIT_FOR_MISS, readLabel } from '../../src/object/shared/record.ts'

/** Objects that a look-up can find. */
export function linkedObjects(memory: SharedMemory): number {
  const entries = new Entries(memory)
  const arena = new Arena(memory)
  let count = 0
  for (let bucket = 0; bucket < memory.buckets; bucket++)
    for (let entry = entries.first(bucket); entry !== 0; entry = entries.next(entry)) {
      if (!entries.isLive(entry)) continue
      const address = entries.address(entry)
      if (readLabel(arena.bufferAt(address), arena.offsetAt(address)).kind < HIT_FOR_MISS) count++
    }
  return count
}

/** Claims that somebody holds, or is about to. */
export function claimed(memory: SharedMemory): number {
  return new Int32Array(memory.claims).filter((word) => word !== 0).length
}
