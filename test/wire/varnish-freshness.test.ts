import { describe, expect, test } from 'vitest'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { at, received } from '../rfc9111/answer.ts'
import { varnish } from './decisions-fixture.ts'

const ROWS: [what: string, fields: HeaderPairs, ttl: number, source: string, status?: number][] = [
  ['nothing given takes the default', [], 120, 'default_ttl'],
  ['Last-Modified makes no heuristic', [['Last-Modified', at(-10_000)]], 120, 'default_ttl'],
  ['s-maxage wins over max-age', [['Cache-Control', 'max-age=9, s-maxage=5']], 5, 's-maxage'],
  ['a bad number is 0', [['Cache-Control', 'max-age=2a']], 0, 'max-age'],
  ['no-cache is left to the built-in policy', [['Cache-Control', 'no-cache']], 120, 'default_ttl'],
  [
    'Age counts against the lifetime',
    [
      ['Cache-Control', 'max-age=60'],
      ['Age', '100'],
    ],
    -40,
    'max-age',
  ],
  [
    'an old Date does not',
    [
      ['Cache-Control', 'max-age=60'],
      ['Date', at(-1000)],
    ],
    60,
    'max-age',
  ],
  [
    'Expires is read against our clock when Date is near it',
    [
      ['Expires', at(60)],
      ['Date', at(-9)],
    ],
    60,
    'Expires',
  ],
  [
    'Expires is read against Date when Date is far off',
    [
      ['Expires', at(60)],
      ['Date', at(-11)],
    ],
    71,
    'Expires',
  ],
  [
    'Expires before Date is 0',
    [
      ['Expires', at(-5)],
      ['Date', at(-3)],
    ],
    0,
    'Expires',
  ],
  ['Expires of garbage is 0', [['Expires', '0']], 0, 'Expires'],
  ['302 needs explicit freshness', [], -1, 'none', 302],
  ['302 with explicit freshness is cached', [['Cache-Control', 'max-age=5']], 5, 'max-age', 302],
  ['500 is not cached even with explicit freshness', [['Cache-Control', 'max-age=5']], -1, 'none', 500],
  ['404 takes the default', [], 120, 'default_ttl', 404],
]

describe('lifetime under varnish', () => {
  test.each(ROWS)('%s', (_what, fields, ttl, source, status = 200) => {
    expect(received(fields, { decisions: varnish, status })).toMatchObject({ ttl, control: { source } })
  })

  test('grace is default_grace or stale-while-revalidate, staleIfError the same, and nothing is kept', () => {
    expect(received([['ETag', '"a"']], { decisions: varnish })).toMatchObject({ grace: 10, staleIfError: 10, keep: 0 })
    const given = received([['Cache-Control', 'max-age=1, stale-while-revalidate=7, must-revalidate']], { decisions: varnish })
    expect(given).toMatchObject({ grace: 7, staleIfError: 7 })
  })

  test('stale-while-revalidate does not count for a status that is not cached', () => {
    expect(received([['Cache-Control', 'stale-while-revalidate=7']], { decisions: varnish, status: 500 }).grace).toBe(10)
  })
})
