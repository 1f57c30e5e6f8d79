/** Runs of a simulation, course by course. */
import { expect, test } from 'vitest'
import { type FleetRun, simulate } from './fleet-simulation.ts'
import { COURSES } from './fleet-simulation-courses.ts'

/** Lines before a violation that are shown with it. */
const SHOWN = 40

/** Seconds; a course that takes longer has half of the runs. */
const SHORT = 60

/** So many seeds of each course, from `first` on. */
export function runCourses(first: number, most: number): void {
  test.each(Object.entries(COURSES))('%s', { timeout: 60_000 + most * 2000 }, async (name, course) => {
    const runs = course.seconds > SHORT ? Math.ceil(most / 2) : most
    const failed: string[] = []
    let [served, fetches, purges, recalled, befallen, lost, unvouched] = [0, 0, 0, 0, 0, 0, 0]
    for (let seed = first; seed < first + runs; seed++) {
      const run = await simulate(seed, course)
      if (run.violations.length > 0) failed.push(`SIMULATION="${name}:${seed}" replays it:\n${shown(run)}`)
      served += run.served
      fetches += run.fetches
      purges += run.purges
      recalled += run.recalled
      befallen += run.befallen
      lost += run.lost
      unvouched += run.unvouched
    }
    expect(failed.slice(0, 3).join('\n\n')).toBe('')
    // The runs are worth their name: much is served, purged and read from Redis, and what is to befall does.
    expect(served).toBeGreaterThan(runs * 40)
    expect(fetches).toBeGreaterThan(runs * 5)
    expect(purges).toBeGreaterThan(runs * 3)
    expect(recalled).toBeGreaterThan(runs * 4)
    if (Object.keys(course.misfortunes).length > 0) expect(befallen).toBeGreaterThan(runs)
    if (course.cuts > SHORT) expect(unvouched).toBeGreaterThan(0)
    if (course.misfortunes.flush !== undefined) expect(lost).toBeGreaterThan(runs / 8)
  })
}

function shown({ trace, violations }: FleetRun): string {
  const at = trace.findIndex((line) => line.includes('!!!'))
  return [...trace.slice(Math.max(0, at - SHOWN), at + 1), ...violations].join('\n')
}
