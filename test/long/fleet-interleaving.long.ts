/** As `test/cache-attacks/fleet-interleaving.test.ts`, ten thousand of each. */
import { describe } from 'vitest'
import { fleetCourses } from '../cache-attacks/fleet-courses.ts'

describe('ten thousand interleavings of several workers with one shared memory', () => {
  fleetCourses(Number(process.env['INTERLEAVINGS'] ?? 10_000))
})
