import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Folder } from '../policy/folder.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

const KIT = `import { describe, expect, test, testPolicy } from 'clearcoat/vcl-ts/testing'\n`
const POLICY = `import { definePolicy } from 'clearcoat/vcl-ts'
import { isCart } from './cart.ts'
export default definePolicy({ recv: ({ req, pass }) => (isCart(req.path) ? pass() : undefined) })
`
const CART = `enum Paths { Cart = '/cart' }\nexport const isCart = (path: string): boolean => path === Paths.Cart\n`
const GOOD = `${KIT}import policy from './policy.ts'

interface Case { readonly url: string; readonly decision: string }
const cases: readonly Case[] = [{ url: '/', decision: 'hit' }, { url: '/cart', decision: 'pass' }]

describe('a shop', () => {
  for (const { url, decision } of cases)
    test(\`answers \${url} by \${decision}\`, async () => {
      const cache = await testPolicy(policy, { origin: { headers: { 'Cache-Control': 'max-age=60' } } })
      await cache.request(url)
      const { trace } = await cache.request(url)
      expect(trace.decision).toBe(decision)
    })
})
`

function test(files: Record<string, string>, ...args: readonly string[]): Promise<Ran> {
  const folder = new Folder({ 'policy.ts': POLICY, 'cart.ts': CART, ...files })
  return command(['test', ...(args.length === 0 ? Object.keys(files) : args)], { folder: folder.path })
}

