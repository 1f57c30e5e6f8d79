import { describe, expect, test } from 'vitest'
import { evaluateConditional, hasOriginPrecondition, ifRangeHolds } from '../../src/wire/conditional.ts'
import { isStrong, listMatches, parseEntityTag, strongMatch, weakMatch } from '../../src/wire/entity-tag.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { at, WALL } from '../rfc9111/answer.ts'

describe('entity tags', () => {
  test.each([
    ['"a"', { weak: false, opaque: '"a"' }],
    ['W/"a"', { weak: true, opaque: '"a"' }],
    ['""', { weak: false, opaque: '""' }],
    ['"a,b\xfc"', { weak: false, opaque: '"a,b\xfc"' }],
    ['w/"a"', null],
    ['a', null],
    ['"a', null],
    ['"a b"', null],
    ['"a""b"', null],
    ['', null],
  ])('RFC 9110 §8.8.3: %j is %j', (text, expected) => {
    expect(parseEntityTag(text)).toEqual(expected)
    expect(isStrong(text)).toBe(expected !== null && !expected.weak)
  })

  test.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['1', '1', false, true],
  ])('RFC 9110 §8.8.3.2: %s and %s match strongly: %j, weakly: %j', (a, b, strong, weak) => {
    expect([strongMatch(a, b), weakMatch(a, b)]).toEqual([strong, weak])
  })

  test.each([
    ['"a"', '"a"', true, true],
    ['"x", "a", "y"', '"a"', true, true],
    ['"x","a"', '"a"', true, true],
    ['W/"a"', '"a"', true, false],
    ['"a"', 'W/"a"', true, false],
    ['W/"a"', 'W/"a"', true, false],
    ['"x, y", "a"', '"a"', true, true],
    ['"x, y"', '"x, y"', true, false],
    ['"x, "a", y"', '"a"', false, false],
    ['*', '"a"', true, true],
    [' * ', '', true, true],
    ['"*"', '"a"', false, false],
    ['"b"', '"a"', false, false],
    ['a', '"a"', false, false],
    ['"a', '"a"', false, false],
    ['"a"junk', '"a"', true, true],
    ['', '"a"', false, false],
    ['"a"', '', false, false],
    ['""', '', false, false],
  ])('RFC 9110 §13.1.2: the list %s names %s weakly: %j, strongly: %j', (list, etag, weak, strong) => {
    expect([listMatches(list, etag, false), listMatches(list, etag, true)]).toEqual([weak, strong])
  })

  test('a list of thousands of tags, and one of quotes only, are read in one pass', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => `W/"tag${index}"`).join(', ')
    expect(listMatches(list, '"tag19999"', false)).toBe(true)
    expect(listMatches(list, '"tag20000"', false)).toBe(false)
    expect(listMatches('"'.repeat(300_001), '"a"', false)).toBe(false)
  })
})

