/** The testing kit as the tests of examples import it, with the runner that runs them here in place of Node's. */

export { afterAll as after, afterEach, beforeAll as before, beforeEach, describe, expect, it, test } from 'vitest'
export * from '../../src/testing/index.ts'
