import { describe, expect, test } from 'vitest'
import { highestLanguage, languageSet, normaliseAcceptEncoding } from '../../src/wire/accept.ts'
import fc from '../support/properties.ts'

describe('Accept-Encoding', () => {
  test.each([
    [undefined, ''],
    ['', ''],
    ['identity', ''],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br, deflate, gzip, zstd'],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'br, deflate, gzip, zstd'],
    ['gzip, br;q=0', 'gzip'],
    ['br;q=0.000, gzip', 'gzip'],
    ['br;q=0.001', 'br'],
    ['gzip, gzip;q=0', ''],
    ['*', 'br, deflate, gzip, zstd'],
    ['*, gzip;q=0', 'br, deflate, zstd'],
    ['*;q=0', 'identity;q=0'],
    ['*;q=0, gzip', 'gzip, identity;q=0'],
    ['*;q=0, identity', ''],
    ['identity;q=0', 'identity;q=0'],
    ['identity;q=0, br', 'br, identity;q=0'],
    ['gzip;q=2', ''],
    ['gzip;q=', ''],
    ['gzip;foo=bar', ''],
    ['gzip ; q=0.5', 'gzip'],
    ['gzip;Q=0', ''],
    ['compress, foo, dcb', ''],
    ['gzip br', ''],
  ])('RFC 9110 §12.5.3: %j is %j', (value, expected) => {
    expect(normaliseAcceptEncoding(value)).toBe(expected)
  })

  test('the result is one of few, and normal already, whatever 8 KB say', () => {
    const member = fc.constantFrom('gzip', 'br', '*', 'identity', 'zstd;q=0', 'gzip;q=0', 'br;q=0.5', 'identity;q=0', 'x', ';;q', '"', '')
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), (members) => {
        const once = normaliseAcceptEncoding(members.join())
        expect(once).toMatch(/^(?:(?:br|deflate|gzip|zstd|identity;q=0)(?:, |$))*$/)
        expect(normaliseAcceptEncoding(once)).toBe(once)
      }),
      { numRuns: 300 },
    )
    expect(normaliseAcceptEncoding(`${'junk;q=1,'.repeat(900)}br`)).toBe('br')
  })
})

describe('Accept-Language', () => {
  test.each([
    ['en, de;q=0.8', 'de;q=0.80 , EN;q=1.0', true],
    ['en, en, de', 'de, en', true],
    ['en, de;q=0.8', 'en, de;q=0.7', false],
    ['en, de;q=0.8', 'en;q=0.8, de', false],
    ['en', 'en-US', false],
    ['en', '', false],
    ['en;q=x', 'en', false],
    ['en;q=x', 'en;q=0', false],
  ])('RFC 9110 §12.5.4: %j and %j are the same set: %j', (a, b, same) => {
    expect(languageSet(a) === languageSet(b)).toBe(same)
  })

  test.each([
    ['en', 'en'],
    ['de;q=0.5, EN', 'en'],
    ['en;q=0.5, de;q=0.9, fr;q=0.1', 'de'],
    ['en, de', null],
    ['en, de, fr;q=0.9', null],
    ['en;q=0.5, de;q=0.5, fr', 'fr'],
    ['en, en', 'en'],
    ['*', null],
    ['en;q=0', null],
    ['en;q=x, de;q=0.1', 'de'],
    ['', null],
  ])('the only favourite of %j is %j', (value, expected) => {
    expect(highestLanguage(value)).toBe(expected)
  })
})
