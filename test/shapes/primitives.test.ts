import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('primitives.ts', import.meta.url))

it.each([
  // The first line is what makes the second one tell something.
  { when: 'before', begun: false },
  { when: 'after', begun: true },
])('reads strings and numbers fast whatever extends them $when it begins', async ({ when, begun }) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--allow-natives-syntax', script, when])
  expect(JSON.parse(stdout)).toEqual({ begun, served: true })
})
