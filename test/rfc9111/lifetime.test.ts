import { describe, expect, test } from 'vitest'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'
import { safe } from '../wire/decisions-fixture.ts'
import { type Answer, at, received } from './answer.ts'

const YEAR = 31_536_000

/** The ttl and what it came from. */
const LIFETIMES: [clause: string, fields: HeaderPairs, ttl: number, source: string, answer?: Answer][] = [
  ['§5.2.2.10', [['Cache-Control', 's-maxage=5, max-age=60']], 5, 's-maxage'],
  ['§5.2.2.10', [['Cache-Control', 'max-age=60, s-maxage=0']], 0, 's-maxage'],
  ['§5.2.2.1', [['Cache-Control', 'max-age=60']], 60, 'max-age'],
  [
    '§5.3',
    [
      ['Cache-Control', 'max-age=60'],
      ['Expires', at(-99)],
      ['Date', at(0)],
    ],
    60,
    'max-age',
  ],
  [
    '§5.3',
    [
      ['Cache-Control', 'max-age=60'],
      ['Expires', 'garbage'],
    ],
    60,
    'max-age',
  ],
  [
    '§5.3',
    [
      ['Expires', at(100)],
      ['Date', at(0)],
    ],
    100,
    'Expires',
  ],
  ['§5.3', [['Expires', at(100)]], 100, 'Expires'],
  [
    '§5.3',
    [
      ['Expires', at(100)],
      ['Date', 'garbage'],
    ],
    100,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', '0'],
      ['Last-Modified', at(-YEAR)],
    ],
    0,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', '0'],
      ['Date', 'Fri, 01 Jan 1999 00:00:00 GMT'],
    ],
    -880_027_200,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', at(100)],
      ['Expires', at(200)],
    ],
    0,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', at(50)],
      ['Date', at(100)],
    ],
    0,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', at(160)],
      ['Date', at(100)],
    ],
    60,
    'Expires',
  ],
  [
    '§5.3',
    [
      ['Expires', 'Thu, 18 Aug 2050 02:01:18 UTC'],
      ['Date', at(0)],
    ],
    0,
    'Expires',
  ],
  [
    '§4.2.3',
    [
      ['Cache-Control', 'max-age=3600'],
      ['Age', '7200'],
    ],
    -3600,
    'max-age',
  ],
  [
    '§4.2.3',
    [
      ['Cache-Control', 'max-age=3600'],
      ['Age', '99999999999'],
    ],
    3600 - 2 ** 31,
    'max-age',
  ],
  [
    '§4.2.3',
    [
      ['Cache-Control', 'max-age=3600'],
      ['Date', at(-10 * YEAR)],
    ],
    3600 - 10 * YEAR,
    'max-age',
  ],
  [
    '§4.2.3',
    [
      ['Expires', at(100)],
      ['Date', at(-40)],
    ],
    100,
    'Expires',
  ],
  ['§5.2.2.4', [['Cache-Control', 'no-cache, max-age=60']], 0, 'max-age'],
  [
    '§5.2.2.4',
    [
      ['Cache-Control', 'no-cache'],
      ['Last-Modified', at(-1000)],
    ],
    0,
    'heuristic',
  ],
  ['§5.2.2.4', [['Cache-Control', 'no-cache="set-cookie", max-age=60']], 60, 'max-age'],
  ['§5.2.2.2', [['Cache-Control', 'max-age=60, must-revalidate']], 60, 'max-age'],
  ['§5.2.2.8', [['Cache-Control', 'max-age=60, proxy-revalidate']], 60, 'max-age'],
  [
    '§5.4',
    [
      ['Cache-Control', 'max-age=60'],
      ['Pragma', 'no-cache'],
    ],
    60,
    'max-age',
  ],
  [
    '§5.4',
    [
      ['Expires', at(60)],
      ['Pragma', 'no-cache'],
    ],
    60,
    'Expires',
  ],
  [
    '§7.3',
    [
      ['Cache-Control', 'max-age=60'],
      ['Set-Cookie', 'a=b'],
    ],
    60,
    'max-age',
  ],
  [
    '§4.2.2',
    [
      ['Date', at(0)],
      ['Last-Modified', at(-1000)],
    ],
    100,
    'heuristic',
  ],
  ['§4.2.2', [['Last-Modified', at(-1000)]], 100, 'heuristic'],
  [
    '§4.2.2',
    [
      ['Date', at(YEAR)],
      ['Last-Modified', at(-1000)],
    ],
    100,
    'heuristic',
  ],
  ['§4.2.2', [['Last-Modified', at(1000)]], 0, 'heuristic'],
  ['§4.2.2', [['Last-Modified', 'yesterday']], 0, 'none'],
  ['§4.2.2', [['ETag', '"a"']], 0, 'none'],
  ['§4.2.2', [], 0, 'none'],
  ['RFC 8246 §2', [['Cache-Control', 'immutable']], 0, 'none'],
  ['RFC 9110 §9.3.3', [['Last-Modified', at(-1000)]], 0, 'none', { method: 'POST' }],
  ['RFC 9110 §9.3.3', [['Cache-Control', 'max-age=60']], 60, 'max-age', { method: 'POST' }],
  ['§1.2.2', [['Cache-Control', 'max-age=99999999999999999999']], 2 ** 31, 'max-age'],
  [
    '§1.2.2',
    [
      ['Expires', 'Sun, 21 Nov 2286 04:46:39 GMT'],
      ['Date', at(0)],
    ],
    2 ** 31,
    'Expires',
  ],
]

