import { describe, expect, it } from 'vitest'
import { readVcl } from '../../src/vcl/front.ts'
import { lex } from '../../src/vcl/lexer.ts'
import { renderProblem } from '../../src/vcl/problem.ts'
import fc from '../support/properties.ts'

/** Reads it, shows every problem, and looks whether each lies in the text. */
function read(text: string): ReturnType<typeof readVcl> {
  const result = readVcl({ name: 'any.vcl', text })
  expect(result.problems.length).toBeLessThanOrEqual(20)
  expect(result.program === null).toBe(result.problems.some(({ kind }) => kind === 'illegal'))
  for (const problem of result.problems) {
    const { start, end, line, column } = problem.span
    expect(start >= 0 && end >= start && end <= text.length).toBe(true)
    const before = text.slice(0, start).split('\n')
    expect([line, column]).toEqual([before.length, (before.at(-1) ?? '').length + 1])
    expect(renderProblem(problem)).toContain(problem.reason)
  }
  return result
}

const WORDS = [
  ...'vcl 4.1; 4.0 sub acl backend probe import include unused set unset call return if else elseif new none std directors'.split(' '),
  ...'vcl_recv vcl_init vcl_deliver x y default req.url req.http.x resp.http."q" beresp.ttl obj.hits now client.ip true storage.s'.split(
    ' ',
  ),
  ...'{ } ( ) ; , = += -= == != ~ !~ && || ! + - * / % < > . .lower() #c\n //c\n /*c*/ 1 1.5 2s 3KB "a" {"b"} """c""" :Zm9v: C{i}C'.split(
    ' ',
  ),
  ...'regsub(req.url,"a","b") std.log("x") hash_data("x") .host="h"; .url "10.0.0.0"/8; pass deliver synth(200) restart \n \t \0 é “'.split(
    ' ',
  ),
]

describe('any text', () => {
  it('is a program, or has problems that lie in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void read(text)),
      { numRuns: 500 },
    )
  })

  it('of VCL’s words is a program, or has problems that lie in it', () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((list) => list.join(' '))
    fc.assert(
      fc.property(words, fc.boolean(), (text, begun) => void read(begun ? `vcl 4.1; backend default none; sub vcl_recv { ${text}` : text)),
      { numRuns: 1500 },
    )
  })

  it('that was legal until something was cut from it, or put into it, is so, too', () => {
    const legal = `vcl 4.1;
import std; import directors; # imports
backend a { .host = "a.example"; .probe = { .url = "/"; .interval = 5s; } }
backend b { .host = "192.0.2.1"; }
acl list +log { "10.0.0.0"/8; ! "10.1.0.0"/16; ("maybe"); }
sub vcl_init { new d = directors.hash(); d.add_backend(a, 1.0); d.add_backend(b); return (ok); }
sub vcl_recv {
  /* all */ if (client.ip ~ list && !(req.http.Cookie || req.restarts > 2)) { return (synth(403, "no " + client.ip)); }
  elsif (req.url ~ "^/(a|b)" + "c") { unset req.http."odd.one"; } else { call other; }
  set req.backend_hint = d.backend(req.url {"x"} now + 1h);
}
sub other { set req.http.x = std.tolower(regsuball(req.url, "a", "\\1")).upper() "y" :Zm9v:; }
`
    expect(read(legal).problems.map(renderProblem)).toEqual([])
    fc.assert(
      fc.property(fc.nat(legal.length), fc.nat(20), fc.constantFrom('', ...WORDS), (at, cut, word) => {
        read(legal.slice(0, at) + word + legal.slice(at + cut))
      }),
      { numRuns: 1500 },
    )
  })
})

