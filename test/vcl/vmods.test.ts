import { describe, expect, it } from 'vitest'
import { HOOK_SUBS, type HookSub } from '../../src/vcl/checked-ast.ts'
import { readVcl } from '../../src/vcl/front.ts'
import type { Parameter, Signature } from '../../src/vcl/signature.ts'
import { BUILTINS } from '../../src/vcl/signature.ts'
import type { ValueType } from '../../src/vcl/value-types.ts'
import { VMODS } from '../../src/vcl/vmods.ts'
import { accepted, problemsOf, refused, shown, statementsOf } from './rig.ts'

/** A value of each type that can be written in every hook; HTTP and HEADER depend on it. */
const VALUES: Readonly<Partial<Record<ValueType, string>>> = {
  BACKEND: 'default',
  BLOB: ':Zm9v:',
  BOOL: 'true',
  BYTES: '1KB',
  DURATION: '1s',
  INT: '1',
  IP: '"192.0.2.1"',
  REAL: '1.5',
  REGEX: '"a+"',
  STRANDS: '"x" + now',
  STRING: '"x"',
  SUB: 'helper',
  TIME: 'now',
}

function message(hook: HookSub): string {
  if (hook === 'vcl_backend_fetch') return 'bereq'
  return hook.startsWith('vcl_backend_') ? 'beresp' : 'req'
}

function argument({ type, words }: Parameter, hook: HookSub): string {
  if (type === 'ENUM') return words[0] ?? ''
  if (type === 'HTTP') return message(hook)
  return type === 'HEADER' ? `${message(hook)}.http.X` : (VALUES[type] ?? '?')
}

function call(of: string, parameters: readonly Parameter[], hook: HookSub): string {
  return `${of}(${parameters.map((parameter) => argument(parameter, hook)).join(', ')})`
}

const IMPORTS = `${[...VMODS.keys()].map((name) => `import ${name};`).join(' ')} sub helper { } unused helper;`

interface Case {
  readonly title: string
  readonly signature: Signature
  /** What it is called on or by, and what stands before the hook. */
  readonly of: string
  readonly before: string
}

const CASES: readonly Case[] = [...VMODS.values()].flatMap((vmod) => [
  ...[...vmod.functions.values()].map((signature) => ({
    title: `${vmod.name}.${signature.name}`,
    signature,
    of: `${vmod.name}.${signature.name}`,
    before: IMPORTS,
  })),
  ...[...vmod.classes.values()].flatMap((item) =>
    [...item.methods.values()].map((signature) => ({
      title: `${vmod.name}.${item.name}.${signature.name}`,
      signature,
      of: `o.${signature.name}`,
      before: `${IMPORTS} sub vcl_init { new o = ${call(`${vmod.name}.${item.name}`, item.parameters, 'vcl_init')}; }`,
    })),
  ),
])

function needsMessage({ parameters }: Signature): boolean {
  return parameters.some(({ type }) => type === 'HTTP' || type === 'HEADER')
}

describe.each(CASES.map((item) => [item.title, item] as const))('%s', (_title, { signature, of, before }) => {
  const { parameters, scope } = signature
  // In vcl_init and vcl_fini there are no messages, in vcl_pipe none to roll back.
  const hooks = needsMessage(signature) ? HOOK_SUBS.filter((hook) => hook !== 'vcl_init' && hook !== 'vcl_fini') : HOOK_SUBS

  it('may be called where its signature says, with arguments by place or by name', () => {
    for (const hook of hooks) {
      const byName = parameters.every(({ name }) => name !== null)
      const named = `${of}(${parameters
        .map((parameter) => `${parameter.name} = ${argument(parameter, hook)}`)
        .toReversed()
        .join(', ')})`
      for (const text of byName ? [call(of, parameters, hook), named] : [call(of, parameters, hook)])
        expect([hook, text, problemsOf(`${before} sub ${hook} { ${text}; }`).length === 0]).toEqual([hook, text, scope.has(hook)])
    }
  })

  it('is refused without what it needs, with too much, and with what it does not know', () => {
    const hook = hooks.find((candidate) => scope.has(candidate)) ?? 'vcl_recv'
    const all = parameters.map((parameter) => argument(parameter, hook))
    const tooMany = problemsOf(`${before} sub ${hook} { ${of}(${[...all, '"more"'].join(', ')}); }`)
    expect(tooMany[0]?.reason).toMatch(/takes (no arguments|one argument|\d+ arguments)$/)
    expect(problemsOf(`${before} sub ${hook} { ${of}(nonsense = 1); }`)[0]?.reason).toBe(`${of}() has no argument ‘nonsense’`)
    const first = parameters.findIndex(({ optional }) => !optional)
    if (first >= 0) {
      const [problem] = problemsOf(`${before} sub ${hook} { ${of}(${all.slice(0, first).join(', ')}); }`)
      expect(problem?.reason).toMatch(new RegExp(`misses .*, ${parameters[first]?.type}$`))
    }
  })

  it('is refused with a value of another type', () => {
    const hook = hooks.find((candidate) => scope.has(candidate)) ?? 'vcl_recv'
    for (const [index, { type }] of parameters.entries()) {
      // Anything has a text but an HTTP, and a truth but a TIME.
      const other = type === 'STRING' || type === 'STRANDS' ? 'helper' : type === 'TIME' ? '1s' : 'now'
      const args = parameters.map((parameter, at) => (at === index ? other : argument(parameter, hook)))
      expect([type, problemsOf(`${before} sub ${hook} { ${of}(${args.join(', ')}); }`).length > 0]).toEqual([type, true])
    }
  })
})