const HEURISTIC = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]
const EXPLICIT_ONLY = [201, 202, 299, 302, 303, 307, 400, 403, 499, 500, 502, 503, 504, 599]

describe('freshness lifetime', () => {
  test.each(LIFETIMES)('%s: %j has ttl %d from %s', (_clause, fields, ttl, source, answer) => {
    const found = received(fields, answer)
    expect({ ttl: found.ttl, source: found.control.source }).toEqual({ ttl, source })
  })

  test.each(HEURISTIC)('RFC 9110 §15.1: %d may be fresh by heuristic', (status) => {
    expect(received([['Last-Modified', at(-1000)]], { status })).toMatchObject({ ttl: 100, control: { explicit: false } })
  })

  test.each(EXPLICIT_ONLY)('RFC 9110 §15.1: %d is fresh only by explicit freshness, or by heuristic with public', (status) => {
    expect(received([['Last-Modified', at(-1000)]], { status })).toMatchObject({ ttl: 0, control: { source: 'none' } })
    expect(received([['Cache-Control', 'max-age=60']], { status })).toMatchObject({ ttl: 60, control: { explicit: true } })
    expect(
      received(
        [
          ['Last-Modified', at(-1000)],
          ['Cache-Control', 'public'],
        ],
        { status },
      ).ttl,
    ).toBe(100)
  })

  test('ttl, grace, staleIfError, keep and age are finite numbers whatever the fields say', () => {
    const date = fc.oneof(fc.integer({ min: -1e10, max: 1e10 }).map(at), fc.constantFrom('0', '-1', '', 'garbage'))
    const number = fc.oneof(fc.nat().map(String), fc.constantFrom('-1', '1.5', '9'.repeat(20), '9'.repeat(400), '', 'NaN', 'Infinity'))
    const field = fc.oneof(
      fc.tuple(fc.constantFrom('Date', 'Expires', 'Last-Modified'), date),
      fc.tuple(fc.constant('Age'), number),
      fc.tuple(
        fc.constant('Cache-Control'),
        fc
          .tuple(fc.constantFrom('max-age', 's-maxage', 'stale-if-error', 'stale-while-revalidate', 'max-stale'), number)
          .map((pair) => pair.join('=')),
      ),
    )
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.integer({ min: -1e9, max: 1e9 }), (fields, delay) => {
        const { ttl, grace, staleIfError, keep, age } = received(fields, { delay, decisions: safe })
        for (const seconds of [ttl, grace, staleIfError, keep, age]) expect(Math.abs(seconds)).toBeLessThanOrEqual(2 ** 31)
        expect(age).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})
