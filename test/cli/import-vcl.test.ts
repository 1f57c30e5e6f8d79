import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readVclFile } from '../../src/policy/vcl-file.ts'
import { Folder } from '../policy/folder.ts'
import { command } from './command-line.ts'

function importVcl(folder: Folder, ...args: readonly string[]): ReturnType<typeof command> {
  return command(['import-vcl', ...args], { folder: folder.path })
}

const GOOD = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\nsub vcl_recv { if (req.url ~ "^/api/") { return (pass); } }\n'
const ILLEGAL = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\nsub vcl_recv {\n\tset req.ulr = "/";\n}\n'
const INLINE_C = `${GOOD}sub vcl_deliver { C{ int i; }C }\n`

describe('clearcoat import-vcl', () => {
  it('prints the policy', async () => {
    const folder = new Folder({ 'default.vcl': GOOD })
    const { code, stdout, stderr } = await importVcl(folder, 'default.vcl')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('if (/^\\/api\\//.test(req.url)) return pass()')
  })

  it('refuses what Varnish refuses, with the place', async () => {
    const folder = new Folder({ 'default.vcl': ILLEGAL })
    const { code, stdout, stderr } = await importVcl(folder, 'default.vcl')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('default.vcl:4:6: illegal:')
    expect(stderr).toContain('^^^^^^^')
    expect(stderr).toContain('req.url')
  })

  it('ends with 3 where something legal has no translation, and marks the place with --partial', async () => {
    const folder = new Folder({ 'default.vcl': INLINE_C })
    const whole = await importVcl(folder, 'default.vcl')
    expect([whole.code, whole.stdout]).toEqual([3, ''])
    expect(whole.stderr).toContain('untranslatable')
    const partial = await importVcl(folder, 'default.vcl', '--partial')
    expect(partial.code).toBe(0)
    expect(partial.stdout).toContain('NOT TRANSLATED')
    expect(partial.stderr).toContain('untranslatable')
  })

  it('writes to a file, and tells programs', async () => {
    const folder = new Folder({ 'default.vcl': GOOD, 'bad.vcl': ILLEGAL })
    const written = await importVcl(folder, 'default.vcl', '-o', 'policy.ts')
    expect([written.code, written.stdout]).toEqual([0, ''])
    expect(readFileSync(folder.of('policy.ts'), 'utf8')).toContain('definePolicy')
    const json = JSON.parse((await importVcl(folder, 'bad.vcl', '--json', '-o', 'no.ts')).stdout) as Record<string, unknown>
    expect(json).toMatchObject({ ok: false, policy: null, problems: [{ kind: 'illegal', line: 4, column: 6 }] })
    expect(existsSync(folder.of('no.ts'))).toBe(false)
  })

  it('reads includes, from the folders that are named first', async () => {
    const folder = new Folder({
      'default.vcl': GOOD.replace('sub', 'include "part.vcl";\nsub'),
      'part.vcl': 'sub vcl_hit { return (pass); }\n',
    })
    const { code, stdout } = await importVcl(folder, 'default.vcl')
    expect(code).toBe(0)
    expect(stdout).toContain('hit({ pass })')
    const { files } = readVclFile(folder.of('default.vcl'))
    expect(files).toEqual(expect.arrayContaining([folder.of('default.vcl'), folder.of('part.vcl')]))
    const missing = new Folder({ 'default.vcl': 'vcl 4.1;\ninclude "nowhere.vcl";\n' })
    expect((await importVcl(missing, 'default.vcl')).stderr).toContain('nowhere.vcl')
    const elsewhere = new Folder({ 'part.vcl': 'sub vcl_hit { return (restart); }\n' })
    expect((await importVcl(folder, 'default.vcl', '--vcl-path', elsewhere.path)).stdout).toContain('restart()')
  })

  it('puts the VCLs that have labels into the same policy, and says which label has none', async () => {
    const first = `${GOOD}sub vcl_recv { return (vcl(shop)); }\n`
    const folder = new Folder({ 'default.vcl': first, 'shop.vcl': GOOD.replace('127.0.0.1', '127.0.0.2'), 'bad.vcl': ILLEGAL })
    const { code, stdout, stderr } = await importVcl(folder, 'default.vcl', '--label', 'shop=shop.vcl')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain("return vcl.handOver(context, 'shop')")
    expect(stdout).toContain('{ shop: shopPolicy() }')
    const { files } = readVclFile(folder.of('default.vcl'), [], { shop: folder.of('shop.vcl') })
    expect(files).toEqual([folder.of('default.vcl'), folder.of('shop.vcl')])
    const unsaid = await importVcl(folder, 'default.vcl')
    expect([unsaid.code, unsaid.stdout]).toEqual([3, ''])
    expect(unsaid.stderr).toContain('--label shop=OTHER.vcl')
    const partial = await importVcl(folder, 'default.vcl', '--partial')
    expect([partial.code, partial.stdout]).toEqual([0, expect.stringContaining('NOT TRANSLATED: which VCL has the label shop')])
    const nested = await importVcl(folder, 'default.vcl', '--label', 'shop=default.vcl')
    expect([nested.code, nested.stderr]).toEqual([3, expect.stringContaining('shop is a labelled VCL')])
    const bad = await importVcl(folder, 'default.vcl', '--label', 'shop=bad.vcl')
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('bad.vcl:4:6: illegal:')])
    const none = await importVcl(folder, 'default.vcl', '--label', 'shop=nothing.vcl')
    expect([none.code === 0, none.stderr]).toEqual([false, expect.stringContaining('nothing.vcl')])
    expect(await importVcl(folder, 'default.vcl', '--label', 'shop')).toMatchObject({ code: 2, stderr: expect.stringContaining('--label') })
  })

  it('wants a file that is there', async () => {
    const folder = new Folder({})
    expect((await importVcl(folder)).code).toBe(2)
    const { code, stderr } = await importVcl(folder, 'nothing.vcl')
    expect(code).not.toBe(0)
    expect(stderr).toContain('there is no such file')
  })
})
