import { describe, expect, it } from 'vitest'
import { lex } from '../../src/vcl/lexer.ts'

function tokens(text: string): readonly string[] {
  return lex({ name: 'x', text }).tokens.map(({ kind, text: word }) => (kind === 'mark' || kind === 'name' ? word : `${kind}:${word}`))
}

describe('the lexer', () => {
  it.each([
    ['names with hyphens', 'req.http.X-Forwarded-For', ['req', '.', 'http', '.', 'X-Forwarded-For']],
    ['the longest marks', 'a!~b!=c<=d&&e||f+=g', ['a', '!~', 'b', '!=', 'c', '<=', 'd', '&&', 'e', '||', 'f', '+=', 'g']],
    ['numbers, and units as words of their own', '10s 1.5 2MB', ['int:10', 's', 'real:1.5', 'int:2', 'MB']],
    ['texts without escapes', String.raw`"a\" "b"`, [String.raw`string:a\ `.trim(), 'string:b']],
    ['long texts in either form', '{"a\n"b"} """c "d" e"""', ['string:a\n"b', 'string:c "d" e']],
    ['an empty text, and three quotes', '"" """"""', ['string:', 'string:']],
    ['blobs', ':Zm9v:', ['blob:Zm9v']],
    ['inline C', 'C{ int i; }C', ['inline-c: int i; ']],
    ['a byte order mark', '\uFEFFvcl', ['vcl']],
  ])('reads %s', (_title, text, expected) => {
    expect(lex({ name: 'x', text }).problems).toEqual([])
    expect(tokens(text)).toEqual([...expected, 'end:'])
  })

  it('keeps comments of all three kinds with the token behind them', () => {
    const { tokens: found } = lex({ name: 'x', text: '# one\n// two\r\n\n/* three\nfour */ a' })
    expect(found[0]?.comments.map(({ style, text, blankBefore }) => [style, text, blankBefore])).toEqual([
      ['#', ' one', false],
      ['//', ' two', false],
      ['/*', ' three\nfour ', true],
    ])
  })

  it('counts lines and columns from 1, a tab as one', () => {
    const { tokens: found } = lex({ name: 'x', text: 'a\r\n\tb {"x\ny"} c' })
    expect(found.map(({ span, lastLine }) => [span.line, span.column, lastLine])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [2, 4, 3],
      [3, 5, 3],
      [3, 6, 3],
    ])
  })

  it.each([
    ['"abc', 'this string has no end on its line'],
    ['{"abc', 'this long string has no end'],
    ['"""abc', 'this long string has no end'],
    ['C{ abc', 'this inline C has no end'],
    ['/* abc', 'this comment has no end'],
    ['/* a /* b */', 'this comment contains another ‘/*’; comments do not nest'],
    ['1234567890123456', 'this number has too many digits'],
    ['1.2345', 'this number has too many digits'],
    [':Zm9', 'this blob has no closing colon'],
    [':Zm9:', 'a blob’s base64 has four characters for each three bytes, with = as padding'],
    ['^^^ ', '"^^^" has no meaning in VCL'],
    ['__NAME__', '"__NAME__" has no meaning in VCL'],
    ['\0', '"\\u0000" has no meaning in VCL'],
  ])('complains of %j', (text, reason) => {
    const { problems } = lex({ name: 'x', text })
    expect(problems.map((problem) => problem.reason)).toEqual([reason])
    expect(problems[0]?.span.start).toBe(0)
  })
})
