import { describe, expect, it } from 'vitest'
import type { Comment, Declaration, Expression, Statement } from '../../src/vcl/ast.ts'
import { parseVcl } from '../../src/vcl/parser.ts'
import { renderProblem } from '../../src/vcl/problem.ts'
import { textOf } from '../../src/vcl/source.ts'

function declarations(text: string): readonly Declaration[] {
  const { program, problems } = parseVcl({ name: 'test.vcl', text: `vcl 4.1;\n${text}` })
  expect(problems.map(renderProblem)).toEqual([])
  return program.declarations.slice(1)
}

function statements(text: string): readonly Statement[] {
  const [sub] = declarations(`sub x {\n${text}\n}`)
  return sub?.kind === 'sub' ? sub.body.statements : []
}

/** How deep what belongs to what: `((a + b) == c)`. */
function tree(node: Expression): string {
  switch (node.kind) {
    case 'name':
      return node.parts.join('.')
    case 'binary':
      return `(${tree(node.left)} ${node.operator} ${tree(node.right)})`
    case 'unary':
      return `${node.operator}${tree(node.operand)}`
    case 'concatenation':
      return `<${node.parts.map(tree).join(' ')}>`
    case 'parenthesised':
      return `{${tree(node.inner)}}`
    case 'call':
      return `${tree(node.callee)}(${node.arguments.map(({ name, value }) => (name === null ? '' : `${name.name}=`) + tree(value)).join(', ')})`
    case 'method':
      return `${tree(node.of)}→${node.method.name}()`
    case 'blob':
      return `:${node.base64}:`
    default:
      return `${node.kind === 'string' ? JSON.stringify(node.value) : node.value}${node.kind === 'duration' ? 's' : node.kind === 'bytes' ? 'B' : ''}`
  }
}

function value(text: string): string {
  const [statement] = statements(`set a = ${text};`)
  return statement?.kind === 'set' ? tree(statement.value) : '?'
}

const texts = (comments: readonly Comment[]): readonly string[] => comments.map(({ text }) => text.trim())

describe('declarations', () => {
  it('reads a backend with its attributes and a probe within', () => {
    const [backend] = declarations(
      'backend b { .host = "h"; .port = "80"; .probe = { .url = "/"; .interval = 5s; } .max_connections = 3; }',
    )
    if (backend?.kind !== 'backend') throw new Error('no backend')
    expect(backend.name.name).toBe('b')
    expect(backend.attributes?.map(({ name, value: { kind } }) => [name.name, kind])).toEqual([
      ['host', 'string'],
      ['port', 'string'],
      ['probe', 'probe-body'],
      ['max_connections', 'int'],
    ])
  })

  it('reads a backend that is none, in either case', () => {
    for (const none of ['none', 'None']) expect(declarations(`backend b ${none};`)[0]).toMatchObject({ kind: 'backend', attributes: null })
  })

  it('reads the lines of a probe’s request', () => {
    const [probe] = declarations('probe p { .request = "GET / HTTP/1.1" "Host: x"; .expect_close = true; }')
    expect(probe).toMatchObject({
      kind: 'probe',
      attributes: [{ value: { kind: 'concatenation' } }, { value: { kind: 'bool', value: true } }],
    })
  })

  it('reads ACLs: negation and parentheses either way round, masks within and behind', () => {
    const [acl] = declarations('acl a +log -pedantic +fold(-report) { "10.0.0.0"/8; ! "10.1.0.0/16"; ("name"); !("x"); (!"y"); }')
    if (acl?.kind !== 'acl') throw new Error('no acl')
    expect(acl.flags.map(({ name, on }) => [name, on])).toEqual([
      ['log', true],
      ['pedantic', false],
      ['fold', true],
    ])
    expect(acl.entries.map(({ host, mask, negated, optional }) => [host, mask, negated, optional])).toEqual([
      ['10.0.0.0', 8, false, false],
      ['10.1.0.0', 16, true, false],
      ['name', null, false, true],
      ['x', null, true, true],
      ['y', null, true, true],
    ])
  })

  it('reads imports, unused and inline C', () => {
    expect(declarations('import std; import cookie as c; import x from "/lib/x.so"; unused a, b; C{ int i; }C')).toMatchObject([
      { kind: 'import', module: { name: 'std' }, alias: null, from: null },
      { kind: 'import', module: { name: 'cookie' }, alias: { name: 'c' } },
      { kind: 'import', from: '/lib/x.so' },
      { kind: 'unused', names: [{ name: 'a' }, { name: 'b' }] },
      { kind: 'inline-c', code: ' int i; ' },
    ])
  })

  it('takes the version of the first file', () => {
    expect(parseVcl({ name: 'x', text: 'vcl 4.0;' }).program.version).toBe('4.0')
    expect(parseVcl({ name: 'x', text: '# x\nvcl 4.1;' }).program.version).toBe('4.1')
  })
})

describe('statements', () => {
  it('reads each of them', () => {
    const found = statements(`
      set req.url = "/"; set req.url += "x"; unset req.http."odd.name";
      call other; return; return (pass); return (synth(200, "OK"));
      new o = directors.hash(); std.log("x"); ban("x"); hash_data(req.url); synthetic({"x"});
      { call inner; } C{ x }C
      if (a) { } elseif (b) { } elsif (c) { } elif (d) { } else if (e) { } else { call f; }`)
    expect(found.map(({ kind }) => kind)).toEqual(
      'set set unset call return return return new expression expression expression expression block inline-c if'.split(' '),
    )
    expect(found[2]).toMatchObject({ target: { parts: ['req', 'http', 'odd.name'], quoted: true } })
    expect(found[4]).toMatchObject({ action: null })
    expect(found[6]).toMatchObject({ action: { name: { name: 'synth' }, arguments: [{}, {}] } })
    const last = found.at(-1)
    if (last?.kind !== 'if') throw new Error('no if')
    expect(last.branches.map(({ condition }) => tree(condition))).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(last.otherwise?.body.statements).toHaveLength(1)
  })

  it('knows where each stands', () => {
    const found = statements('  set a = b +\n    c; # x\n\treturn(ok);')
    expect(found.map(({ span }) => [span.line, span.column, textOf(span)])).toEqual([
      [3, 3, 'set a = b +\n    c;'],
      [5, 2, 'return(ok);'],
    ])
  })
})