describe('clearcoat test', () => {
  it('runs the tests of a policy, and ends with 0 when all pass', async () => {
    const ran = await test({ 'shop.test.ts': GOOD })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(
      /^shop\.test\.ts\n {2}a shop\n {4}✔ answers \/ by hit.*\n {4}✔ answers \/cart by pass.*\n\n2 passed in \d+\.\d\d s\n$/,
    )
  })

  it('ends with 1 when one fails, and shows the difference and the place in the file as it was written', async () => {
    const ran = await test({ 'shop.test.ts': GOOD.replace(`decision: 'pass' }]`, `decision: 'hit' }]`) })
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    expect(ran.stdout).toContain(`✖ a shop > answers /cart by hit\n  expected "pass" to be "hit"\n  at shop.test.ts:13:30\n`)
    expect(ran.stdout).toMatch(/1 passed, 1 failed\n$/)
  })

  it('shows what a policy throws, with the place in the policy', async () => {
    const policy = `import { definePolicy } from 'clearcoat/vcl-ts'\n\nexport default definePolicy({ recv() { throw new Error('no luck') } })\n`
    const text = `${KIT}import policy from './policy.ts'\ntest('x', async () => {
      const { trace } = await (await testPolicy(policy)).request('/')
      throw (trace.hooks[0]?.action as unknown as { cause: Error }).cause
    })\n`
    const ran = await test({ 'policy.ts': policy, 'a.test.ts': text }, 'a.test.ts')
    expect(ran.stdout).toMatch(/✖ x\n {2}no luck\n {2}at policy\.ts:3:46\n/)
  })

  it('takes node:test and node:assert, top-level await, JSON, and files beside the test', async () => {
    const text = `import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { testPolicy } from 'clearcoat/vcl-ts/testing'
import data from './data.json' with { type: 'json' }
import policy from './policy.ts'
const cache = await testPolicy(policy, { origin: { body: readFileSync(new URL('./page.html', import.meta.url)) } })
it('delivers', async () => assert.equal((await cache.request('/')).body, data.page))
`
    const ran = await test({ 'a.test.ts': text, 'data.json': '{ "page": "<p>" }', 'page.html': '<p>' }, 'a.test.ts')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
  })

  it('runs several files, each in a process of its own', async () => {
    const text = (name: string): string =>
      `${KIT}globalThis.seen = (globalThis.seen ?? 0) + 1\ntest('${name}', () => expect(globalThis.seen).toBe(1))\n`
    const ran = await test({ 'a.test.js': text('one'), 'b.test.js': text('two') })
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^a\.test\.js\n {2}✔ one.*\n\nb\.test\.js\n {2}✔ two.*\n\n2 passed in /)
  })

  it('shows what tests print, apart from its own words', async () => {
    const ran = await test({ 'a.test.ts': `${KIT}test('x', () => console.log('hello\\x1b[31m'))` })
    expect(ran.stdout).toMatch(/✔ x.*\n {2}│ hello\n/)
  })

  it('ends with 1 when a file has no tests, or none that ran', async () => {
    for (const text of [`export const a = 1`, `${KIT}test.skip('later', () => {})`, 'process.exit(0)']) {
      const ran = await test({ 'a.test.ts': text })
      expect(ran.code).toBe(1)
      expect(ran.stderr).toMatch(COMPLAINT)
      expect(ran.stderr).toContain('nothing was tested in a.test.ts')
    }
  })

  it.each([
    ['throws', 'const a: number = 1\nthrow new Error("no luck " + a)', /could not be run\n[\s\S]*a\.test\.ts:2[\s\S]*no luck 1/],
    ['ends its process', `${KIT}test('x', () => process.exit(3))`, /could not be run\n {2}its process ended|✖ x/],
    ['fails beside its tests', `${KIT}test('x', () => {})\nsetTimeout(() => { throw new Error('late') }, 1)`, /late/],
    ['never ends a test', `${KIT}test('x', () => new Promise(() => {}))`, /timed out after 1500ms/],
    [
      'does not define what it uses',
      `${KIT}test('x', () => nothing())`,
      /✖ x\n {2}ReferenceError: nothing is not defined\n {2}at a\.test\.ts:2:17/,
    ],
  ])('ends with 1 when a file %s', async (_how, text, shown) => {
    const ran = await test({ 'a.test.ts': text }, 'a.test.ts', '--timeout', '1500ms')
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(shown)
    expect(ran.stdout).not.toMatch(/node:internal|clearcoat-test-/)
  })

  it.each([
    ['does not parse', 'const = 1', /why: a\.test\.ts:1:7: .+\n {2}fix: correct it there/],
    ['imports what is not there', `import './none.ts'`, /why: a\.test\.ts:1:8: .+none\.ts/],
    [
      'is for vitest',
      `import { it } from 'vitest'\nit('x', () => {})`,
      /a\.test\.ts:1:20: vitest has a runner of its own; import test and expect from clearcoat\/vcl-ts\/testing/,
    ],
    [
      'imports the server',
      `import { createServer } from 'clearcoat'\ncreateServer()`,
      /a test cannot import "clearcoat"; it imports clearcoat\/vcl-ts, clearcoat\/vcl-ts\/testing/,
    ],
  ])('refuses a file that %s', async (_how, text, told) => {
    const ran = await test({ 'a.test.ts': text })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toMatch(told)
  })

  it('refuses a file that is not there, no file, and a pattern that is none', async () => {
    const none = await test({}, 'none.test.ts')
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/why: none\.test\.ts: there is no such file\n {2}fix: correct the path/),
    ])
    const nothing = await command(['test'])
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringMatching(/there is nothing to test/)])
    const time = await test({ 'shop.test.ts': GOOD }, 'shop.test.ts', '--timeout', 'soon')
    expect([time.code, time.stderr]).toEqual([2, expect.stringMatching(/--timeout "soon" cannot be used/)])
    const pattern = await test({ 'shop.test.ts': GOOD }, 'shop.test.ts', '--name', '(')
    expect([pattern.code, pattern.stderr]).toEqual([2, expect.stringMatching(/--name "\(" cannot be used/)])
  })

  it('runs only what is named', async () => {
    const ran = await test({ 'shop.test.ts': GOOD }, 'shop.test.ts', '--name', '/cart')
    expect(ran.stdout).toMatch(/1 passed in/)
    const none = await test({ 'shop.test.ts': GOOD }, 'shop.test.ts', '--name', 'checkout')
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/no test has a name that --name matches/)])
  })

  it('prints JSON', async () => {
    const ran = await test({ 'shop.test.ts': GOOD.replace(`decision: 'pass' }]`, `decision: 'hit' }]`) }, 'shop.test.ts', '--json')
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ok: false,
      files: [
        {
          file: expect.stringMatching(/^\/.*\/shop\.test\.ts$/),
          broken: null,
          tests: [
            { name: 'a shop > answers / by hit', outcome: 'passed', line: 9, message: null },
            {
              name: 'a shop > answers /cart by hit',
              outcome: 'failed',
              line: 9,
              frames: [expect.stringMatching(/\/shop\.test\.ts:13:30$/)],
            },
          ],
        },
      ],
    })
    const empty = await test({ 'a.test.ts': '' }, 'a.test.ts', '--json')
    expect([empty.code, JSON.parse(empty.stdout).ok]).toEqual([1, false])
  })

  it('runs what the examples are tested by', async () => {
    const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
    expect(files.length).toBeGreaterThan(3)
    const ran = await command(['test', ...files], { folder: EXAMPLES })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    // Each policy of the examples has one.
    const policies = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /^(?!(?:shop|fleet)\/)[^/]+\/(?!origin\.ts)[^.]+\.ts$/.test(name),
    )
    expect(policies.map(dirname).filter((folder) => !files.some((file) => dirname(file) === folder))).toEqual([])
  }, 60_000)
})
