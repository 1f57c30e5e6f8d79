/** The reference is compared with the tables that the product runs on. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import { DECISIONS } from '../../vcl-ts/builtin/decision-table.ts'
import { DECISION_FIELDS, PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { STEPS } from '../../vcl-ts/builtin/step-names.ts'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import * as contract from '../../vcl-ts/index.ts'
import { HOOKS, LEGAL, NOUNS } from '../../vcl-ts/legal.ts'
import type { Policy } from '../../vcl-ts/policy.ts'
import { runInit } from '../../vcl-ts/run.ts'
import { patient } from './nouns.ts'

const README = readFileSync(new URL('../../vcl-ts/README.md', import.meta.url), 'utf8')

/** The rows of the table under a heading, head and rule left out, cells trimmed and without code marks. */
function table(heading: string): string[][] {
  const section = README.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`no section ${heading}`)
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) => line.slice(1, -1).split(/ \| /).map((cell) => cell.replaceAll('`', '').trim())) // biome-ignore format: one line reads better
}

const plain = (text: string): string => text.replaceAll('`', '')

describe('the reference', () => {
  it('lists the actions of every hook', () => {
    expect(table('Hook × action').map(([hook, actions]) => [hook, actions])).toEqual(HOOKS.map((hook) => [hook, LEGAL[hook].join(' ')]))
  })

  it('lists the nouns of every hook', () => {
    expect(table('Hook × noun').map(([hook, nouns]) => [hook, nouns])).toEqual(HOOKS.map((hook) => [hook, NOUNS[hook].join(' ')]))
  })

  it('lists the built-in steps in their order', () => {
    const steps = Object.entries(STEPS).flatMap(([hook, names]) => names.map((name) => [hook, name]))
    expect(table('The built-in steps').map(([hook, step]) => [hook, step])).toEqual(steps)
  })

  it('lists the decisions, word by word, with clause and fields', () => {
    const fields = (id: string): string =>
      Object.entries(DECISION_FIELDS)
        .filter(([, row]) => row === id)
        .map(([field]) => field)
        .join(' ')
    expect(table('What the presets decide')).toEqual(
      DECISIONS.map((row) => [plain(row.rule), ...PRESETS.map((preset) => plain(row[preset])), row.clause, fields(row.id)]),
    )
  })

  it('lists the reasons', () => {
    expect(table('Reasons')).toEqual(Object.entries(contract.REASONS).map(([reason, meaning]) => [reason, plain(meaning)]))
  })

  const recipes = [...README.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string)

  it('has recipes', () => {
    expect(recipes.length).toBeGreaterThan(5)
  })

  it.each(recipes)('gives a policy that loads: %#', async (recipe) => {
    const body = stripTypeScriptTypes(recipe)
      .replace(/^import (\{.*\}) from 'clearcoat\/vcl-ts'$/m, 'const $1 = contract')
      .replace('export default ', 'return ')
    const policy = new Function('contract', body)(contract) as Policy
    for (const preset of PRESETS) await runInit(compilePolicy([policy], preset), patient)
  })
})
