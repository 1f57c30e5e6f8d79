import { describe, expect, it } from 'vitest'
import { readVcl } from '../../src/vcl/front.ts'
import type { VclReader } from '../../src/vcl/include.ts'
import type { Problem } from '../../src/vcl/problem.ts'
import { kindsOf } from './rig.ts'

function reader(files: Readonly<Record<string, string>>, more: Partial<VclReader> = {}): VclReader {
  return { read: (path) => files[path] ?? null, ...more }
}

const MAIN = '/etc/varnish/default.vcl'
const BACKEND = 'backend default none;'

function read(text: string, files: Readonly<Record<string, string>>, more: Partial<VclReader> = {}): ReturnType<typeof readVcl> {
  return readVcl({ name: MAIN, text: `vcl 4.1; ${text}` }, reader(files, more))
}

const reasons = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ span, reason }) => `${span.file.name}:${span.line}:${span.column} ${reason}`)

describe('include', () => {
  it('brings declarations, in their place', () => {
    const { program, problems } = read(`include "a.vcl"; ${BACKEND} sub vcl_recv { set req.http.b = "2"; }`, {
      '/etc/varnish/a.vcl': 'vcl 4.0;\nsub vcl_recv { set req.http.a = "1"; }\n# end of a',
    })
    expect(reasons(problems)).toEqual([])
    expect(program?.files.map(({ name }) => name)).toEqual([MAIN, '/etc/varnish/a.vcl'])
    expect(program?.hooks.get('vcl_recv')?.map(({ span }) => span.file.name)).toEqual(['/etc/varnish/a.vcl', MAIN])
    expect(program?.declarations.find((item) => item.kind === 'comments')).toMatchObject({ closing: [{ text: ' end of a' }] })
  })

  it('brings statements into a sub, and entries into an ACL', () => {
    const { program, problems } = read(
      `${BACKEND} acl a { "10.0.0.1"; include "list"; } unused a; sub vcl_recv { include "body"; return (hash); }`,
      {
        '/etc/varnish/list': '"10.0.0.2"; # two\n"10.0.0.3";',
        '/etc/varnish/body': '# what it does\nset req.url = "/";\nif (req.http.x) { return (pass); }',
      },
    )
    expect(reasons(problems)).toEqual([])
    expect(program?.acls.get('a')?.entries.map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    const [include, last] = program?.hooks.get('vcl_recv')?.[0]?.body.statements ?? []
    expect(include?.kind === 'include' && kindsOf(include.statements)).toEqual(['set', 'if'])
    expect(last?.kind).toBe('return')
  })

  it('looks in vcl_path, then beside the first file, then beside the including one', () => {
    const seen: string[] = []
    const { problems } = readVcl(
      { name: MAIN, text: `vcl 4.1; ${BACKEND} include "conf/a.vcl";` },
      {
        read: (path) => {
          seen.push(path)
          return path === '/etc/varnish/conf/a.vcl' ? 'include "b.vcl";' : path === '/etc/varnish/conf/b.vcl' ? '# here' : null
        },
        vclPath: ['/usr/share/vcl', '/opt/'],
      },
    )
    expect(reasons(problems)).toEqual([])
    expect(seen).toEqual([
      '/usr/share/vcl/conf/a.vcl',
      '/opt/conf/a.vcl',
      '/etc/varnish/conf/a.vcl',
      '/usr/share/vcl/b.vcl',
      '/opt/b.vcl',
      '/etc/varnish/b.vcl',
      '/etc/varnish/conf/b.vcl',
    ])
  })

  it('takes ./ to be beside the including file, and an absolute path as it is', () => {
    const { problems } = read(`${BACKEND} include "sub/a.vcl"; include "/abs/c.vcl";`, {
      '/etc/varnish/sub/a.vcl': 'include "./b.vcl";',
      '/etc/varnish/sub/b.vcl': '',
      '/etc/varnish/b.vcl': 'nonsense',
      '/abs/c.vcl': '',
    })
    expect(reasons(problems)).toEqual([])
  })

  it('brings all that a pattern names, in order', () => {
    const globs: string[] = []
    const list = (glob: string): readonly string[] => {
      globs.push(glob)
      return ['/etc/varnish/d/1.vcl', '/etc/varnish/d/2.vcl']
    }
    const files = { '/etc/varnish/d/1.vcl': 'sub vcl_hit { }', '/etc/varnish/d/2.vcl': 'sub vcl_hit { }' }
    const { program } = read(`${BACKEND} include +glob "./d/*.vcl";`, files, { list })
    expect(globs).toEqual(['/etc/varnish/d/*.vcl'])
    expect(program?.hooks.get('vcl_hit')).toHaveLength(2)
  })

  it('says where something is wrong in what it brought', () => {
    const { problems } = read(`${BACKEND} include "a.vcl"; sub vcl_hit { set req.ulr = "x"; }`, {
      '/etc/varnish/a.vcl': '\n sub vcl_recv { set req.ulr = "x"; }',
    })
    expect(reasons(problems)).toEqual([
      `${MAIN}:1:67 there is no variable ‘req.ulr’`,
      '/etc/varnish/a.vcl:2:21 there is no variable ‘req.ulr’',
    ])
  })

  it.each([
    ['include "x.vcl";', '1:40 there is no file "x.vcl" to include', 'looked for /etc/varnish/x.vcl'],
    ['include "";', '1:40 include names no file', null],
    ['include +glob "*.vcl";', '1:46 +glob takes an absolute path, or one that begins with ./', 'write "./*.vcl"'],
    ['include +glob "/x/*";', '1:46 +glob needs a folder to look into, and there is none here', null],
  ])('is refused: %s', (text, reason, hint) => {
    const { problems } = read(`${BACKEND} ${text}`, {})
    expect(reasons(problems)).toEqual([`${MAIN}:${reason}`])
    expect(problems[0]?.hint).toBe(hint)
  })

  it('refuses a pattern that matches nothing, or what cannot be read', () => {
    expect(reasons(read(`${BACKEND} include +glob "/x/*";`, {}, { list: () => [] }).problems)).toEqual([
      `${MAIN}:1:46 no file matches "/x/*"`,
    ])
    expect(reasons(read(`${BACKEND} include +glob "/x/*";`, {}, { list: () => ['/x/y'] }).problems)).toEqual([
      `${MAIN}:1:46 /x/y cannot be read`,
    ])
  })

  it('refuses files that include themselves, however far round', () => {
    const { problems } = read(`${BACKEND} include "a.vcl";`, {
      '/etc/varnish/a.vcl': 'include "b.vcl";',
      '/etc/varnish/b.vcl': 'include "a.vcl";',
    })
    expect(reasons(problems)).toEqual([
      '/etc/varnish/b.vcl:1:9 /etc/varnish/a.vcl includes itself: /etc/varnish/a.vcl → /etc/varnish/b.vcl → /etc/varnish/a.vcl',
    ])
    expect(read(`${BACKEND} include "default.vcl";`, { [MAIN]: '' }).problems).toHaveLength(1)
  })

  it('comes to an end where each file includes the next one twice', () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`/etc/varnish/${index}`, `include "${index + 1}"; include "${index + 1}";`]),
    )
    const { problems } = read(`${BACKEND} include "0";`, files)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(20)
  })

  it('bounds how deep files include each other', () => {
    const files = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/etc/varnish/${index}`, `include "${index + 1}";`]))
    expect(reasons(read(`${BACKEND} include "0";`, files).problems)).toEqual(['/etc/varnish/48:1:9 more than 50 levels of includes'])
  })

  it('refuses a file of a newer version than the first', () => {
    const { problems } = readVcl({ name: MAIN, text: `vcl 4.0; ${BACKEND} include "a.vcl";` }, reader({ '/etc/varnish/a.vcl': 'vcl 4.1;' }))
    expect(reasons(problems)).toEqual(['/etc/varnish/a.vcl:1:1 this file is of VCL 4.1, and what includes it of 4.0'])
    expect(problems[0]?.hint).toBe(`begin ${MAIN} with vcl 4.1;`)
  })
})
