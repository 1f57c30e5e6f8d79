/**
 * A fleet over a modelled Redis in virtual time: hundreds of runs, each by a seed. `SIMULATION="masters fail:17" npx vitest run
 * test/cache-attacks/fleet-simulation.test.ts` replays one and prints all that happens in it.
 */
import { describe, expect, test } from 'vitest'
import { simulate } from './fleet-simulation.ts'
import { COURSES } from './fleet-simulation-courses.ts'
import { runCourses } from './fleet-simulation-runs.ts'

/** Runs of each course; `npm run test:long` makes more. */
const RUNS = 24

const replayed = process.env['SIMULATION']

describe.runIf(replayed === undefined)(
  'three nodes that share a Redis serve nothing that was purged, and ask the origin in turn, while',
  () => {
    runCourses(1, RUNS)
  },
)

describe.runIf(replayed !== undefined)('a run that is replayed', () => {
  test(`does what it did: ${replayed}`, async () => {
    const [name = '', seed = ''] = (replayed ?? '').split(':')
    const course = COURSES[name]
    if (course === undefined) throw new Error(`there is no course “${name}”; there are ${Object.keys(COURSES).join(', ')}`)
    const { trace, violations } = await simulate(Number(seed), course)
    process.stdout.write(`${trace.join('\n')}\n`)
    expect(violations).toEqual([])
  })
})

describe.runIf(replayed === undefined)('a simulation', () => {
  test('is the same for the same seed', async () => {
    for (const course of Object.values(COURSES).slice(0, 8)) {
      const [one, other] = [await simulate(99, course), await simulate(99, course)]
      expect(other.trace).toEqual(one.trace)
    }
  })
})
