/**
 * A fleet over a modelled Redis in virtual time: hundreds of runs, each by a seed. `SIMULATION="masters fail:17" npx vitest run
 * test/cache-attacks/fleet-simulation.test.ts` replays one and prints all that happens in it.
 */
import { describe, expect, test } from 'vitest'
import { type FleetCourse, simulate } from './fleet-simulation.ts'
import { COURSES } from './fleet-simulation-courses.ts'
import { runCourses } from './fleet-simulation-runs.ts'
import type { Sabotage } from './simulated-node.ts'

/** Runs of each course; `npm run test:long` makes more. */
const RUNS = 16

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

  test.each<[string, keyof typeof COURSES, Sabotage, RegExp]>([
    ['nodes that do not hear each other', 'all is well', { deaf: true }, /served version \d+ of \S+ in place of \d+/],
    [
      'a log whose loss nobody deals with',
      'masters fail at the worst moment',
      { unraised: true },
      /served version \d+ of \S+ in place of \d+/,
    ],
    ['claims that everybody gets', 'all is well', { unclaimed: true }, /\d+ fetches of/],
  ])('would show %s', async (_what, name, sabotage, violation) => {
    const violations: string[] = []
    for (let seed = 1; seed <= 100 && violations.length === 0; seed++)
      violations.push(...(await simulate(seed, COURSES[name] as FleetCourse, sabotage)).violations)
    expect(violations.join('\n')).toMatch(violation)
  })
})
