import { describe, expect, it } from 'vitest'
import { normaliseAcceptEncoding, takesCoding } from '../../src/wire/accept.ts'
import { bytesChanged, contentCoding, setContentCoding, varyByCoding } from '../../src/wire/content-coding.ts'
import { CODINGS } from '../../vcl-ts/coding.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

const taken = (value: string | undefined): string => CODINGS.filter((coding) => takesCoding(value, coding)).join(' ')
const lines = (headers: HeaderMap): string[] => [...headers].map(([name, value]) => `${name}: ${value}`)

describe('the codings that a client takes', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP, Br', 'br gzip'],
    ['gzip, deflate, br, zstd', 'br zstd gzip'],
    ['*', 'br zstd gzip'],
    ['*;q=0', ''],
    ['*;q=0.5, br;q=0', 'zstd gzip'],
    ['identity', ''],
    ['identity;q=0, br', 'br'],
    ['br;q=0.001', 'br'],
    ['br;q=0', ''],
    ['br;q=0, br', ''],
    ['br;q=2', ''],
    ['br;q=nonsense, gzip', 'gzip'],
    // RFC 9110 §12.5.3: what is preferred by weight, the plain form included.
    ['gzip;q=0.5, identity', ''],
    ['gzip;q=0.5, identity;q=0.2', 'gzip'],
    ['br, gzip;q=0.5, identity;q=0.7', 'br'],
  ])('of %j are %j', (value, expected) => {
    expect(taken(value)).toBe(expected)
    expect(taken(value)).toBe(expected)
  })

  it('hold none that the client did not offer, whatever it sends (HARDENING 145)', () => {
    const member = fc.tuple(
      fc.constantFrom('br', 'gzip', 'x-gzip', 'zstd', 'deflate', 'identity', '*', 'junk'),
      fc.constantFrom('', ';q=0', ';q=0.0', ';q=0.3', ';q=1', ';q=', ' ; q=0.7'),
    )
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), (members) => {
        const value = members.map((parts) => parts.join('')).join(', ')
        const offered = normaliseAcceptEncoding(value).split(', ')
        for (const coding of CODINGS) if (takesCoding(value, coding)) expect(offered).toContain(coding)
      }),
    )
    expect(taken(`${'junk, '.repeat(1500)}br`)).toBe('br')
  })

  it('are right for more texts than are remembered', () => {
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 600; i++) expect(taken(`x${i}, ${i % 2 === 0 ? 'br' : 'gzip'}`)).toBe(i % 2 === 0 ? 'br' : 'gzip')
  })
})

describe('the coding of content', () => {
  it.each<[HeaderPairs, string | null]>([
    [[], null],
    [[['Content-Encoding', '']], null],
    [[['Content-Encoding', 'identity']], null],
    [[['Content-Encoding', 'GZip']], 'gzip'],
    [[['Content-Encoding', 'x-gzip']], 'gzip'],
    [[['Content-Encoding', 'identity, br']], 'br'],
    [[['Content-Encoding', 'zstd']], 'zstd'],
    [[['Content-Encoding', 'deflate']], 'other'],
    [[['Content-Encoding', 'gzip, br']], 'other'],
    [
      [
        ['Content-Encoding', 'gzip'],
        ['Content-Encoding', 'gzip'],
      ],
      'other',
    ],
  ])('of %j is %j', (fields, expected) => {
    expect(contentCoding(HeaderMap.of(fields))).toBe(expected)
  })
})

describe('a head whose bytes become others', () => {
  it('loses what is true of the bytes alone, and its tag is weak', () => {
    const headers = HeaderMap.of([
      ['ETag', '"a"'],
      ['Content-MD5', 'x'],
      ['Digest', 'x'],
      ['Content-Digest', 'x'],
      ['Repr-Digest', 'x'],
      ['Content-Type', 'text/plain'],
    ])
    headers.appendRaw('Content-Length', 'content-length', '3')
    bytesChanged(headers)
    expect(lines(headers)).toEqual(['Content-Type: text/plain', 'ETag: W/"a"'])
    bytesChanged(headers)
    expect(headers.get('etag')).toBe('W/"a"')
  })

  it('leaves a tag alone that is none', () => {
    const headers = HeaderMap.of([['ETag', 'odd']])
    bytesChanged(headers)
    expect(lines(headers)).toEqual(['ETag: odd'])
  })

  it('names its coding, or none', () => {
    const headers = HeaderMap.of([['Content-Encoding', 'gzip']])
    setContentCoding(headers, 'br')
    expect(lines(headers)).toEqual(['Content-Encoding: br'])
    setContentCoding(headers, null)
    expect(lines(headers)).toEqual([])
  })

  it.each([
    [undefined, 'Accept-Encoding'],
    ['', 'Accept-Encoding'],
    ['Cookie', 'Cookie, Accept-Encoding'],
    ['cookie , ACCEPT-encoding', 'cookie , ACCEPT-encoding'],
    ['*', '*'],
  ])('with Vary %j varies by %j', (vary, expected) => {
    const headers = HeaderMap.of(vary === undefined ? [] : [['Vary', vary]])
    varyByCoding(headers)
    expect(headers.joined('vary')).toBe(expected)
  })
})
