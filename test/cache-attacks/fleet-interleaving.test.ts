import { describe } from 'vitest'
import { fleetCourses } from './fleet-courses.ts'

describe('interleavings of several workers with one shared memory: nobody gets anything older than purges that were answered, nobody is stuck', () => {
  fleetCourses(150)
})
