import { describe, expect, it } from 'vitest'
import { parseVcl } from '../../src/vcl/parser.ts'
import { textOf } from '../../src/vcl/source.ts'
import { problemsOf, refused } from './rig.ts'

describe('a text that is no VCL', () => {
  it.each([
    ['sub vcl_recv { set req.url = "/"‹› }', '‘;’ is missing after set; found ‘}’', null],
    ['sub vcl_recv { set req.url = "/"‹›\n  set req.url = "x"; }', '‘;’ is missing after set; found ‘set’', null],
    ['sub vcl_recv { set req.url ‹"/"›; }', '‘=’ is missing after the variable; found the text "/"', null],
    ['sub vcl_recv { set req.url = ‹;› }', 'a value is missing; found ‘;’', null],
    ['sub vcl_recv { set req.http.‹1›x = "a"; }', 'the name of what stands behind the point is missing; found ‘1’', null],
    ['sub vcl_recv { if (req.url ‹=› "/") { } }', '‘=’ sets; it does not compare', 'write == to compare'],
    ['sub vcl_recv { if ‹req›.url { } }', '‘(’ is missing before the condition; found ‘req’', null],
    ['sub vcl_recv { if (req.url ~ ‹)› { } }', 'a value is missing; found ‘)’', null],
    ['sub vcl_recv { if (req.url) ‹return› (pass); }', '‘{’ is missing after the condition; found ‘return’', null],
    ['sub vcl_recv { ‹else› { } }', '‘else’ follows no if', null],
    ['sub vcl_recv { if (req.url) { } else ‹call› x; }', '‘{’ is missing or ‘if’ after else; found ‘call’', null],
    ['sub vcl_recv { return ‹pass›; }', 'the action stands in parentheses', 'write return (pass);'],
    ['sub vcl_recv { return (‹)›; }', 'the name of an action is missing; found ‘)’', null],
    [
      'sub vcl_recv { ‹error› 404 "x"; }',
      '‘error’ is no statement of VCL 4',
      'write return (synth(status, reason)), or in vcl_backend_* return (error(status, reason))',
    ],
    ['sub vcl_recv { ‹remove› req.http.x; }', '‘remove’ is no statement of VCL 4', 'write ‘unset’'],
    ['sub vcl_synth { ‹synthetic› "x"; }', '‘synthetic’ is no statement of VCL 4', 'write synthetic(text);'],
    ['sub vcl_recv { ‹req.url› = "x"; }', '‘req.url’ is no statement of VCL 4', 'write set before it, or call it with ()'],
    ['sub vcl_recv { ‹"x"›; }', 'a statement cannot begin with the text "x"', null],
    ['sub vcl_recv ‹{› call x;', 'the block that begins here is never closed', 'close it with ‘}’'],
    ['sub vcl_recv { std.log("a"‹;› }', '‘)’ is missing after the arguments; found ‘;’', null],
    ['sub vcl_recv { set req.url = ("a"‹;› }', '‘)’ is missing to close the parenthesis; found ‘;’', null],
    ['sub vcl_recv { set req.ttl = 10‹q›; }', '‘q’ is no unit', 'times are in ms, s, m, h, d, w, y; sizes in B, KB, MB, GB, TB'],
    ['sub vcl_recv { set req.ttl = ‹10M›; }', 'this is a BYTES, not a DURATION', null],
    [
      'sub vcl_recv { set req.url = ‹"›abc; }',
      'this string has no end on its line',
      'close it, or write {"…"} for a text of several lines',
    ],
    ['sub vcl_recv { set req.url = (req.url).lower‹;› }', 'a method needs parentheses; found ‘;’', null],
    [
      '‹director› d round-robin { }',
      'a declaration cannot begin with ‘director’',
      'directors are made in vcl_init: new name = directors.round_robin();',
    ],
    [
      '‹set› req.url = "x";',
      'a declaration cannot begin with ‘set’',
      'here may stand acl, backend, import, include, probe, sub, unused, vcl',
    ],
    ['import ‹;›', 'the name of the VMOD is missing; found ‘;’', null],
    ['import std from ‹x›;', 'from is followed by a path in quotes; found ‘x’', null],
    ['include ‹x›;', 'include is followed by a path in quotes; found ‘x’', null],
    ['include +‹golb› "x";', 'include has no flag +golb', 'the only one is +glob'],
    ['sub ‹{› }', 'the name of the sub is missing; found ‘{’', null],
    ['vcl ‹4.2›;', 'VCL 4.2 is not known here', 'write vcl 4.1; or vcl 4.0;'],
  ])('is refused with place and reason: %s', (text, reason, hint) => {
    refused(text, reason, hint)
  })

  it('begins with its version', () => {
    for (const text of ['backend default none;', '', '# nothing', 'sub vcl_recv { }']) {
      const { problems } = parseVcl({ name: 'x', text })
      expect(problems.map(({ reason, hint }) => [reason, hint])).toEqual([
        ['the version is missing: VCL begins with it', 'write vcl 4.1; on the first line'],
      ])
    }
  })
})

describe('after a problem', () => {
  it('goes on behind the statement, and finds the next', () => {
    const problems = problemsOf(`
      sub vcl_recv { set req.url = ; set req.url = "x"; if (req.url = "a") { set x = ; } else { call ; } call y; unset ; }
      sub vcl_hit { foo; }
      backend b { .host "x"; .port = ; .url = "y"; }
      acl a { x; "y"; "z" }
      nonsense { }
      sub vcl_miss { return (a b); }`)
    expect(problems.map(({ span, reason }) => `${span.line}: ${reason}`)).toEqual([
      '2: a value is missing; found ‘;’',
      '2: ‘=’ sets; it does not compare',
      '2: the name of a variable or function is missing; found ‘;’',
      '3: ‘foo’ is no statement of VCL 4',
      '4: ‘=’ is missing after .host; found the text "x"',
      '4: a value is missing; found ‘;’',
      '5: an entry is an address or a name in quotes; found ‘x’',
      '5: ‘;’ is missing after the entry; found ‘}’',
      '6: a declaration cannot begin with ‘nonsense’',
      '7: ‘)’ is missing after the action; found ‘b’',
    ])
  })

  it('stops after twenty', () => {
    const statements = 'set = 1; '.repeat(100)
    expect(problemsOf(`sub vcl_recv { ${statements} }`)).toHaveLength(20)
    expect(problemsOf(`sub vcl_recv { ${'set req.ulr = "x"; '.repeat(100)} }`)).toHaveLength(20)
    expect(problemsOf('^ '.repeat(100))).toHaveLength(20)
  })

  it('keeps what could be read', () => {
    const { program } = parseVcl({ name: 'x', text: 'vcl 4.1; sub a { set = 1; call b; } sub c { }' })
    expect(program.declarations.map(({ kind }) => kind)).toEqual(['version', 'sub', 'sub'])
    const [, sub] = program.declarations
    expect(sub?.kind === 'sub' && sub.body.statements.map((statement) => textOf(statement.span))).toEqual(['call b;'])
  })
})
