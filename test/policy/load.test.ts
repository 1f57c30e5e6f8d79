import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bundlePolicy, type EvaluatedPolicy, evaluatePolicy } from '../../src/policy/load.ts'
import { PolicyLoadError } from '../../src/policy/load-error.ts'
import { PLAIN_SOURCES } from '../../src/policy/sources.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Policy } from '../../vcl-ts/index.ts'
import { Folder } from './folder.ts'

const load = async (file: string): Promise<EvaluatedPolicy> => evaluatePolicy(await bundlePolicy(file))

async function refusal(file: string): Promise<PolicyLoadError> {
  const error = await load(file).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(PolicyLoadError)
  return error as PolicyLoadError
}

describe('a policy file', () => {
  it('is loaded with the modules and JSON that it imports, without types', async () => {
    const folder = new Folder({
      'shop.ts': `import { readFileSync } from 'node:fs'
import { basename } from 'path'
import { definePolicy, type Policy } from 'clearcoat/vcl-ts'
import words from './words.json'
import { shout } from './shout.ts'
import { low } from 'low'
const name: string = shout(words.name) + basename('/a/b') + low('C') + typeof readFileSync
const policy: Policy = { name }
export default definePolicy(policy) satisfies Policy`,
      'shout.ts': 'export const shout = (text: string): string => text.toUpperCase()',
      'words.json': '{ "name": "shop" }',
    })
    mkdirSync(folder.of('node_modules/low'), { recursive: true })
    folder.write('node_modules/low/package.json', '{ "name": "low", "main": "index.js" }')
    folder.write('node_modules/low/index.js', 'exports.low = (text) => text.toLowerCase()')
    expect((await load(folder.of('shop.ts'))).policy.name).toBe('SHOPbcfunction')
    const { inputs } = await bundlePolicy(folder.of('shop.ts'))
    expect(inputs.toSorted()).toEqual(['node_modules/low/index.js', 'shop.ts', 'shout.ts', 'words.json'].map((name) => folder.of(name)))
  })

  it('makes promises and errors of this realm, so that the engine knows them', async () => {
    const folder = new Folder({ 'p.ts': `export default { async recv() {}, hash() { throw new TypeError('x') } }` })
    const { policy } = await load(folder.of('p.ts'))
    const { recv, hash } = policy as Required<Policy>
    expect(recv({} as never)).toBeInstanceOf(Promise)
    expect(() => hash({} as never)).toThrow(TypeError)
  })

  it('is evaluated anew each time: nothing of its modules is shared between two loads', async () => {
    const folder = new Folder({
      'p.ts': `import { next } from './count.ts'\nexport default { name: 'load ' + next() }`,
      'count.ts': 'let count = 0\nexport const next = (): number => ++count',
    })
    const names = [await load(folder.of('p.ts')), await load(folder.of('p.ts'))].map(({ policy }) => policy.name)
    expect(names).toEqual(['load 1', 'load 1'])
  })

  it('can import Node’s modules when a hook runs', async () => {
    const folder = new Folder({ 'p.ts': `export default { async recv() { return (await import('node:path')).sep } }` })
    const { recv } = (await load(folder.of('p.ts'))).policy as Required<Policy>
    expect(await recv({} as never)).toBe('/')
  })

  const good = `import { definePolicy } from 'clearcoat/vcl-ts'\n`
  it.each<[string, Record<string, string>, string, number | null, number | null, RegExp]>([
    ['a syntax error', { 'p.ts': 'const a = 1\nexport default { recv( }' }, 'p.ts', 2, 24, /Unexpected|Expected/],
    ['a syntax error behind letters of several bytes', { 'p.ts': `/* äöü */ const ä = }` }, 'p.ts', 1, 21, /Unexpected "}"/],
    ['a syntax error of a module', { 'p.ts': `import './h.ts'`, 'h.ts': '\n\n  let 5' }, 'h.ts', 3, 7, /5/],
    [
      'an import of a file that is not there',
      { 'p.ts': `import { a } from './none.ts'\nexport default { name: a }` },
      'p.ts',
      1,
      19,
      /none\.ts/,
    ],
    [
      'a name that the module does not export',
      { 'p.ts': `import { b } from './h.ts'\nexport default { name: b }`, 'h.ts': 'export const a = 1' },
      'p.ts',
      1,
      10,
      /"b"/,
    ],
    [
      'an import of the engine',
      { 'p.ts': `${good}import { createServer } from 'clearcoat'\nexport default { name: typeof createServer }` },
      'p.ts',
      2,
      30,
      /cannot import "clearcoat"/,
    ],
    ['top-level await', { 'p.ts': `const a = await Promise.resolve('a')\nexport default { name: a }` }, 'p.ts', 1, 11, /init is the place/],
    ['import.meta', { 'p.ts': `export default {\n  name: import.meta.url }` }, 'p.ts', 2, 9, /import\.meta/],
    ['a throw', { 'p.ts': `export default {}\nthrow new RangeError('not today')` }, 'p.ts', 2, 7, /^not today$/],
    [
      'a throw in a module',
      {
        'p.ts': `import { f } from './h.ts'\nexport default f()`,
        'h.ts': `interface A { a: 1 }\nexport function f(): A {\n  throw new Error('deep')\n}`,
      },
      'h.ts',
      3,
      9,
      /^deep$/,
    ],
    ['a throw of what is no error', { 'p.ts': `throw 'words'` }, 'p.ts', null, null, /^words$/],
    [
      'a hook that does not exist',
      { 'p.ts': `${good}export default definePolicy({\n  recvv() {},\n} as object)` },
      'p.ts',
      2,
      null,
      /did you mean recv\?/,
    ],
    ['a wrong shape without definePolicy', { 'p.ts': 'export default { recv: 1 }' }, 'p.ts', null, null, /recv must be a function/],
    ['no default export', { 'p.ts': 'export const policy = {}' }, 'p.ts', null, null, /export default definePolicy/],
    ['JSON that is none', { 'p.ts': `import a from './a.json'\nexport default a`, 'a.json': '{\n  "name": }' }, 'a.json', 2, 11, /"}"/],
  ])('is refused for %s, with file, line and column', async (_what, files, file, line, column, reason) => {
    const folder = new Folder(files)
    const error = await refusal(folder.of('p.ts'))
    expect({ file: error.file, line: error.line, reason: error.reason }).toEqual({
      file: folder.of(file),
      line,
      reason: expect.stringMatching(reason),
    })
    if (column !== null || line === null) expect(error.column).toBe(column)
    expect(error.what).toContain(folder.of('p.ts'))
    if (line !== null) expect(error.why).toContain(`${folder.of(file)}:${line}:`)
  })

  it('is refused when it is not there, or is a folder', async () => {
    const folder = new Folder({})
    expect((await refusal(folder.of('none.ts'))).message).toBe(`${folder.of('none.ts')}: there is no such file`)
    expect((await refusal(folder.path)).reason).toBe('it is not a file')
  })

  it('gives the errors of its hooks the positions of its sources', async () => {
    const folder = new Folder({
      'p.ts': `import { fail } from './h.ts'\nexport default {\n  hash() { fail() },\n}`,
      'h.ts': `type A = string\nexport const fail = (): A => {\n  throw new Error('oops')\n}`,
    })
    const { policy, sources } = await load(folder.of('p.ts'))
    let thrown: unknown
    try {
      policy.hash?.({} as never)
    } catch (error) {
      thrown = error
    }
    expect(sources.placeOf(thrown)).toEqual({ file: folder.of('h.ts'), line: 3, column: 9 })
    expect(sources.placeOf('oops')).toBe(null)
    const { stack } = sources.located(thrown) as Error
    expect(stack).toContain(`${folder.of('h.ts')}:3:9`)
    expect(stack).toContain(`${folder.of('p.ts')}:3:12`)
  })
})

describe('a policy that came as an object', () => {
  it('is placed where its author wrote it, not in our own code', () => {
    const error = (() => {
      try {
        return HeaderMap.of([['a b', '']])
      } catch (caught) {
        return caught
      }
    })()
    expect(PLAIN_SOURCES.placeOf(error)).toMatchObject({ file: fileURLToPath(import.meta.url), column: expect.any(Number) })
    expect(PLAIN_SOURCES.placeOf(Object.assign(new Error('x'), { stack: 'Error: x\n    at node:internal/a:1:2' }))).toBe(null)
  })
})
