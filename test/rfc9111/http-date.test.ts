import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../src/wire/http-date.ts'
import { WALL } from './answer.ts'

/** RFC 9110 §5.6.7 and RFC 9111 §4.2: a recipient accepts three formats and nothing else. */
const DATES: [text: string, expected: string | null][] = [
  ['Thu, 18 Aug 2050 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-50 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Friday, 20-Nov-76 12:00:00 GMT', '2076-11-20T12:00:00Z'],
  ['Sunday, 20-Nov-77 12:00:00 GMT', '1977-11-20T12:00:00Z'],
  ['Thu Aug  8 02:01:18 2050', '2050-08-08T02:01:18Z'],
  ['Thu Aug 18 02:01:18 2050', '2050-08-18T02:01:18Z'],
  ['THU, 18 Aug 2050 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Thu, 18 AUG 2050 02:01:18 gMT', '2050-08-18T02:01:18Z'],
  ['Mon, 18 Aug 2050 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Tue, 19 Jan 2038 14:14:08 GMT', '2038-01-19T14:14:08Z'],
  ['Sun, 21 Nov 2286 04:46:39 GMT', '2286-11-21T04:46:39Z'],
  ['Thu, 29 Feb 2024 23:59:60 GMT', '2024-03-01T00:00:00Z'],
  ['Thu, 18 Aug 2050 02:01:18 UTC', null],
  ['Thu, 18 Aug 2050 02:01:18 AEST', null],
  ['Thu, 18 Aug 2050 02:01:18 +0000', null],
  ['Thu, 18 Aug 2050 02:01:18', null],
  ['Thu, 18 Aug 50 02:01:18 GMT', null],
  ['Thu 18 Aug 2050 02:01:18 GMT', null],
  ['Thu, 18  Aug  2050 02:01:18 GMT', null],
  ['Thu,  18 Aug 2050 02:01:18 GMT', null],
  ['Thu, 18-Aug-2050 02:01:18 GMT', null],
  ['Thu, 18 Aug 2050 02.01.18 GMT', null],
  ['Thu, 18 Aug 2050 2:01:18 GMT', null],
  ['Thu, 8 Aug 2050 02:01:18 GMT', null],
  ['Thu Aug 8 02:01:18 2050', null],
  ['Thu, 18 Aug 2050 24:01:18 GMT', null],
  ['Thu, 18 Aug 2050 02:60:18 GMT', null],
  ['Thu, 18 Aug 2050 02:01:61 GMT', null],
  ['Thu, 31 Feb 2050 02:01:18 GMT', null],
  ['Thu, 00 Feb 2050 02:01:18 GMT', null],
  ['Thu, 18 Foo 2050 02:01:18 GMT', null],
  ['Foo, 18 Aug 2050 02:01:18 GMT', null],
  ['Thu, 18 Aug 0050 02:01:18 GMT', null],
  ['Thu, 18 Aug 2050 2:01:18 GMT, Thu, 18 Aug 2050 2:01:19 GMT', null],
  ['Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT', null],
  [' Thu, 18 Aug 2050 02:01:18 GMT', null],
  ['2050-08-18T02:01:18Z', null],
  ['0', null],
  ['-1', null],
  ['', null],
  ['garbage', null],
]

describe('HTTP-date', () => {
  test.each(DATES)('RFC 9110 §5.6.7: %j is %j', (text, expected) => {
    expect(parseHttpDate(text, WALL)).toBe(expected === null ? null : Date.parse(expected))
  })

  test('a date that was written is read back', () => {
    expect(formatHttpDate(WALL + 999)).toBe('Fri, 20 Nov 2026 12:00:00 GMT')
    expect(parseHttpDate(formatHttpDate(WALL + 999), WALL)).toBe(WALL)
  })
})

test('reads a date the same again, and again after others', () => {
  const dates = Array.from({ length: 9 }, (_, second) => `Sun, 06 Nov 1994 08:49:0${second} GMT`)
  const read = (): (number | null)[] => [...dates, 'Thu, 31 Feb 1994 08:49:00 GMT', ''].map((date) => parseHttpDate(date, 0))
  const first = read()
  expect(first[3]).toBe(784_111_743_000)
  expect(first.slice(9)).toEqual([null, null])
  for (let i = 0; i < 3; i++) expect(read()).toEqual(first)
  for (let i = 0; i < 3; i++) expect(parseHttpDate(dates[8] ?? '', 0)).toBe(first[8])
})
