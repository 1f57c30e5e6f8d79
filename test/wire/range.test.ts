import { describe, expect, test } from 'vitest'
import { multipartEnd, multipartHead } from '../../src/wire/byteranges.ts'
import { contentRange, parseContentRange, parseRange, requestedRange } from '../../src/wire/range.ts'
import fc from '../support/properties.ts'

const RANGES: [value: string, length: number, expected: 'ignore' | 'unsatisfiable' | [number, number][]][] = [
  ['bytes=0-1', 11, [[0, 1]]],
  ['BYTES=0-1', 11, [[0, 1]]],
  ['bytes=1-', 11, [[1, 10]]],
  ['bytes=-1', 11, [[10, 10]]],
  ['bytes=-99', 11, [[0, 10]]],
  ['bytes=0-99', 11, [[0, 10]]],
  ['bytes=10-10', 11, [[10, 10]]],
  [
    'bytes= 0-1 ,\t4-5',
    11,
    [
      [0, 1],
      [4, 5],
    ],
  ],
  [
    'bytes=0-1,,4-5,',
    11,
    [
      [0, 1],
      [4, 5],
    ],
  ],
  [
    'bytes=4-5,0-1',
    11,
    [
      [4, 5],
      [0, 1],
    ],
  ],
  ['bytes=4-8,0-4', 11, [[0, 8]]],
  ['bytes=0-9,0-3', 11, [[0, 9]]],
  ['bytes=0-1,99-', 11, [[0, 1]]],
  ['bytes=0-1,-0', 11, [[0, 1]]],
  ['bytes=0-18446744073709551615', 11, [[0, 10]]],
  ['bytes=0-,0-', 11, [[0, 10]]],
  ['bytes=0-,0-,0-0', 11, 'ignore'],
  ['bytes=0-18446744073709551615,0-18446744073709551615,0-18446744073709551615', 11, 'ignore'],
  ['bytes=11-', 11, 'unsatisfiable'],
  ['bytes=18446744073709551615-18446744073709551616', 11, 'unsatisfiable'],
  ['bytes=-0', 11, 'unsatisfiable'],
  ['bytes=11-,-0', 11, 'unsatisfiable'],
  ['bytes=-9223372036854775808', 11, [[0, 10]]],
  ['bytes=--9223372036854775808', 11, 'ignore'],
  ['bytes=5-2', 11, 'ignore'],
  ['bytes=0-1,5-2', 11, 'ignore'],
  ['bytes=', 11, 'ignore'],
  ['bytes=-', 11, 'ignore'],
  ['bytes=a-b', 11, 'ignore'],
  ['bytes=0-1;4-5', 11, 'ignore'],
  ['bytes=0 - 1', 11, 'ignore'],
  ['bytes=+0-1', 11, 'ignore'],
  ['bytes =0-1', 11, 'ignore'],
  ['bytes 0-1', 11, 'ignore'],
  ['items=0-1', 11, 'ignore'],
  ['0-1', 11, 'ignore'],
  ['', 11, 'ignore'],
  ['bytes=0-0', 0, 'unsatisfiable'],
  ['bytes=-0', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'ignore'],
]

describe('Range', () => {
  test.each(RANGES)('RFC 9110 §14.1.2, §14.2: %j of %d bytes is %j', (value, length, expected) => {
    const answer = parseRange(value, length, 16)
    if (typeof expected === 'string') expect(answer).toEqual({ type: expected })
    else expect(answer).toEqual({ type: 'ranges', ranges: expected.map(([first, last]) => ({ first, last })) })
  })

  test('more ranges than allowed are ignored', () => {
    const ranges = (count: number): string => `bytes=${Array.from({ length: count }, (_, index) => `${index * 2}-${index * 2}`).join()}`
    expect(parseRange(ranges(16), 1000, 16).type).toBe('ranges')
    expect(parseRange(ranges(17), 1000, 16)).toEqual({ type: 'ignore' })
    expect(parseRange(`bytes=${'0-,'.repeat(1300)}`, 1000, 16)).toEqual({ type: 'ignore' })
  })

  test('what Varnish refuses is refused where it is judged as Varnish does', () => {
    for (const value of ['bytes =0-1', 'bytes=0- 1', 'bytes=5-2', 'bytes=a-b']) {
      expect(parseRange(value, 11, 16, true), value).toEqual({ type: 'unsatisfiable' })
      expect(parseRange(value, 11, 16), value).toEqual({ type: 'ignore' })
    }
    for (const value of ['items=0-1', 'bytesize=0-1', 'bytes', 'bytes=', ''])
      expect(parseRange(value, 11, 16, true), value).toEqual({ type: 'ignore' })
    expect(parseRange('bytes=0-0', 0, 16, true)).toEqual({ type: 'ignore' })
  })

  test('whatever is asked, only bytes inside the representation come, no byte range twice, at most twice the length in all', () => {
    const position = fc.oneof(fc.nat(30).map(String), fc.constantFrom('', '9'.repeat(16), '9'.repeat(30)))
    const spec = fc.tuple(position, position).map((pair) => pair.join('-'))
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 5 }), fc.nat(25), (specs, length) => {
        const answer = parseRange(`bytes=${specs.join()}`, length, 16)
        if (answer.type !== 'ranges') return
        const seen = new Set<number>()
        for (const { first, last } of answer.ranges) {
          expect(first).toBeLessThanOrEqual(last)
          for (let at = first; at <= last; at++) {
            expect(seen.has(at)).toBe(false)
            expect(at < length).toBe(true)
            seen.add(at)
          }
        }
        expect(answer.ranges.length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['bytes=5-', { first: 5, last: null }],
    ['bytes=5-9', { first: 5, last: 9 }],
    ['bytes=-5', { first: null, last: 5 }],
    ['bytes=0-1,4-5', null],
    ['bytes=9-5', null],
    ['bytes=x', null],
    ['items=0-1', null],
  ])('without a length %j asks for %j', (value, expected) => {
    expect(requestedRange(value)).toEqual(expected)
  })
})

describe('Content-Range', () => {
  test.each([
    ['bytes 0-4/10', { first: 0, last: 4, total: 10 }],
    ['Bytes 0-4/*', { first: 0, last: 4, total: null }],
    ['bytes */10', { unsatisfied: 10 }],
    ['bytes */*', { unsatisfied: null }],
    ['bytes 4-0/10', null],
    ['bytes 0-10/10', null],
    ['bytes 0-4/10, bytes 0-4/10', null],
    ['bytes 0-4', null],
    ['bytes=0-4/10', null],
    ['bytes -4/10', null],
    [`bytes 0-${'9'.repeat(16)}/*`, null],
    ['items 0-4/10', null],
    ['', null],
  ])('RFC 9110 §14.4: %j is %j', (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected)
  })

  test('what is written is read back', () => {
    expect(contentRange(0, 4, 10)).toBe('bytes 0-4/10')
    expect(parseContentRange(contentRange(3, 7, 9))).toEqual({ first: 3, last: 7, total: 9 })
  })

  test('parts of a multipart body have their type and their place', () => {
    expect(multipartHead('B', 'text/plain', 0, 1, 9)).toBe('\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/9\r\n\r\n')
    expect(multipartHead('B', null, 0, 1, 9)).toBe('\r\n--B\r\nContent-Range: bytes 0-1/9\r\n\r\n')
    expect(multipartEnd('B')).toBe('\r\n--B--\r\n')
  })
})
