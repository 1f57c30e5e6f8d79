import { describe, expect, test } from 'vitest'
import { parseVary, variantField, variantKey } from '../../src/wire/vary.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'
import { received } from './answer.ts'

const sixteen = Array.from({ length: 16 }, (_, index) => `x-${String(index).padStart(2, '0')}`)

/** RFC 9110 §12.5.5, RFC 9111 §4.1: the lines of Vary. */
const VARY: [lines: string[], expected: string | string[]][] = [
  [[], 'none'],
  [[''], 'none'],
  [[' , ,'], 'none'],
  [['*'], 'star'],
  [['*, *'], 'star'],
  [['*', '*'], 'star'],
  [[', *'], 'star'],
  [['', '*'], 'star'],
  [['*, Foo'], 'star'],
  [['Foo, *'], 'star'],
  [['a, *'], 'star'],
  [[' *'], 'star'],
  [['*,a'], 'star'],
  [['bad name, *'], 'star'],
  [['Foo'], ['foo']],
  [['b, A ,b,'], ['a', 'b']],
  [
    ['Foo', 'BAR'],
    ['bar', 'foo'],
  ],
  [['__proto__, constructor'], ['__proto__', 'constructor']],
  [['bad name'], 'malformed'],
  [['a;b'], 'malformed'],
  [['a"'], 'malformed'],
  [['x'.repeat(127)], ['x'.repeat(127)]],
  [['x'.repeat(128)], 'malformed'],
  [[sixteen.join()], sixteen],
  [[`${sixteen.join()},${sixteen.join()}`], sixteen],
  [[`${sixteen.join()},y`], 'malformed'],
]

const key = (names: string[], ...lines: [string, string][]): string => variantKey(names, HeaderMap.of(lines), 'set')

describe('Vary', () => {
  test.each(VARY)('§4.1: lines %j are %j', (lines, expected) => {
    const found = parseVary(HeaderMap.of(lines.map((line) => ['Vary', line])))
    if (typeof expected === 'string') expect(found.type).toBe(expected)
    else expect(found).toEqual({ type: 'names', names: expected })
  })

  test('the answer says what its Vary is and whether it names Cookie', () => {
    expect(received([['Vary', 'Accept, cookie']]).control).toMatchObject({ vary: 'names', varyCookie: true })
    expect(received([['Vary', 'Accept']]).control).toMatchObject({ vary: 'names', varyCookie: false })
    expect(received([['Vary', '*, cookie']]).control).toMatchObject({ vary: 'star', varyCookie: false })
  })
})

describe('variant key', () => {
  test('§4.1: an absent field differs from an empty one', () => {
    expect(key(['a'])).not.toBe(key(['a'], ['A', '']))
  })

  test('§4.1: lines are joined, and white space around commas does not count', () => {
    expect(key(['a'], ['A', '1 ,\t2'])).toBe(key(['a'], ['A', '1'], ['a', '2']))
    expect(key(['a'], ['A', '1 2'])).not.toBe(key(['a'], ['A', '12']))
  })

  test('values cannot be arranged to look like those of another request', () => {
    expect(key(['a', 'b'], ['A', '1b:1:2'], ['B', '3'])).not.toBe(key(['a', 'b'], ['A', '1'], ['B', '2b:1:3']))
    expect(key(['a', 'b'], ['A', 'b;'])).not.toBe(key(['a', 'b'], ['A', 'b;'], ['B', '']))
  })

  test('values of the same text under another set of names are another variant', () => {
    expect(key(['a'], ['A', '1'])).not.toBe(key(['b'], ['B', '1']))
  })

  test('values are compared with their case', () => {
    expect(key(['a'], ['A', 'x'])).not.toBe(key(['a'], ['A', 'X']))
  })

  test('Accept-Encoding counts by the codings that it offers', () => {
    expect(key(['accept-encoding'], ['Accept-Encoding', 'gzip, br'])).toBe(
      key(['accept-encoding'], ['Accept-Encoding', 'br;q=0.9,GZIP, foo']),
    )
    expect(key(['accept-encoding'], ['Accept-Encoding', 'gzip'])).not.toBe(key(['accept-encoding'], ['Accept-Encoding', 'br']))
    expect(key(['accept-encoding'])).not.toBe(key(['accept-encoding'], ['Accept-Encoding', 'identity']))
  })

  test('Accept-Language counts as a set of ranges with weights, but byte for byte where that is asked for', () => {
    const one = HeaderMap.of([['Accept-Language', 'en, DE;q=0.8']])
    const other = HeaderMap.of([['Accept-Language', 'de;q=0.80,en;q=1']])
    for (const mode of ['set', 'setOrContentLanguage'] as const)
      expect(variantKey(['accept-language'], one, mode)).toBe(variantKey(['accept-language'], other, mode))
    expect(variantKey(['accept-language'], one, 'bytes')).not.toBe(variantKey(['accept-language'], other, 'bytes'))
  })

  test('§4.1: what the key holds of a field can be read from it again', () => {
    const names = ['a', 'accept-encoding', 'b', 'c', 'd']
    const lines: [string, string][] = [
      ['A', 'b:3:one;c;'],
      ['Accept-Encoding', 'br, gzip'],
      ['C', ''],
      ['D', '1'],
      ['D', '2 3'],
    ]
    const variant = `https ${variantKey(names, HeaderMap.of(lines), 'set')}`
    expect(names.map((name) => variantField(variant, name))).toEqual(['b:3:one;c;', 'br, gzip', undefined, '', '1,2 3'])
    expect(['x', 'https', '', 'one'].map((name) => variantField(variant, name))).toEqual([undefined, undefined, undefined, undefined])
    expect(variantField('https', 'a')).toBeUndefined()
  })

  test('§4.1: every value that a key was made of is found under its name', () => {
    const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,8}$/)
    const value = fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\x21-\x7e]|,/g, ':'))
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), fc.array(fc.option(value)), (names, values) => {
        const sorted = names.toSorted()
        const asked = sorted.map((each, i) => [each, values[i] ?? null] as const)
        const headers = HeaderMap.of(asked.flatMap(([each, text]) => (text === null ? [] : [[each, text] as [string, string]])))
        const variant = `http ${variantKey(sorted, headers, 'bytes')}`
        for (const [each, text] of asked) {
          if (each === 'accept-encoding' || each === 'accept-language') continue
          expect(variantField(variant, each)).toBe(text ?? undefined)
        }
      }),
    )
  })
})
