import { describe, expect, it } from 'vitest'
import { firstSliceOf, sliceOf, sliceRange, strongValidator, withinSlice } from '../../src/wire/slices.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

const WALL = Date.UTC(2026, 10, 27)

/** A representation, the size of its slices, and a range within it. */
const ranges = fc.tuple(fc.integer({ min: 1, max: 2 ** 50 }), fc.integer({ min: 1, max: 2 ** 26 })).chain(([total, size]) =>
  fc.tuple(fc.constant(total), fc.constant(size), fc.integer({ min: 0, max: total - 1 })).chain(([, , first]) =>
    fc.record({
      total: fc.constant(total),
      size: fc.constant(size),
      first: fc.constant(first),
      last: fc.integer({ min: first, max: Math.min(total - 1, first + 20 * size) }),
    }),
  ),
)

describe('slices', () => {
  it('hold together exactly the bytes of a range, each once and in order', () => {
    fc.assert(
      fc.property(ranges, ({ total, size, first, last }) => {
        let next = first
        for (let index = sliceOf(first, size); index <= sliceOf(last, size); index++) {
          const slice = sliceRange(index, size, total)
          const within = withinSlice(index, size, { first, last })
          expect(slice.first + within.first).toBe(next)
          expect(slice.first + within.last).toBeLessThanOrEqual(slice.last)
          expect(within.first).toBeLessThanOrEqual(within.last)
          next = slice.first + within.last + 1
        }
        expect(next).toBe(last + 1)
      }),
    )
  })

  it('end with the representation', () => {
    expect(sliceRange(2, 100, 250)).toEqual({ first: 200, last: 249 })
    expect(sliceRange(2, 100, null)).toEqual({ first: 200, last: 299 })
  })

  it.each([
    [undefined, 0],
    ['bytes=0-', 0],
    ['bytes=99-100', 0],
    ['bytes=100-', 1],
    ['bytes=1000-1001', 10],
    ['bytes=-5', 0],
    ['bytes=500-600,0-1', 0],
    ['lines=500-600', 0],
    ['bytes=99999999999999999999-', 0],
  ])('are asked for from %s on at number %i', (range, index) => {
    expect(firstSliceOf(range, 100)).toBe(index)
  })
})

describe('strongValidator', () => {
  const DATE = 'Fri, 27 Nov 2026 00:00:00 GMT'
  const cases: readonly (readonly [string, HeaderPairs, string | null])[] = [
    ['a strong tag', [['ETag', '"a"']], '"a"'],
    ['a weak tag', [['ETag', 'W/"a"']], null],
    [
      'a weak tag beside a date',
      [
        ['ETag', 'W/"a"'],
        ['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT'],
        ['Date', DATE],
      ],
      null,
    ],
    ['a malformed tag', [['ETag', 'a']], null],
    [
      'a date that is old enough',
      [
        ['Last-Modified', 'Thu, 26 Nov 2026 23:59:59 GMT'],
        ['Date', DATE],
      ],
      'Thu, 26 Nov 2026 23:59:59 GMT',
    ],
    [
      'a date of the same second',
      [
        ['Last-Modified', DATE],
        ['Date', DATE],
      ],
      null,
    ],
    ['a date without Date', [['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT']], null],
    ['nothing', [], null],
  ]
  it.each(cases)('of %s', (_, fields, validator) => {
    expect(strongValidator(HeaderMap.of(fields), WALL)).toBe(validator)
  })
})