describe('expressions', () => {
  it.each([
    ['a || b && c || d', '((a || (b && c)) || d)'],
    ['!a && !b', '(!a && !b)'],
    ['!a == b', '!(a == b)'],
    ['!a ~ "x"', '!(a ~ "x")'],
    ['a + b == c - d', '((a + b) == (c - d))'],
    ['a - b - c', '((a - b) - c)'],
    ['a + b * c / d % e', '(a + (((b * c) / d) % e))'],
    ['(a + b) * c', '({(a + b)} * c)'],
    ['-1s + -(b)', '(-1s + -{b})'],
    ['"a" b "c"', '<"a" b "c">'],
    ['"a" + b "c"', '<("a" + b) "c">'],
    ['"a" f(b) (c)', '<"a" f(b) {c}>'],
    ['a ~ "b" + "c"', '(a ~ <"b" "c">)'],
    ['f(a, n = b, m = "c" + d)', 'f(a, n=b, m=("c" + d))'],
    ['a.b.c.lower()', 'a.b.c.lower()'],
    ['(a).lower().upper()', '{a}→lower()→upper()'],
    ['f(a).lower()', 'f(a)→lower()'],
    ['req.http."x y".upper()', 'req.http.x y→upper()'],
    ['500ms', '0.5s'],
    ['1.5m', '90s'],
    ['2 h', '7200s'],
    ['1y', '31536000s'],
    ['3KB', '3072B'],
    ['1mb', '1048576B'],
    ['10k', '10240B'],
    ['true', 'true'],
    ['False', 'false'],
    [':Zm9v:', ':Zm9v:'],
    ['{"a"b"}', '"a\\"b"'],
  ])('reads %s as %s', (text, expected) => {
    expect(value(text)).toBe(expected)
  })

  it('spans from the first to the last character', () => {
    const [statement] = statements('set a = f( b ).lower() + "c" ;')
    if (statement?.kind !== 'set') throw new Error('no set')
    expect(textOf(statement.value.span)).toBe('f( b ).lower() + "c"')
  })
})

describe('comments', () => {
  it('belong to what they stand before or behind', () => {
    const { program } = parseVcl({
      name: 'x',
      text: `# file
vcl 4.1; # version

# of recv
// twice
sub vcl_recv { # first
  # of set
  set a = b; # behind set
  /* of if */
  if (a # in the condition
    || b) {
    call x;
    # last in if
  }
  # of else
  else { }
  # last in recv
} # behind recv
# last
`,
    })
    const [version, sub] = program.declarations
    if (sub?.kind !== 'sub') throw new Error('no sub')
    const [set, branch] = sub.body.statements
    if (branch?.kind !== 'if') throw new Error('no if')
    expect(texts(version?.leading ?? [])).toEqual(['file'])
    expect(texts(version?.trailing ?? [])).toEqual(['version'])
    expect(texts(sub.leading)).toEqual(['of recv', 'twice'])
    expect(sub.blankBefore).toBe(true)
    expect(texts(set?.leading ?? [])).toEqual(['first', 'of set'])
    expect(texts(set?.trailing ?? [])).toEqual(['behind set'])
    expect(texts(branch.leading)).toEqual(['of if'])
    expect(texts(branch.inner)).toEqual(['in the condition'])
    expect(texts(branch.branches[0]?.body.closing ?? [])).toEqual(['last in if'])
    expect(texts(branch.otherwise?.leading ?? [])).toEqual(['of else'])
    expect(texts(sub.body.closing)).toEqual(['last in recv'])
    expect(texts(sub.trailing)).toEqual(['behind recv'])
    expect(texts(program.closing)).toEqual(['last'])
  })

  it('belong to attributes and entries', () => {
    const [backend, acl] = declarations('backend b {\n# h\n.host = "x"; # t\n# c\n}\nacl a {\n# e\n"1.1.1.1"; // f\n# g\n}')
    expect(backend).toMatchObject({ attributes: [{ leading: [{ text: ' h' }], trailing: [{ text: ' t' }] }], closing: [{ text: ' c' }] })
    expect(acl).toMatchObject({ entries: [{ leading: [{ text: ' e' }], trailing: [{ text: ' f' }] }], closing: [{ text: ' g' }] })
  })

  it('are never lost, wherever they stand', () => {
    const words =
      'sub x { set a.b = c ( d , "e" ) + - f . g ( ) ; if ( h ) { return ( ok ) ; } else if ( i ) { } else { } } backend j { . k = "l" ; }'.split(
        ' ',
      )
    const text = `vcl 4.1;${words.map((word, index) => `${word}/*${index}*/`).join(' ')}`
    const { program, problems } = parseVcl({ name: 'x', text })
    expect(problems).toEqual([])
    const found =
      JSON.stringify(program.declarations.concat(), (key, item) => (key === 'file' ? undefined : item)) +
      JSON.stringify(program.closing, (key, item) => (key === 'file' ? undefined : item))
    for (const index of words.keys()) expect(found).toContain(`"text":"${index}"`)
  })
})
