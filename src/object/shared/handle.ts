/** What an entry is called: its number, and how often it was used before, so that a name that was kept too long is known for what it is. */

const NUMBER_BITS = 24
const NUMBER = 2 ** NUMBER_BITS - 1
/** Handles are whole numbers that need no memory of their own. */
const GENERATIONS = 63

/** Entries at most. */
export const MOST_ENTRIES: number = NUMBER

export function handleOf(entry: number, generation: number): number {
  return ((generation & GENERATIONS) << NUMBER_BITS) | entry
}

export function entryOf(handle: number): number {
  return handle & NUMBER
}
