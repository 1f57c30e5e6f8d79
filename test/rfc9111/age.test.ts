import { describe, expect, test } from 'vitest'
import { parseAge } from '../../src/wire/age.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { at, received, WALL } from './answer.ts'

/** RFC 9111 §5.1: the first member of the first line counts if it is digits. */
const AGES: [lines: string[], seconds: number][] = [
  [[], 0],
  [['7200'], 7200],
  [['abc'], 0],
  [['-7200'], 0],
  [['+5'], 0],
  [['7200.0'], 0],
  [['2147483647'], 2_147_483_647],
  [['2147483648'], 2 ** 31],
  [['99999999999999999999'], 2 ** 31],
  [['7200, 0'], 7200],
  [['0, 7200'], 0],
  [['7200', '0'], 7200],
  [['0', '7200'], 0],
  [['0, 0'], 0],
  [['3600', '3600'], 3600],
  [['7200;foo=bar'], 0],
  [['7200;foo=111'], 0],
  [[', 7200'], 0],
  [[''], 0],
  [['abc', '7200'], 0],
]

describe('Age', () => {
  test.each(AGES)('§5.1: lines %j are %d seconds', (lines, seconds) => {
    expect(parseAge(HeaderMap.of(lines.map((line) => ['Age', line])))).toBe(seconds)
  })

  test('§4.2.3: the time that the answer took adds to Age', () => {
    expect(received([['Age', '10']], { delay: 2500 }).age).toBe(12.5)
  })

  test('§4.2.3: a Date in the past counts when it says more than Age', () => {
    expect(received([['Date', at(-30)]]).age).toBe(30)
    expect(
      received([
        ['Date', at(-30)],
        ['Age', '40'],
      ]).age,
    ).toBe(40)
    expect(
      received(
        [
          ['Date', at(-50)],
          ['Age', '40'],
        ],
        { delay: 5000 },
      ).age,
    ).toBe(50)
  })

  test('§4.2.3: a Date ahead of our clock makes nothing younger than new', () => {
    expect(received([['Date', at(3600)]]).age).toBe(0)
    expect(
      received([
        ['Date', at(3600)],
        ['Cache-Control', 'max-age=60'],
      ]).ttl,
    ).toBe(60)
  })

  test('keeps fractions of a second', () => {
    expect(received([['Date', at(0)]], { wall: WALL + 900 }).age).toBeCloseTo(0.9)
  })

  test('a monotonic clock that seems to run backwards does not make an answer younger', () => {
    expect(received([['Age', '5']], { delay: -10_000 }).age).toBe(5)
  })
})
