import CachePolicy from 'http-cache-semantics'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lifetimeSeconds, messageOf } from '../../src/wire/freshness.ts'
import { type Message, OVERRIDES, RAW_FIELDS, type RawFields } from '../../src/wire/freshness-overrides.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import { at, inputOf, received, WALL } from '../rfc9111/answer.ts'
import fc from '../support/properties.ts'

interface Sample {
  readonly status: number
  readonly method: string
  readonly fields: HeaderPairs
}

/** What the package says of the message as it came. */
function packageSays({ status, method, fields }: Sample): number {
  const map = HeaderMap.of(fields)
  const headers = Object.fromEntries(fields.map(([name]) => [name.toLowerCase(), map.joined(name) ?? '']))
  return new CachePolicy({ url: '/', method, headers: {} }, { status, headers }).maxAge()
}

function weSay({ status, method, fields }: Sample): { seconds: number; message: Message; raw: RawFields } {
  const input = inputOf(fields, { status, method })
  const message = messageOf(input)
  const raw = Object.fromEntries(RAW_FIELDS.map((name) => [name, input.headers.joined(name) ?? null])) as RawFields
  return { seconds: lifetimeSeconds(message, received(fields, { status, method }).control.source), message, raw }
}

const base = { status: 200, method: 'GET' }

/** For each rule a message where it alone makes the difference. */
const WITNESSES: Sample[] = [
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['CDN-Cache-Control', 'max-age=9'],
      ['Cache-Control', 'max-age=5'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'MAX-AGE=9'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9, max-age=5'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9, private'],
    ],
  },
  {
    ...base,
    status: 500,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9'],
    ],
  },
  {
    ...base,
    method: 'PUT',
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9, proxy-revalidate'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9, no-cache="a"'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Expires', at(9)],
      ['Pragma', 'no-cache'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'immutable'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9'],
      ['Set-Cookie', 'a=b'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Cache-Control', 'max-age=9'],
      ['Vary', '*'],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Expires', 'Fri 20 Nov 2026 13:00:00 GMT'],
    ],
  },
  { ...base, fields: [['Expires', at(9)]] },
  {
    ...base,
    fields: [
      ['Date', at(1000)],
      ['Last-Modified', at(-1000)],
    ],
  },
  {
    ...base,
    fields: [
      ['Date', at(0)],
      ['Expires', 'Sun, 21 Nov 2286 04:46:39 GMT'],
    ],
  },
]

/** The rule of no-cache with field names needs quotes, so that the parsing rule applies to the same message. */
const ALSO: Record<number, number[]> = { 7: [1] }

describe('freshness overrides', () => {
  // The package reads the clock for a message without Date; ours is told the time of receipt.
  beforeEach(() => void vi.useFakeTimers({ now: WALL + 3_600_000, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  test('the table is the only difference from http-cache-semantics', () => {
    const directive = fc.constantFrom(
      ...[
        'max-age=60',
        'max-age=5',
        'max-age=0',
        'max-age',
        'MAX-AGE=7',
        'max-age=7a',
        'max-age="7"',
        's-maxage=30',
        's-maxage=0',
        'public',
      ],
      ...[
        'must-revalidate',
        'proxy-revalidate',
        'no-cache',
        'no-cache="a,max-age=3"',
        'no-store',
        'private',
        'immutable',
        'must-understand',
      ],
      ...['no-transform', 'stale-if-error=5', 'stale-while-revalidate=5', 'foo', 'foo=bar', 'max-age=99999999999'],
    )
    const date = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000 }).map(at) },
      fc.constantFrom('0', 'garbage', 'Fri, 20 Nov 2026', 'Friday, 20-Nov-26 12:00:30 GMT', 'Sun, 21 Nov 2286 04:46:39 GMT'),
    )
    const optional = <T>(weight: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: weight })
    const sample: fc.Arbitrary<Sample> = fc
      .record({
        status: fc.oneof({ weight: 6, arbitrary: fc.constant(200) }, fc.constantFrom(203, 206, 301, 302, 404, 500, 599)),
        method: fc.oneof({ weight: 9, arbitrary: fc.constant('GET') }, fc.constantFrom('HEAD', 'POST', 'PUT')),
        control: optional(
          2,
          fc.array(directive, { minLength: 1, maxLength: 3 }).map((members) => members.join(', ')),
        ),
        expires: optional(1, date),
        date: optional(8, fc.oneof({ weight: 5, arbitrary: fc.constant(at(0)) }, date)),
        modified: optional(1, date),
        rare: fc.option(
          fc.constantFrom<[string, string]>(
            ['Set-Cookie', 'a=b'],
            ['Vary', '*'],
            ['Pragma', 'no-cache'],
            ['CDN-Cache-Control', 'max-age=77'],
            ['Vary', 'a'],
          ),
          { freq: 4, nil: null },
        ),
      })
      .map(({ status, method, control, expires, date: dated, modified, rare }) => {
        const fields: [string, string | null][] = [
          ['Cache-Control', control],
          ['Expires', expires],
          ['Date', dated],
          ['Last-Modified', modified],
          ...(rare === null ? [] : [rare]),
        ]
        return { status, method, fields: fields.filter((field): field is [string, string] => field[1] !== null) }
      })
    let compared = 0
    fc.assert(
      fc.property(sample, (one) => {
        const { seconds, message, raw } = weSay(one)
        if (OVERRIDES.some((override) => override.applies(message, raw))) return
        compared++
        expect(seconds).toBe(packageSays(one))
      }),
      { numRuns: 2000 },
    )
    expect(compared).toBeGreaterThan(100)
  })

  test.each(OVERRIDES.map((override, index) => [override.rule, override.clause, index] as const))(
    'is needed: %s (%s)',
    (_rule, _clause, index) => {
      const witness = WITNESSES[index]!
      const { seconds, message, raw } = weSay(witness)
      const applying = OVERRIDES.flatMap((override, at) => (override.applies(message, raw) ? [at] : []))
      expect(applying).toEqual([...(ALSO[index] ?? []), index].sort((a, b) => a - b))
      expect(seconds).not.toBe(packageSays(witness))
    },
  )
})
