import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('gives every object that a request makes the same hidden class, whatever the request, and its steps no more than V8 looks at', async () => {
  const script = fileURLToPath(new URL('kinds.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--allow-natives-syntax', script])
  expect(JSON.parse(stdout)).toEqual({
    RequestTransaction: 1,
    ClientRequest: 1,
    HeaderMap: 1,
    ResponseHead: 1,
    CachedObject: 1,
    RequestStep: 4,
  })
})
