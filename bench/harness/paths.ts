/** Which URLs a scenario asks for. */
import type { Scenario } from './scenario.ts'

export const HOT = '/hot'

/** The path of a key, from 0. */
export function pathOfKey(key: number): string {
  return `/key/${key}`
}

/** A path that a scenario stores before it is measured. */
export function firstPath({ keys }: Scenario): string {
  return keys === null ? HOT : pathOfKey(0)
}

/** Numbers from 0 (included) to 1, the same for the same seed (mulberry32, public domain). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The next key to ask for. Zipf's exponent is 1, drawn by inverting the continuous distribution: `load.lua` does the same. */
export function drawKey({ count, draw }: NonNullable<Scenario['keys']>, random: () => number): number {
  return draw === 'uniform' ? Math.floor(random() * count) : Math.floor((count + 1) ** random()) - 1
}