describe('functions of VCL itself', () => {
  it.each([...BUILTINS.values()].map((signature) => [signature.name, signature] as const))('%s', (name, { returns, parameters, scope }) => {
    for (const hook of HOOK_SUBS) {
      const text = call(name, parameters, hook)
      const statement = returns === 'VOID' ? text : `std.log(${text})`
      expect([hook, problemsOf(`import std; sub ${hook} { ${statement}; }`).length === 0]).toEqual([hook, scope.has(hook)])
    }
  })

  it('that yield something are no statements', () => {
    refused('sub vcl_recv { ‹regsub(req.url, "a", "b")›; }', 'what regsub() yields is taken by nothing', 'write set variable = before it')
  })
})

describe('a call', () => {
  it('has its arguments in the order of the parameters, with what is preset', () => {
    const program = accepted(`import std; import blob; import directors; import header; import vsthrottle;
      sub vcl_init { new d = directors.shard(); d.add_backend(default, weight = 2.0); new f = directors.fallback(); }
      sub vcl_recv {
        std.collect(req.http.Cookie);
        set req.http.a = blob.transcode(encoded = "YQ==", decoding = BASE64);
        set req.backend_hint = d.backend(by = KEY, key = d.key(req.url), resolve = LAZY);
        set req.http.b = vsthrottle.is_denied(client.ip, 10, 1m);
        header.copy(req.http.A, req.http.B);
      }`)
    const texts = [...statementsOf(program, 'vcl_init'), ...statementsOf(program)].map((statement) =>
      statement.kind === 'set' ? shown(statement.value) : statement.kind === 'expression' ? shown(statement.call) : statement.kind,
    )
    expect(texts).toEqual([
      'new',
      'd<directors.shard>.add_backend(BACKEND default, —, —, 2:REAL)',
      'new',
      'std.collect(req.http.Cookie, ", ":STRING)',
      'blob.transcode(BASE64, IDENTITY, DEFAULT, 0:INT, "YQ==":STRING)',
      'd<directors.shard>.backend(KEY, d<directors.shard>.key(req.url), —, 0:INT, -1:REAL, true:BOOL, CHOSEN, —, LAZY)',
      'STRING(vsthrottle.is_denied(STRING(client.ip), 10:INT, 60:DURATION, 0:DURATION))',
      'header.copy(req.http.A, req.http.B)',
    ])
    expect([...program.objects.values()].map((object) => [object.name, object.module, object.class, object.arguments.map(shown)])).toEqual([
      ['d', 'directors', 'shard', []],
      ['f', 'directors', 'fallback', ['false:BOOL']],
    ])
  })

  it('goes by the name that the VMOD was given', () => {
    const program = accepted('import purge as p; sub vcl_hit { set req.http.n = p.hard(); }')
    const [set] = statementsOf(program, 'vcl_hit')
    expect(set?.kind === 'set' && shown(set.value)).toBe('STRING(purge.hard())')
    expect(program.imports.get('p')?.module).toBe('purge')
  })

  it.each([
    ['set req.url = ‹std.querysrot›(req.url);', 'the VMOD std has no function ‘querysrot’', 'did you mean querysort?'],
    ['set req.url = ‹cookie.get›("a");', 'there is no VMOD and no object ‘cookie’', 'write import cookie; at the beginning'],
    ['set req.url = ‹stdd.tolower›("a");', 'there is no VMOD and no object ‘stdd’', 'did you mean std?'],
    ['set req.backend_hint = ‹d›;', 'an object is no value', 'call a method of it, such as .backend()'],
    ['set req.backend_hint = ‹d.backend›;', '‘d.backend’ is a call without parentheses', 'write d.backend()'],
    ['set req.backend_hint = ‹d.backnd›();', '‘d’ is a directors.round_robin, which has no method ‘backnd’', 'did you mean .backend()?'],
    ['‹normalise›();', 'there is no function ‘normalise’', 'write call normalise;'],
    ['‹nothing›();', 'there is no function ‘nothing’', null],
    ['std.log("a", ‹"b"›);', 'std.log() takes one argument', null],
    ['‹std.log()›;', 'std.log() misses the argument ‘s’, STRANDS', null],
    ['std.collect(‹"a"›);', 'this is a STRING, not a HEADER', 'write a field, such as req.http.Name'],
    ['std.syslog(‹"1"›, "a");', 'this is a STRING, not an INT', 'convert it: std.integer(…, 0)'],
    ['std.syslog(priority = 1, ‹"a"›);', 'an argument without a name cannot follow one with a name', null],
    ['std.syslog(1, "a", ‹priority› = 2);', 'the argument ‘priority’ is given twice', null],
    [
      'set req.http.a = blob.encode(‹BASE65›, blob = :YQ==:);',
      '‘encoding’ of blob.encode() is one of IDENTITY, BASE64, BASE64URL, BASE64URLNOPAD, BASE64CF, HEX or URL',
      null,
    ],
    [
      'set req.http.a = ‹directors.round_robin›();',
      'the VMOD directors has no function ‘round_robin’',
      'it makes objects: new name = directors.round_robin(…); in vcl_init',
    ],
    ['set req.http.a = ‹purge.hard›();', 'purge.hard() cannot be called in vcl_recv', 'it can in vcl_hit and vcl_miss'],
    ['‹new e = directors.hash();›', 'objects cannot be made in vcl_recv', 'they are made in vcl_init'],
  ])('is refused: %s', (statement, reason, hint) => {
    const before =
      'import std; import blob; import directors; import purge; sub normalise { } unused normalise; sub vcl_init { new d = directors.round_robin(); }'
    refused(`${before} sub vcl_recv { ${statement} }`, reason, hint)
  })

  it.each([
    ['new e = ‹nothing.thing›();', 'the VMOD ‘nothing’ is not imported', 'write import nothing; at the beginning'],
    ['new e = ‹directors.rond_robin›();', 'the VMOD directors has no class ‘rond_robin’', 'did you mean directors.round_robin?'],
    ['new e = ‹directors›();', '‘directors’ is no class', null],
    ['new e = directors.fallback(‹now›);', 'a TIME is neither true nor false', 'compare it with something'],
  ])('of a constructor is refused: %s', (statement, reason, hint) => {
    refused(`import directors; sub vcl_init { ${statement} }`, reason, hint)
  })
})

