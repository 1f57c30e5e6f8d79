import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Folder } from '../policy/folder.ts'
import { runCli } from '../support/cli.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/.bin')
/** Where there is Node.js and no compiler. */
const NO_TSC = dirname(process.execPath)

const GOOD = `import { definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  recv({ req, pass }) {
    if (req.url.startsWith('/api/')) return pass()
    return undefined
  },
})
`
const OPEN = `import { definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  recv({ req, purge }) {
    if (req.method === 'PURGE') return purge()
    return undefined
  },
})
`

function check(folder: Folder, args: readonly string[], path: string = NO_TSC, env: Record<string, string> = {}): Promise<Ran> {
  return command(['check', ...args], { folder: folder.path, env: { PATH: path, ...env } })
}

interface Report {
  readonly file: string
  readonly ok: boolean
  readonly findings: readonly {
    readonly rule: string
    readonly line: number
    readonly column: number
    readonly file: string
    readonly message: string
  }[]
  readonly notes: readonly string[]
}

async function report(folder: Folder, args: readonly string[], path: string = NO_TSC): Promise<Report> {
  const { stdout } = await check(folder, [...args, '--json'], path)
  return JSON.parse(stdout) as Report
}

describe('clearcoat check', () => {
  it('ends with 0 when nothing is found, and says what was not checked', async () => {
    const ran = await check(new Folder({ 'shop.ts': GOOD }), ['shop.ts'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^Nothing found; types were not checked: no tsc is installed; .+; init was not run\.\n$/)
  })

  it('ends with 1 on findings, each with its place and how to mend it', async () => {
    const ran = await check(new Folder({ 'shop.ts': OPEN }), ['shop.ts'])
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    expect(ran.stdout).toMatch(/^shop\.ts:4:40: error open-purge-acl: anybody may purge: .+\n {2}fix: .+\n1 finding; /)
  })

  it('prints them as JSON', async () => {
    const folder = new Folder({ 'shop.ts': OPEN })
    expect(await report(folder, ['shop.ts'])).toMatchObject({
      file: folder.of('shop.ts'),
      ok: false,
      findings: [{ rule: 'open-purge-acl', severity: 'error', file: folder.of('shop.ts'), line: 4, column: 40 }],
    })
    expect(await report(new Folder({ 'shop.ts': GOOD }), ['shop.ts'])).toMatchObject({ ok: true, findings: [] })
  })

  it('passes what is only noted', async () => {
    const text = `export default { recv: ({ req, synth }) => (req.url.startsWith('/admin') ? synth(403) : undefined) }`
    const ran = await check(new Folder({ 'shop.js': text }), ['shop.js'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toContain('note raw-path')
  })

  it.each<[string, Record<string, string>, object]>([
    ['does not parse', { 'p.ts': 'export default {\n  recv( }' }, { file: 'p.ts', line: 2, column: 9 }],
    ['imports what is not there', { 'p.ts': `import './none.ts'\nexport default {}` }, { file: 'p.ts', line: 1, column: 8 }],
    [
      'throws',
      { 'p.ts': `import './h.ts'\nexport default {}`, 'h.ts': `\nthrow new Error('no luck')` },
      { file: 'h.ts', line: 2, column: 7 },
    ],
    [
      'has no such hook',
      { 'p.ts': `import { definePolicy } from 'clearcoat/vcl-ts'\nexport default definePolicy({ recvv() {} } as object)` },
      { file: 'p.ts', line: 2 },
    ],
    [
      'keeps one state twice',
      {
        'p.ts': `import { stack } from 'clearcoat/vcl-ts'\nconst state = () => ({ a: 1 })\nexport default stack({ state }, { state: () => ({ a: 2 }) })`,
      },
      { file: 'p.ts' },
    ],
    ['has no policy', { 'p.ts': 'export const a = 1' }, { file: 'p.ts', line: null, column: null }],
    ['is not there', {}, { file: 'p.ts', line: null, column: null }],
  ])('finds a policy that %s', async (_how, files, place) => {
    const folder = new Folder(files)
    const { ok, findings } = await report(folder, ['p.ts'])
    expect(ok).toBe(false)
    expect(findings).toEqual([expect.objectContaining({ rule: 'policy', severity: 'error' })])
    expect({ ...findings[0], file: findings[0]?.file.replace(`${folder.path}/`, '') }).toMatchObject(place)
  })

  it('does not run init', async () => {
    const folder = new Folder({ 'p.ts': `export default { init() { throw new Error('ran') } }` })
    expect((await report(folder, ['p.ts'])).ok).toBe(true)
  })

  it('checks the configured policy where no file is given', async () => {
    const folder = new Folder({ 'clearcoat.config.ts': `export default { policy: './shop.ts' }`, 'shop.ts': OPEN, 'good.ts': GOOD })
    expect((await check(folder, [])).stdout).toContain('shop.ts:4:40')
    expect((await check(folder, [], NO_TSC, { CLEARCOAT_POLICY: folder.of('good.ts') })).code).toBe(0)
    const none = await check(new Folder({}), [])
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(COMPLAINT)
  })

  it('ends although the policy keeps timers, and keeps its output apart', async () => {
    const folder = new Folder({ 'p.ts': `setInterval(() => {}, 1000)\nconsole.log('hello')\nexport default {}` })
    const { code, stdout, stderr } = await runCli(['check', folder.of('p.ts'), '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'hello\n' })
    expect(JSON.parse(stdout)).toMatchObject({ ok: true })
  })
})

describe('the types of a policy', () => {
  const WRONG = `import { definePolicy } from 'clearcoat/vcl-ts'
import { ttl } from './ttl.ts'
export default definePolicy({
  backendResponse({ beresp }) {
    beresp.status = ttl
    return undefined
  },
})
`
  const TTL = `export const ttl: string = '60s'\nexport const unused = (a: number): string => a\n`

  it('are checked by the tsc on PATH, with the contract of this package where the project has none', async () => {
    const folder = new Folder({ 'p.ts': WRONG, 'ttl.ts': TTL })
    const { ok, findings, notes } = await report(folder, ['p.ts'], `${TSC}:${NO_TSC}`)
    expect(ok).toBe(false)
    expect(findings).toEqual([
      expect.objectContaining({
        rule: 'TS2322',
        file: folder.of('p.ts'),
        line: 5,
        column: 5,
        message: expect.stringContaining(`'string'`),
      }),
      expect.objectContaining({ rule: 'TS2322', file: folder.of('ttl.ts'), line: 2, column: 46 }),
    ])
    expect(notes[0]).toContain(TSC)
  })

  it('hold for a policy that is right', async () => {
    expect(await report(new Folder({ 'p.ts': GOOD }), ['p.ts'], `${TSC}:${NO_TSC}`)).toMatchObject({ ok: true, findings: [] })
    const { code, stdout } = await check(new Folder({}), [join(ROOT, 'examples/policy/shop.ts')])
    expect(stdout).toMatch(/^Nothing found; types checked by .+tsc with .+tsconfig\.json; /)
    expect(code).toBe(0)
  })

  it('are checked by the compiler of the project, with the package and the options of the project', async () => {
    const folder = new Folder({
      'tsconfig.json': JSON.stringify({
        compilerOptions: { strict: false, noUnusedLocals: true, module: 'nodenext' },
        files: ['other.ts'],
      }),
      'package.json': '{ "type": "module" }',
      'other.ts': 'const wrong: number = "x"\nexport default wrong\n',
      'p.ts': `import { definePolicy } from 'clearcoat/vcl-ts'
export const loose = (a) => a
export default definePolicy({ recv({ req }) { const unused = 1; req.url = mine } })
`,
    })
    mkdirSync(folder.of('node_modules/.bin'), { recursive: true })
    symlinkSync(join(TSC, 'tsc'), folder.of('node_modules/.bin/tsc'))
    mkdirSync(folder.of('node_modules/clearcoat'))
    folder.write(
      'node_modules/clearcoat/package.json',
      '{ "name": "clearcoat", "exports": { "./vcl-ts": { "types": "./c.d.ts", "default": "./c.js" } } }',
    )
    folder.write('node_modules/clearcoat/c.js', '')
    folder.write(
      'node_modules/clearcoat/c.d.ts',
      'declare global { const mine: string }\nexport declare const definePolicy: (policy: { recv(c: { req: { url: string } }): void }) => object\n',
    )
    const { findings, notes } = await report(folder, ['p.ts'])
    // Policies of this package alone would have refused `mine`.
    expect(findings.filter(({ rule }) => rule !== 'policy').map(({ rule, line }) => `${rule} ${line}`)).toEqual(['TS6133 3'])
    expect(notes[0]).toBe(`types checked by ${folder.of('node_modules/.bin/tsc')} with ${folder.of('tsconfig.json')}`)
  })

  it('of Node.js are not missed where they are not installed', async () => {
    const text = `import { join } from 'node:path'
export const page: string = join('/a', String(process.pid), new URL('http://a/').host)
setTimeout(() => console.log(page), 60_000)
export default {}
`
    const { ok, notes, findings } = await report(new Folder({ 'p.ts': text }), ['p.ts'], `${TSC}:${NO_TSC}`)
    expect({ ok, findings }).toEqual({ ok: true, findings: [] })
    expect(notes[0]).toContain('@types/node')
  })

  it('are no finding where the compiler cannot run', async () => {
    const folder = new Folder({ 'p.ts': GOOD, tsc: '#!/bin/sh\necho broken >&2\nexit 3\n' })
    chmodSync(folder.of('tsc'), 0o755)
    const { ok, notes } = await report(folder, ['p.ts'], `${folder.path}:/bin`)
    expect(ok).toBe(true)
    expect(notes[0]).toMatch(/types were not checked: .+tsc failed: broken/)
  })
})
