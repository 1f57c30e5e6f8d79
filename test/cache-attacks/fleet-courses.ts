/** The courses of interleavings over several workers, some of whom may die. */
import { expect, test } from 'vitest'
import { COURSES } from './interleaving.ts'
import { interleaveFleet, STEPS } from './scheduled-fleet.ts'

const FLEETS = [
  { workers: 2, deaths: 0 },
  { workers: 4, deaths: 0 },
  { workers: 2, deaths: 0.03 },
  { workers: 4, deaths: 0.03 },
] as const
const CASES = Object.entries(COURSES).flatMap(([name, course]) =>
  FLEETS.map(({ workers, deaths }) => ({ name, workers, which: deaths > 0 ? ' who die' : '', course: { ...course, deaths } })),
)

/** So many runs of each course, for each number of workers. */
export function fleetCourses(runs: number): void {
  test.each(CASES)('$name over $workers workers$which', async ({ workers, course, name }) => {
    const violations: string[] = []
    let [served, purges, overtaken, sliced, patient, deaths] = [0, 0, 0, 0, 0, 0]
    for (let seed = 1; seed <= runs; seed++) {
      const run = await interleaveFleet(seed, workers, STEPS, course)
      for (const violation of run.violations) violations.push(`seed ${seed}: ${violation}`)
      served += run.served
      purges += run.purges
      overtaken += run.overtaken
      sliced += run.sliced
      patient += run.patient
      deaths += run.deaths
    }
    expect(violations.slice(0, 10)).toEqual([])
    // The schedule is worth its name.
    expect(served).toBeGreaterThan(runs * 5)
    expect(purges).toBeGreaterThan(runs * 3)
    expect(overtaken).toBeGreaterThan(runs)
    expect(sliced).toBeGreaterThan(runs)
    if (course.byKey > 0) expect([name, patient > runs / 2]).toEqual([name, true])
    expect(deaths > 0).toBe(course.deaths > 0)
  })
}