describe('what has no translation', () => {
  it('is the import of a VMOD that nobody knows, and all that uses it', () => {
    const text = `import querystring; import dynamic as dyn; acl a { } unused a;
      sub vcl_init { new q = querystring.filter(); q.add_string("x"); new d = dyn.director(port = "80"); }
      sub vcl_recv { set req.url = querystring.clean(req.url) + "x"; set req.backend_hint = d.backend("h"); if (q.x() && querystring.y() == "z") { querystring.log(); } }`
    const problems = problemsOf(text)
    expect(problems.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['untranslatable', 'the VMOD querystring has no translation'],
      ['untranslatable', 'the VMOD dynamic has no translation'],
    ])
  })

  it('stands at its place in a program that is there all the same', () => {
    const { program } = readVcl({
      name: 'x',
      text: `vcl 4.1; import dynamo; backend default none; C{ int i; }C
        sub vcl_recv { C{ i++; }C dynamo.go("a"); set req.url = "a" + dynamo.url(1) + "b"; if (!dynamo.ok()) { } }`,
    })
    expect(program?.declarations.filter(({ kind }) => kind === 'untranslatable')).toMatchObject([
      { what: 'vmod', name: 'dynamo', source: 'import dynamo;' },
      { what: 'inline-c', source: 'C{ int i; }C' },
    ])
    const [c, go, set, branch] = program === null ? [] : statementsOf(program)
    expect(c).toMatchObject({ kind: 'untranslatable', what: 'inline-c', source: 'C{ i++; }C' })
    expect(go).toMatchObject({ kind: 'untranslatable', what: 'vmod', name: 'dynamo', source: 'dynamo.go("a");' })
    expect(set?.kind === 'set' && shown(set.value)).toBe('["a":STRING, ?STRING dynamo.url(1), "b":STRING]')
    expect(branch?.kind === 'if' && shown(branch.branches[0]?.condition ?? null)).toBe('!?BOOL dynamo.ok()')
  })

  it('is inline C', () => {
    refused(
      'sub vcl_recv { ‹C{› int i; }C }',
      'inline C cannot be translated',
      'say in VCL or in TypeScript what it does',
      {},
      'untranslatable',
    )
  })

  it('is not said of what is illegal', () => {
    const { length } = problemsOf('import dynamo; sub vcl_recv { set req.ulr = dynamo.x(); }').filter(({ kind }) => kind === 'illegal')
    expect(length).toBe(1)
  })
})
