/** As `test/cache-attacks/fleet-simulation.test.ts`, thousands of each course, and other ones each time. */
import { describe } from 'vitest'
import { runCourses } from '../cache-attacks/fleet-simulation-runs.ts'
import { SEED } from './random.ts'

describe(`a fleet over a modelled Redis, thousands of runs of each course (FUZZ_SEED=${SEED})`, () => {
  runCourses(SEED, Number(process.env['SIMULATIONS'] ?? 2000))
})
