/** The test that the README shows is a test that passes. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import * as testing from '../../src/testing/index.ts'
import * as contract from '../../vcl-ts/index.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const [, example = ''] = /^## Test your policy\n.*?^```ts\n(.*?)^```/ms.exec(README) ?? []

describe('the test in the README', () => {
  const cases: [string, () => Promise<void>][] = []
  const modules: Record<string, unknown> = {
    'clearcoat/vcl-ts': contract,
    'clearcoat/vcl-ts/testing': testing,
    vitest: { expect, it: (title: string, run: () => Promise<void>) => cases.push([title, run]) },
  }
  const body = stripTypeScriptTypes(example).replace(/^import (\{.*\}) from '(.*)'$/gm, "const $1 = modules['$2']")
  new Function('modules', body)(modules)

  it.each(cases)('%s', (_title, run) => run())

  it('has cases', () => {
    expect(cases.length).toBe(3)
  })
})
