/** Interleavings that once went wrong, each by what it found. */
import { expect, it } from 'vitest'
import { COURSES } from './interleaving.ts'
import { interleaveFleet, STEPS } from './scheduled-fleet.ts'

it.each([
  // The successor of a worker that died got the answer to a purge that the dead one had asked for, as that to its own.
  [1755, 2, 0.03, 'purges by key, tag, host, prefix, URL and of all'],
  [2050, 2, 0.03, 'purges by key, tag, host, prefix, URL and of all'],
  [5050, 2, 0.03, 'purges by tag before the answer tells its tags'],
  [8255, 2, 0.03, '304 answers across purges'],
  [8357, 4, 0.03, 'bans, purges and 304 answers together'],
  // A worker's last fetch landed while a ban was on its way to it, and the ban waited for that for ever.
  [9298, 4, 0, 'bans with patterns'],
] as const)('seed %i with %i workers', async (seed, workers, deaths, course) => {
  const { violations } = await interleaveFleet(seed, workers, STEPS, { ...COURSES[course], deaths } as Parameters<
    typeof interleaveFleet
  >[3])
  expect(violations).toEqual([])
})
