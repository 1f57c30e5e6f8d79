import { describe, expect, it } from 'vitest'
import { checkPattern, compilePattern } from '../../vcl-ts/ban-pattern.ts'
import fc from '../support/properties.ts'

function refusal(pattern: string): string | null {
  try {
    checkPattern(pattern, false)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const ACCEPTED: readonly (readonly [pattern: string, matches: readonly string[], others: readonly string[]])[] = [
  ['', ['', 'a'], []],
  ['.*', ['', 'a'], []],
  ['.+', ['a'], ['']],
  ['^$', [''], ['a']],
  ['^/shop/.*', ['/shop/', '/shop/a'], ['/shop', '/a/shop/']],
  ['^/shop/$', ['/shop/'], ['/shop/a']],
  ['.*foo.*', ['foo', 'a foo b'], ['fo o']],
  ['foo.*bar.*baz', ['foobarbaz', 'barfoo bar foo baz'], ['foobaz bar', 'foobabaz']],
  ['^/de/.*x.*y$', ['/de/xy', '/de/y x y'], ['/de/xyz', 'a/de/xy', '/de/yx']],
  ['foo.*|bar.+baz.*!', ['foo', 'bar baz!'], ['fobarbaz!']],
  ['^/a/.*\\.html$', ['/a/b.html', '/a/.html.html'], ['/a/bhtml', '/a/b.html?']],
  ['((^|,)cat_p_1(,|$))|((^|,)cat_p(,|$))', ['cat_p', 'x,cat_p_1', 'cat_p_1,x'], ['cat_p_12', 'xcat_p', 'cat_p_']],
  ['(a|b)(,.+)?$', ['a', 'x b', 'a,c'], ['c', 'a,']],
  ['(^|,)(a|b)(,|$)', ['a', 'x,b,c'], ['ab', 'x,bc']],
  ['(^|,)(a\\|b)(,|$)', ['a|b'], ['a', 'b']],
  ['(a|b)($|\\,)', ['a', 'b,c'], ['ac']],
  ['\\/a\\-b\\#c\\:d\\_e', ['/a-b#c:d_e'], ['/a-b']],
  ['(?i)FOO', ['foo', 'Foo'], ['fo']],
  ['a(?i:b)c', ['abc', 'aBc'], ['ABc', 'abC']],
  ['(?i)[^b]c', ['aC'], ['bc', 'BC']],
  ['\\Qa.b*\\E+', ['a.b*', 'a.b**'], ['axb*', 'a.b']],
  ['[[:alpha:]-]+1', ['a1', '-1'], ['11']],
  ['[]a]x[^]b]', [']xa', 'ax '], ['bxa', 'axb', 'ax]']],
  ['\\x41\\x{42}\\.', ['AB.'], ['ABC']],
  ['^\\d{2,3}\\s\\w\\b', ['12 a', '123 b-'], ['1 a', '12 ab']],
  ['[a-z]+\\.html$', ['a.html'], ['.html', 'a.htm']],
  ['cat_\\d+x', ['cat_1x', 'cat_99x'], ['cat_x', 'cat_1']],
  ['/product/[^/]+/reviews', ['/product/1/reviews'], ['/product//reviews', '/product/1/2/reviews']],
  ['\\.(png|jpe?g|gif)(\\?.*)?$', ['a.png', 'a.jpg?x=1', 'a.jpeg'], ['a.pngx', 'a.jpeeg']],
  ['^/(en|de)/(.*)$', ['/en/', '/de/a'], ['/fr/']],
  ['(?:ab|cd)*e', ['e', 'abcde'], ['ab']],
  ['(a|a){30}b', [`${'a'.repeat(30)}b`], [`${'a'.repeat(29)}b`]],
  ['a{2,}b(?#or so){', ['aab{'], ['ab{']],
  [`^/${'long/'.repeat(200)}$`, [`/${'long/'.repeat(200)}`], ['/long/']],
  [Array.from({ length: 80 }, (_, i) => `((^|,)c_${i})`).join('|'), ['c_7', 'a,c_79'], ['xc_7', 'c_x']],
  ['x.{0,25}y', ['xy', `x${'a'.repeat(25)}y`], [`x${'a'.repeat(26)}y`]],
  ['x[^,]*y', ['xy', 'x,xay', 'xx,x,y,xy'], ['x,y', 'x,yx', 'y']],
  ['aa[^,]+b.*c[^;]{2,}d$', ['aaxbc12d', 'aa,aaab;c;c12d', 'aaaab,c--;cddd'], ['aabc12d', 'aaxbc12;d', 'aaxb c1d', 'aa,b,c12d']],
  ['^a.*b[^c]*d', ['abd', 'axbcbd', 'abbxd'], ['abcd', 'xabd']],
  ['(^|,)cat_[^,]*_de(,|$)', ['cat_1_de', 'a,cat_x_de,b'], ['cat_1,a_de', 'xcat_1_de', 'cat_1_dex']],
  ['x[^,]*(|y)', ['x', 'axb'], ['y']],
  ['(|y)[^,]*x', ['x', 'axb'], ['y']],
  ['\xe9t\xe9', ['l’\xe9t\xe9'], ['ete']],
]

describe('patterns of bans', () => {
  it.each(ACCEPTED)('take %j', (pattern, matches, others) => {
    const matcher = compilePattern(pattern, false)
    expect(matches.filter((text) => !matcher(text))).toEqual([])
    expect(others.filter((text) => matcher(text))).toEqual([])
  })

  it('match letters in both cases when told to', () => {
    const matcher = compilePattern('^WWW\\.[a-f]\\.example$', true)
    expect(['www.B.example', 'www.g.example'].map(matcher)).toEqual([true, false])
  })

  it.each([
    ['^(a+)+$', 'within another'],
    ['(.*)*', 'within another'],
    ['(a+b*)*', 'within another'],
    ['(a*){3}', 'can match nothing'],
    ['(a?){30}a{30}', 'can match nothing'],
    ['(a+){3}b', 'next to each other'],
    ['(a|a)*b', 'begin alike'],
    ['(a|ab)*c', 'begin alike'],
    ['(\\w|\\d)+x', 'begin alike'],
    ['\\d+\\d+', 'next to each other'],
    ['.*.*', 'next to each other'],
    ['a*a*a*b', 'next to each other'],
    ['a*b?a*', 'next to each other'],
    ['(a*|b)(c?|d)(a+|e)', 'next to each other'],
    ['x[^,]*y[^;]*z', 'follow one another'],
    ['^[^x]*a[^y]*b[^z]*c', 'follow one another'],
    ['(x|yy)[^,]*z', 'follow one another'],
    ['x([^,]*y|z)z', 'follow one another'],
    ['a.*(b.*c|d)e', 'follow one another'],
    ['a.*(b|cd).*e', 'follow one another'],
    ['(a{1000}){1000}', 'written out'],
    ['x.{0,200}y.{0,200}z', 'too many ways'],
    ['x.{0,40}y', 'too many ways'],
    ['(?:a?b?a?b?a?b?a?b?){9}c', 'can match nothing'],
    ['^a?a?a?a?a?a?a?a?a?a?aaaaaaaaaab', 'too many ways'],
    [Array.from({ length: 65 }, () => 'a*b').join(''), 'more than 64'],
    ['(a)\\1', 'refers back'],
    ['(?<n>a)\\k<n>', 'refers back'],
    ['a(?=b)', 'looks around'],
    ['a(?!b)', 'looks around'],
    ['(?<=a)b', 'looks around'],
    ['(?<!a)b', 'looks around'],
    ['(?>a)', 'possessive'],
    ['a++', 'possessive'],
    ['(?R)', 'not supported'],
    ['(?1)', 'not supported'],
    ['(*UTF)a', 'not supported'],
    ['\\p{L}', 'not supported'],
    ['\\Ka', 'not supported'],
    ['[[:alpa:]]', 'there is no class'],
    ['[[.a.]]', 'collating'],
    ['*a', 'nothing before'],
    ['^*', 'nothing before'],
    ['a|+', 'nothing before'],
    ['a**', 'two quantifiers'],
    ['a{2}{3}', 'two quantifiers'],
    ['a{,3}', 'both numbers'],
    ['a{3,2}', 'is less than'],
    ['a{1001}', 'at most 1000'],
    ['[b-a]', 'from lower to higher'],
    ['[a', 'never closed'],
    ['(a', 'never closed'],
    ['a)', 'closes nothing'],
    ['a\\', 'at the end'],
    ['a\u0100', 'never occur'],
    ['a\n', 'never occur'],
    ['a'.repeat(1025), 'at most 1024'],
    [`${'('.repeat(51)}a${')'.repeat(51)}`, 'at most 50 deep'],
  ])('refuse %j', (pattern, reason) => {
    expect(refusal(pattern)).toContain(reason)
  })

  const atom = fc.constantFrom('a', 'b', ',', '.', '[ab]', '[^a]', '^', '$', 'ab', '\\,', '\\b')
  const { pattern } = fc.letrec<{ pattern: string; part: string; row: string }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 3 },
      atom,
      fc
        .tuple(fc.constantFrom('a', 'b', ',', '.', '[ab]', '[^a]'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '*?'))
        .map((two) => two.join('')),
      tie('pattern').map((inner) => `(${inner})`),
      fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}')).map(([inner, count]) => `(${inner})${count}`),
    ),
    row: fc.array(tie('part'), { maxLength: 5 }).map((parts) => parts.join('')),
    pattern: fc.array(tie('row'), { minLength: 1, maxLength: 3 }).map((rows) => rows.join('|')),
  }))
  const text = fc.array(fc.constantFrom('a', 'b', ',', 'x'), { maxLength: 12 }).map((chars) => chars.join(''))

  it('answer as V8 does wherever they are taken', () => {
    let taken = 0
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 20 }), (source, texts) => {
        if (refusal(source) !== null) return
        taken++
        const matcher = compilePattern(source, false)
        const expression = new RegExp(source)
        expect(texts.map(matcher)).toEqual(texts.map((each) => expression.test(each)))
      }),
      { numRuns: 10_000, seed: 7 },
    )
    expect(taken).toBeGreaterThan(1500)
  })

  // Backtracking without bounds would not end within the test’s time: 64 KiB squared are seconds for each pair, an exponential never ends.
  it('come to an end on hostile texts of 64 KiB', () => {
    const texts = ['a', 'a,', 'cat_p_', ',cat_p', 'foo', 'foobar', '/product/', '/de/x', '.png?', '1', 'x', 'ab', ' ', '/a/.html', 'cd']
      .map((part) => part.repeat(Math.ceil(65_536 / part.length)))
      .flatMap((each) => [each, `${each}!`, `/a/${each}`, `/de/${each}`])
    let matches = 0
    for (const [accepted] of ACCEPTED) {
      const matcher = compilePattern(accepted, false)
      for (const each of texts) if (matcher(each)) matches++
    }
    expect(matches).toBeGreaterThan(0)
    fc.assert(
      fc.property(pattern, fc.array(fc.constantFrom('a', 'b', ',', 'x'), { minLength: 1, maxLength: 4 }), (source, part) => {
        if (refusal(source) !== null) return
        const matcher = compilePattern(source, false)
        expect([true, false]).toContain(matcher(`${part.join('').repeat(10_000)}x`))
      }),
      { numRuns: 2000, seed: 11 },
    )
  })
})