describe('conditional requests', () => {
  const stored = { etag: '"a"', lastModified: WALL - 10_000, date: WALL, hasRange: false, strongWithRange: false }
  const evaluate = (lines: [string, string][], more: Partial<typeof stored> | { etag: null } | { lastModified: null } = {}): string =>
    evaluateConditional({ headers: HeaderMap.of(lines), ...stored, ...more })

  test.each([
    ['no condition', [], 'deliver'],
    ['§13.1.2 the tag', [['If-None-Match', '"a"']], 'notModified'],
    ['§13.1.2 the weak tag', [['If-None-Match', 'W/"a"']], 'notModified'],
    ['§13.1.2 another tag', [['If-None-Match', '"b"']], 'deliver'],
    [
      '§13.1.2 tags on two lines',
      [
        ['If-None-Match', '"b"'],
        ['If-None-Match', '"a"'],
      ],
      'notModified',
    ],
    ['§13.1.2 any', [['If-None-Match', '*']], 'notModified'],
    ['§13.1.3 the same date', [['If-Modified-Since', at(-10)]], 'notModified'],
    ['§13.1.3 a later date', [['If-Modified-Since', at(-9)]], 'notModified'],
    ['§13.1.3 an earlier date', [['If-Modified-Since', at(-11)]], 'deliver'],
    ['§13.1.3 the RFC 850 form', [['If-Modified-Since', 'Friday, 20-Nov-26 12:00:00 GMT']], 'notModified'],
    ['§13.1.3 the asctime form', [['If-Modified-Since', 'Fri Nov 20 12:00:00 2026']], 'notModified'],
    ['§13.1.3 no date', [['If-Modified-Since', 'yesterday']], 'deliver'],
    [
      '§13.1.3 two dates',
      [
        ['If-Modified-Since', at(0)],
        ['If-Modified-Since', at(0)],
      ],
      'deliver',
    ],
    [
      '§13.2.2 a tag that fails beside a date that holds',
      [
        ['If-None-Match', '"b"'],
        ['If-Modified-Since', at(0)],
      ],
      'deliver',
    ],
    [
      '§13.2.2 a tag that holds beside a date that fails',
      [
        ['If-None-Match', '"a"'],
        ['If-Modified-Since', at(-99)],
      ],
      'notModified',
    ],
  ] as [string, [string, string][], string][])('RFC 9110 %s: %j gives %s', (_what, lines, expected) => {
    expect(evaluate(lines)).toBe(expected)
  })

  test('without a stored tag only * matches', () => {
    expect(evaluate([['If-None-Match', '"a"']], { etag: null })).toBe('deliver')
    expect(evaluate([['If-None-Match', '*']], { etag: null })).toBe('notModified')
  })

  test('RFC 9111 §4.3.2: without Last-Modified the date is compared with Date', () => {
    expect(evaluate([['If-Modified-Since', at(-1)]], { lastModified: null })).toBe('deliver')
    expect(evaluate([['If-Modified-Since', at(0)]], { lastModified: null })).toBe('notModified')
  })

  test('beside Range the comparison is strong only where that is asked for', () => {
    expect(evaluate([['If-None-Match', 'W/"a"']], { hasRange: true })).toBe('notModified')
    expect(evaluate([['If-None-Match', 'W/"a"']], { hasRange: true, strongWithRange: true })).toBe('deliver')
    expect(evaluate([['If-None-Match', 'W/"a"']], { strongWithRange: true })).toBe('notModified')
  })

  test('If-Match and If-Unmodified-Since are for the origin', () => {
    for (const name of ['If-Match', 'If-Unmodified-Since']) expect(hasOriginPrecondition(HeaderMap.of([[name, 'x']]))).toBe(true)
    expect(hasOriginPrecondition(HeaderMap.of([['If-None-Match', '"a"']]))).toBe(false)
  })

  test.each([
    [null, true],
    ['"a"', true],
    ['"b"', false],
    ['W/"a"', false],
    ['"a", "b"', false],
    [at(-10), true],
    [at(-9), false],
    [at(-11), false],
    ['Fri Nov 20 11:59:50 2026', true],
    ['garbage', false],
    ['', false],
  ])('RFC 9110 §13.1.5: If-Range %j lets Range count: %j', (value, expected) => {
    const headers = HeaderMap.of(value === null ? [] : [['If-Range', value]])
    expect(ifRangeHolds(headers, '"a"', WALL - 10_000, WALL)).toBe(expected)
  })

  test('RFC 9110 §8.8.2.2: a Last-Modified of the same second as Date is too weak for If-Range', () => {
    const headers = HeaderMap.of([['If-Range', at(0)]])
    expect(ifRangeHolds(headers, null, WALL, WALL)).toBe(false)
    expect(ifRangeHolds(headers, null, WALL, WALL + 1000)).toBe(true)
    expect(ifRangeHolds(headers, null, null, WALL)).toBe(false)
    expect(ifRangeHolds(HeaderMap.of([['If-Range', 'W/"a"']]), 'W/"a"', null, WALL)).toBe(false)
  })
})
