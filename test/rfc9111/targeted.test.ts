import { describe, expect, test } from 'vitest'
import { asksForEsi, parseSurrogateControl, parseTargeted } from '../../src/wire/targeted.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { rfc9111, safe, varnish } from '../wire/decisions-fixture.ts'
import { at, received } from './answer.ts'

/** RFC 9213 §2.1. */
const TARGETED: [value: string, expected: Partial<CacheControl> | null][] = [
  ['max-age=3600', { maxAge: 3600 }],
  ['max-age=2147483648', { maxAge: 2 ** 31 }],
  ['max-age=99999999999', { maxAge: 2 ** 31 }],
  ['foobar, max-age=3600', { maxAge: 3600 }],
  ['max-age=60;ext=1', { maxAge: 60 }],
  ['max-age=60, s-maxage=5, stale-while-revalidate=7, stale-if-error=8', { sMaxage: 5, staleWhileRevalidate: 7, staleIfError: 8 }],
  ['private', { private: true }],
  ['private="x"', { privateFields: ['x'] }],
  ['no-cache=("a" "b")', { noCacheFields: ['a', 'b'] }],
  ['no-cache=5', { noCache: true }],
  ['no-store=1', { noStore: true }],
  ['no-store=?0, max-age=5', { noStore: false, maxAge: 5 }],
  ['public, max-age=-5', { public: true, maxAge: 0 }],
  ['public=1, max-age=5', { public: false }],
  ['max-age="10000", private', { maxAge: null, private: true }],
  ['', null],
  ['   ', null],
  ['foo', null],
  ['max-age="10000"', null],
  ['max-age', null],
  ['max-age=1.5', null],
  ['max-age =100', null],
  ['max-age= 100', null],
  ['MaX-aGe=3600', null],
  ['max-age=10000, &&&&&', null],
  ['max-age=10000,', null],
  ['max-age=1234567890123456', null],
]

/** Edge Architecture Specification 1.0, §2. */
const SURROGATE: [value: string, expected: Partial<CacheControl> | null][] = [
  ['max-age=60', { maxAge: 60, staleWhileRevalidate: null }],
  ['max-age=60+30', { maxAge: 60, staleWhileRevalidate: 30 }],
  ['Max-Age=60, content="ESI/1.0"', { maxAge: 60 }],
  ['max-age=60;clearcoat, max-age=5;other', { maxAge: 60 }],
  ['no-store', { noStore: true }],
  ['no-store, content="ESI/1.0"', { noStore: true }],
  ['max-age=abc', { maxAge: 0 }],
  ['max-age=60+x', { maxAge: 0, staleWhileRevalidate: null }],
  ['content="ESI/1.0"', null],
  ['content="max-age=60, no-store"', null],
  ['no-store-remote', null],
  ['max-age', null],
  ['', null],
]

describe('targeted fields', () => {
  test.each(TARGETED)('RFC 9213 §2.1: %j is %j', (value, expected) => {
    const found = parseTargeted(value)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toMatchObject(expected)
  })

  test.each([
    ['content="ESI/1.0"', true],
    ['max-age=60+30, content="ESI/1.0 ESI-Inline/1.0"', true],
    ['Content = "x esi/1.0";other', true],
    ['no-store, content="ESI-Inline/1.0"', false],
    ['content="ESI/1.01"', false],
    ['content=ESI/1.0', false],
    ['content', false],
    ['max-age="content=ESI/1.0"', false],
    ['x="content=\\"ESI/1.0\\""', false],
    ['', false],
  ])('Surrogate-Control %j asks for ESI: %j', (value, asks) => {
    expect(asksForEsi(value)).toBe(asks)
  })

  test.each(SURROGATE)('Surrogate-Control %j is %j', (value, expected) => {
    const found = parseSurrogateControl(value)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toMatchObject(expected)
  })

  test.each([
    [
      [
        ['CDN-Cache-Control', 'max-age=100'],
        ['Cache-Control', 'max-age=1'],
      ],
      100,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=1'],
        ['Cache-Control', 'max-age=100'],
      ],
      1,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=100'],
        ['Expires', at(-10)],
        ['Date', at(0)],
      ],
      100,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=0'],
        ['Expires', at(10)],
        ['Date', at(0)],
      ],
      0,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=100'],
        ['Age', '200'],
      ],
      -100,
    ],
    [[['CDN-Cache-Control', 'max-age=100, s-maxage=7']], 7],
    [
      [
        ['Clearcoat-Cache-Control', 'max-age=7'],
        ['CDN-Cache-Control', 'max-age=8'],
      ],
      7,
    ],
    [
      [
        ['Clearcoat-Cache-Control', '&&'],
        ['CDN-Cache-Control', 'max-age=8'],
      ],
      8,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=1, &&'],
        ['Cache-Control', 'max-age=9'],
      ],
      9,
    ],
    [
      [
        ['CDN-Cache-Control', 'private'],
        ['Expires', at(10)],
        ['Cache-Control', 'max-age=10'],
      ],
      0,
    ],
  ] as [HeaderPairs, number][])('RFC 9213 §2.2: %j has ttl %d', (fields, ttl) => {
    expect(received(fields).ttl).toBe(ttl)
  })

  test('RFC 9213 §2.2: Cache-Control is ignored entirely, its no-store included', () => {
    const { control } = received([
      ['CDN-Cache-Control', 'max-age=10'],
      ['Cache-Control', 'no-store, private, no-cache'],
    ])
    expect(control).toMatchObject({
      targeted: true,
      noStore: false,
      private: false,
      noCache: false,
      source: 'CDN-Cache-Control',
      explicit: true,
    })
  })

  test('a field with nothing usable in it leaves Cache-Control in force', () => {
    const { control } = received([
      ['CDN-Cache-Control', 'max-age="10000"'],
      ['Cache-Control', 'no-store'],
    ])
    expect(control).toMatchObject({ targeted: false, noStore: true })
  })

  test('each preset reads the fields that it lists', () => {
    const fields: HeaderPairs = [
      ['Surrogate-Control', 'max-age=60+30'],
      ['Cache-Control', 'max-age=5'],
    ]
    expect(received(fields, { decisions: safe })).toMatchObject({ ttl: 60, grace: 30, control: { source: 'Surrogate-Control' } })
    expect(received(fields, { decisions: rfc9111 })).toMatchObject({ ttl: 5, control: { source: 'max-age', targeted: false } })
    expect(received([['CDN-Cache-Control', 'max-age=60'], ...fields], { decisions: varnish })).toMatchObject({ ttl: 5 })
  })
})