describe('a text that is made to be hard', () => {
  const inside = (statement: string): string => `vcl 4.1; backend default none; sub vcl_recv { ${statement} }`

  it.each([
    ['parentheses', inside(`set req.url = ${'('.repeat(10_000)}"a"${')'.repeat(10_000)};`)],
    ['parentheses that never close', inside(`set req.url = ${'('.repeat(10_000)}`)],
    ['signs', inside(`set req.ttl = ${'- '.repeat(10_000)}1s;`)],
    ['blocks', inside('{ '.repeat(10_000) + '} '.repeat(10_000))],
    ['ifs', inside('if (true) { '.repeat(10_000) + '} '.repeat(10_000))],
    ['calls', inside(`set req.url = ${'std.tolower('.repeat(10_000)}"a"${')'.repeat(10_000)};`)],
  ])('is refused where its %s are nested too deep', (_title, text) => {
    const { problems } = read(text)
    expect(problems.map(({ reason }) => reason)).toContain('this is nested more than 100 levels deep')
  })

  it.each([
    ['methods', inside(`set req.url = (req.url)${'.lower()'.repeat(10_000)};`)],
    ['operators', inside(`if (${Array.from({ length: 10_000 }, () => 'req.http.x').join(' && ')}) { }`)],
    ['summands', inside(`set req.url = ${Array.from({ length: 10_000 }, () => '"a"').join(' + ')};`)],
  ])('is refused where it has too many %s in a row', (_title, text) => {
    expect(read(text).problems[0]?.reason).toMatch(/^this expression has more than \d+ operators in a row$/)
  })

  it('is legal up to these bounds', () => {
    const texts = [
      inside(`set req.url = ${'('.repeat(90)}"a"${')'.repeat(90)};`),
      inside('if (true) { '.repeat(90) + '} '.repeat(90)),
      inside(`if (${Array.from({ length: 1000 }, () => 'req.http.x').join(' && ')}) { }`),
      inside(`set req.url = ${Array.from({ length: 1000 }, () => '"a"').join(' + ')};`),
      inside(`set req.url = ${Array.from({ length: 10_000 }, () => '"a"').join(' ')};`),
      inside(`if (true) { } ${'elseif (true) { } '.repeat(10_000)}`),
    ]
    for (const text of texts) expect(read(text).problems.map(renderProblem)).toEqual([])
    expect(read(inside(`set req.ttl = ${Array.from({ length: 60 }, () => '1s').join(' + ')};`)).problems[0]?.reason).toBe(
      'more than 50 operators in a row',
    )
  })

  it('does not overflow the stack where long rows nest', () => {
    const row = (inner: string): string => `(${inner}${' + "a"'.repeat(900)})`
    let text = '"a"'
    for (let depth = 0; depth < 90; depth++) text = row(text)
    expect(read(inside(`set req.url = ${text};`)).problems.map(renderProblem)).toEqual([])
  })

  const million = (piece: string): string => piece.repeat(Math.ceil(1_000_000 / piece.length))

  // Anything quadratic would take minutes.
  it.each([
    ['statements', `vcl 4.1; backend default none; sub vcl_recv { ${million('set req.http.X-Name = "a" + req.url; # why\n')} }`],
    ['statements on one line', `vcl 4.1; backend default none; sub vcl_recv { ${million('set req.http.X-Name = "a" + req.url; ')} }`],
    ['hooks', `vcl 4.1; backend default none; ${million('sub vcl_recv { } ')}`],
    ['entries', `vcl 4.1; backend default none; unused a; acl a { ${million('"10.0.0.0"/8; ')} }`],
    ['comments', `vcl 4.1; backend default none; ${million('# one\n')}`],
    ['comments on one line', `vcl 4.1; backend default none; ${million('/**/')}`],
    ['empty lines', `vcl 4.1; backend default none; ${million('\n')}`],
    ['one name', `vcl 4.1; backend default none; ${million('a')}`],
    ['one text', `vcl 4.1; backend default none; sub vcl_recv { set req.url = {"${million('"')}"}; }`],
    ['texts', million('"')],
    ['open texts', million('"a\n')],
    ['blobs', million(':')],
    ['stray characters', million('^ ')],
    ['braces', million('{')],
    ['closing braces', million('}')],
    ['ifs that are wrong', `vcl 4.1; sub vcl_recv { ${million('else { } ')}`],
    ['points', `vcl 4.1; sub vcl_recv { set ${million('a.')}`],
    ['wrong words', `vcl 4.1; sub vcl_recv { ${million('set req.ulrrrrrrrr = "x"; ')}`],
  ])('of a megabyte of %s is read in linear time', (_title, text) => {
    const begun = performance.now()
    read(text)
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  it('has long chains of subs', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => `sub s${index} { call s${index + 1}; }`).join('\n')
    const text = `vcl 4.1; backend default none; sub vcl_recv { call s0; } ${chain} sub s20000 { set req.http.x = obj.hits; }`
    const { problems } = read(text)
    expect(problems.map(({ reason }) => reason)).toEqual([
      'obj.hits cannot be read in vcl_recv, which calls s0, which calls s1, which calls …, which calls s19998, which calls s19999, which calls s20000',
    ])
  })

  it('is lexed without a token more than it has', () => {
    expect(lex({ name: 'x', text: '' }).tokens).toHaveLength(1)
  })
})
