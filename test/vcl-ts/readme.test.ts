/** What the page shows loads. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import * as contract from '../../vcl-ts/index.ts'
import type { Policy } from '../../vcl-ts/policy.ts'
import { runInit } from '../../vcl-ts/run.ts'
import { patient } from './nouns.ts'

const README = readFileSync(new URL('../../vcl-ts/README.md', import.meta.url), 'utf8')

describe('the recipes of the policy’s page', () => {
  const recipes = [...README.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string)

  it('are many', () => {
    expect(recipes.length).toBeGreaterThan(5)
  })

  it.each(recipes)('give a policy that loads: %#', async (recipe) => {
    const body = stripTypeScriptTypes(recipe)
      .replace(/^import (\{.*\}) from 'clearcoat\/vcl-ts'$/m, 'const $1 = contract')
      .replace('export default ', 'return ')
    const policy = new Function('contract', body)(contract) as Policy
    for (const preset of PRESETS) await runInit(compilePolicy([policy], preset), patient)
  })
})
