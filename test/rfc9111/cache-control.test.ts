import { describe, expect, test } from 'vitest'
import { EMPTY, parseCacheControl, requestCacheControl } from '../../src/wire/cache-control.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

type Expected = Partial<CacheControl>
const CAP = 2 ** 31

/** RFC 9111 §5.2, §5.2.2.4 and §5.2.2.7: what restricts is read in the most restrictive way. */
const RESTRICTING: [value: string, expected: Expected][] = [
  ['private', { private: true }],
  ['PRIVATE', { private: true }],
  ['Private , max-age=60', { private: true, maxAge: 60 }],
  ['private=""', { private: true }],
  ['private=","', { private: true }],
  ['private=" , "', { private: true }],
  ['private=" set-cookie"', { privateFields: ['set-cookie'] }],
  ['private="Set-Cookie, X-User"', { privateFields: ['set-cookie', 'x-user'] }],
  ['private="set-cookie" , private="x-user"', { privateFields: ['set-cookie', 'x-user'] }],
  ['private = "x"', { private: true }],
  ['private= "x"', { private: true }],
  ['private =x', { private: true }],
  ['private="bad name"', { private: true }],
  ['private=x', { private: true }],
  ['private=', { private: true }],
  ['private, private="x"', { private: true, privateFields: ['x'] }],
  ['private="x", private', { private: true, privateFields: ['x'] }],
  ['private;max-age=60', { private: true, maxAge: null }],
  ['max-age=60; private', { private: true, maxAge: 0 }],
  ['max-age=60 private', { private: true, maxAge: 0 }],
  ['"private', { private: true }],
  ['private="x', { private: true, privateFields: [] }],
  ['max-age=60, foo="bar, private', { private: true, maxAge: 60 }],
  ['foo="x"private', { private: true }],
  ['foo="private"', { private: false }],
  ['foo="a, private, b"', { private: false }],
  ['foo="\\", private"', { private: false }],
  ['x-private', { private: false }],
  ['privat', { private: false }],
  ['no-cache', { noCache: true }],
  ['No-Cache', { noCache: true }],
  ['no-cache="\tauthorization"', { noCacheFields: ['authorization'] }],
  ['no-cache="a, b"', { noCacheFields: ['a', 'b'], noCache: false }],
  ['no-cache=""', { noCache: true }],
  ['no-cache=a', { noCache: true }],
  ['no-cache, no-cache="a"', { noCache: true, noCacheFields: ['a'] }],
  ['no-cache="a', { noCache: true }],
  ['no-store', { noStore: true }],
  ['no-store=1', { noStore: true }],
  ['no-store="x"', { noStore: true }],
  ['no-store = 1', { noStore: true }],
  ['NO-STORE', { noStore: true }],
  ['max-age=60, no-store', { noStore: true, maxAge: 60 }],
  [',,, ,no-store,', { noStore: true }],
  ['must-revalidate=1, proxy-revalidate', { mustRevalidate: true, proxyRevalidate: true }],
  ['public=1', { public: false }],
  ['public, immutable, must-understand', { public: true, immutable: true, mustUnderstand: true }],
]

/** RFC 9111 §1.2.2, §4.2.1: numbers. */
const NUMBERS: [value: string, maxAge: number | null][] = [
  ['max-age=3600', 3600],
  ['MaX-aGe=3600', 3600],
  ['max-age="3600"', 3600],
  ['max-age=003600', 3600],
  ['max-age=0', 0],
  ['max-age=2147483647', 2_147_483_647],
  ['max-age=2147483648', CAP],
  ['max-age=99999999999', CAP],
  ['max-age=99999999999999999999', CAP],
  [`max-age=${'9'.repeat(400)}`, CAP],
  ['max-age=-3600', 0],
  ["max-age='3600'", 0],
  ['max-age=3600a', 0],
  ['max-age=a3600', 0],
  ['max-age=3600.0', 0],
  ['max-age=1e3', 0],
  ['max-age=0x10', 0],
  ['max-age=+5', 0],
  ['max-age=', 0],
  ['max-age', 0],
  ['max-age= 3600', 0],
  ['max-age="3600', 0],
  ['max-age =3600', null],
  ['max-age=1800, max-age=1', 1800],
  ['max-age=1, max-age=1800', 1],
  ['extension="max-age=3600", max-age=1', 1],
  ['max-age=1, extension="max-age=3600"', 1],
  ['"max-age=3600"', null],
  ['s-maxage=5', null],
]

