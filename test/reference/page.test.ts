import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as contract from '../../vcl-ts/index.ts'
import { readInterfaces } from './interfaces.ts'
import { exportsOf, PAGE, referencePage } from './page.ts'

describe('the reference', () => {
  it('is what the tables say; if not: npm run reference', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(referencePage())
  })

  it('says of every noun and verb what each field means', () => {
    const page = referencePage()
    for (const name of ['req', 'beresp', 'obj', 'resp', 'client', 'key', 'purged']) expect(page).toContain(`### ${name}\n`)
    expect(page).toContain('| `ttl` *rw* | `Duration` |')
    expect(page).toContain('| `hits` | `number` | Hits so far, this one included. |')
    expect(page).toContain('| `hitForPass` |')
  })
})

describe('what clearcoat/vcl-ts exports', () => {
  const readme = readFileSync(new URL('../../vcl-ts/README.md', import.meta.url), 'utf8')
  /** What stands in code, in a line or a block. */
  const coded = (page: string): string => Array.from(page.matchAll(/^```[\s\S]*?^```|`[^`\n]+`/gm), ([code]) => code).join('\n')
  const named = (page: string, name: string): boolean => new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(page)

  it('is read completely', () => {
    const names = exportsOf().map(({ name }) => name)
    expect(names.length).toBeGreaterThan(100)
    expect(new Set(names).size).toBe(names.length)
    const values = exportsOf().flatMap(({ name, type }) => (type ? [] : [name]))
    expect(values).toEqual(Object.keys(contract).sort())
  })

  it('is told of on the policy’s page, each value with what it is for', () => {
    const page = coded(readme)
    expect(exportsOf().filter(({ name, type }) => !type && !named(page, name))).toEqual([])
  })

  it('is in the reference, types included', () => {
    const page = coded(readme) + coded(referencePage())
    expect(exportsOf().filter(({ name }) => !named(page, name))).toEqual([])
  })
})

describe('reading interfaces', () => {
  it('takes comments of several lines, setters, methods and optional fields', () => {
    const shape = readInterfaces(
      `/** A thing. */\nexport interface Thing extends Other {\n  /**\n   * First,\n   * and second.\n   */\n  readonly a: string\n  get ttl(): number\n  set ttl(value: Duration)\n  b?: number | null\n  /** Does. */\n  go(way: string): void\n}\n`,
    ).get('Thing')
    expect(shape).toEqual({
      name: 'Thing',
      base: 'Other',
      prose: 'A thing.',
      fields: [
        { name: 'a', type: 'string', readonly: true, prose: 'First, and second.' },
        { name: 'ttl', type: 'Duration', readonly: false, prose: '' },
        { name: 'b?', type: 'number | null', readonly: false, prose: '' },
        { name: 'go', type: '(way: string): void', readonly: false, prose: 'Does.' },
      ],
    })
  })

  it('refuses what it cannot read instead of leaving it out', () => {
    expect(() => readInterfaces('export interface Thing {\n  [key: string]: number\n}\n')).toThrow('cannot read')
  })
})