describe('Cache-Control parsing', () => {
  test.each(RESTRICTING)('§5.2: %j is read as %j', (value, expected) => {
    expect(parseCacheControl(value)).toMatchObject(expected)
  })

  test.each(NUMBERS)('§4.2.1: %j gives max-age %j', (value, maxAge) => {
    expect(parseCacheControl(value).maxAge).toBe(maxAge)
  })

  test('§5.2.2.10, RFC 5861: s-maxage and the stale directives are numbers of their own', () => {
    expect(parseCacheControl('s-maxage=5, stale-while-revalidate=6, stale-if-error=7')).toMatchObject({
      sMaxage: 5,
      staleWhileRevalidate: 6,
      staleIfError: 7,
      maxAge: null,
    })
  })

  test('§5.2.1: request directives are read, max-stale with and without a value', () => {
    expect(parseCacheControl('max-stale, min-fresh=3, only-if-cached')).toMatchObject({
      maxStale: Infinity,
      minFresh: 3,
      onlyIfCached: true,
    })
    expect(parseCacheControl('max-stale=999999999').maxStale).toBe(999_999_999)
  })

  test('no field is the shared empty answer, which nobody can change', () => {
    expect(parseCacheControl(undefined)).toBe(EMPTY)
    expect(Object.isFrozen(EMPTY)).toBe(true)
  })

  test('several lines are one list', () => {
    const headers = HeaderMap.of([
      ['Cache-Control', 'max-age=60'],
      ['cache-control', 'private'],
    ])
    expect(requestCacheControl(headers)).toMatchObject({ maxAge: 60, private: true })
  })

  test.each([
    [[['Pragma', 'no-cache']], true],
    [[['Pragma', 'foo, No-Cache']], true],
    [[['Pragma', 'foo']], false],
    [[['Pragma', 'no-cacheable']], false],
    [
      [
        ['Pragma', 'no-cache'],
        ['Cache-Control', 'nothing-to-see-here'],
      ],
      false,
    ],
    [[], false],
  ] as [[string, string][], boolean][])('§5.4: a request with %j means no-cache: %j', (fields, expected) => {
    expect(requestCacheControl(HeaderMap.of(fields)).noCache).toBe(expected)
  })

  test('never throws, and a bare restricting directive anywhere in a list always restricts', () => {
    const junk = fc.string({ unit: fc.constantFrom('a', '=', ',', ' ', ';', '\\', '\t', '-', '1', 'private', 'max-age'), maxLength: 30 })
    fc.assert(
      fc.property(junk, junk, fc.constantFrom('private', 'no-store', 'no-cache'), (before, after, word) => {
        const found = parseCacheControl(`${before}, ${word}, ${after}`)
        expect(word === 'private' ? found.private : word === 'no-store' ? found.noStore : found.noCache).toBe(true)
      }),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void parseCacheControl(text)),
      { numRuns: 200 },
    )
  })

  test('takes linear time for 200 KB of any one character', () => {
    for (const character of ['"', ',', '\\', ' ', '=', 'a', '\t"']) expect(parseCacheControl(character.repeat(200_000)).maxAge).toBeNull()
  })
})

test('reads a value the same again, whatever many others were read between, and lets nobody change what it read', () => {
  const ages = (): (number | null)[] => Array.from({ length: 250 }, (_, seconds) => parseCacheControl(`max-age=${seconds}, public`).maxAge)
  const expected = Array.from({ length: 250 }, (_, seconds) => seconds)
  expect([ages(), ages()]).toEqual([expected, expected])
  const control = parseCacheControl('max-age=5')
  expect(() => Object.assign(control, { maxAge: 6 })).toThrow(TypeError)
  expect(parseCacheControl('max-age=5').maxAge).toBe(5)
})
