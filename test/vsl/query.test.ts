import { describe, expect, it } from 'vitest'
import { parseQuery } from '../../src/vsl/query.ts'
import { matchesQuery } from '../../src/vsl/query-match.ts'
import { QueryError } from '../../src/vsl/query-words.ts'
import { TAG_NAMES, tagsOf } from '../../src/vsl/tags.ts'
import type { Leveled, LogRecord } from '../../src/vsl/transaction.ts'
import fc from '../support/properties.ts'

const records: readonly LogRecord[] = [
  ['Begin', 'req 1000 rxreq'],
  ['Timestamp', 'Start: 1500000000.000000 0.000000 0.000000'],
  ['Timestamp', 'Resp: 1500000001.250000 1.250000 0.250000'],
  ['ReqMethod', 'GET'],
  ['ReqURL', '/cart?a=b'],
  ['ReqHeader', 'Host: www.example'],
  ['ReqHeader', 'Cookie: sid=***'],
  ['ReqHeader', 'X-Odd Name: value'],
  ['RespStatus', '503'],
  ['Hit', '1002 55.500000 10.000000 0.000000'],
  ['VCL_Log', 'tenant:acme corp'],
  ['ReqAcct', '100 0 100 300 1024 1324'],
  ['End', ''],
]
const request: Leveled = { type: 'req', vxid: 1001, parent: 1000, reason: 'rxreq', level: 1, records }
const fetch: Leveled = {
  type: 'bereq',
  vxid: 1002,
  parent: 1001,
  reason: 'fetch',
  level: 2,
  records: [
    ['BereqURL', '/cart?a=b'],
    ['BerespStatus', '200'],
    ['TTL', 'RFC 60 10 0 1500000000 0 1500000000 0 60 cacheable'],
  ],
}

const holds = (query: string): boolean => matchesQuery(parseQuery(query), [request, fetch])

describe('a query', () => {
  it.each([
    'RespStatus',
    'RespStatus == 503',
    'RespStatus >= 500',
    'respstatus>=500',
    'RespStatus != 200',
    'RespStatus eq 503',
    "RespStatus ne '200'",
    'RespStatus ~ ^5',
    'RespStatus !~ ^2',
    'BerespStatus,RespStatus == 200',
    'BerespStatus == 200',
    '*Status < 300',
    'Resp* > 500',
    '*stat* == 503',
    '* == 503',
    'Timestamp:Resp[2] > 1',
    'Timestamp:resp[2] == 1.25',
    'Timestamp:Resp[3] < .3',
    'ReqHeader:host ~ example$',
    'ReqHeader:HOST eq www.example',
    'ReqHeader:"x-odd name" eq value',
    'ReqHeader:cookie',
    'Hit[2] > 55 and Hit[2] < 56',
    'ReqAcct[5] >= 1024',
    'VCL_Log:tenant eq "acme corp"',
    'VCL_Log:tenant[2] eq corp',
    'ReqURL ~ "^/cart\\?"',
    "ReqURL ~ '^/CART' or ReqURL ~ '(?i)^/CART'",
    'not ReqURL ~ ^/shop',
    'not not ReqURL',
    'not (ReqURL and VCL_Error) and RespStatus',
    'VCL_Error or RespStatus == 503 and ReqMethod eq GET',
    'vxid == 1001',
    'vxid == 1002',
    'vxid > 1001',
    '{1}RespStatus == 503',
    '{2}BerespStatus == 200',
    '{1+}BerespStatus == 200',
    '{2-}RespStatus == 503',
    'Timestamp:Resp[1] == 1500000001.25',
    'TTL[1] eq RFC and TTL[2] == 6e1',
  ])('%s holds', (query) => {
    expect(holds(query)).toBe(true)
  })

  it.each([
    'VCL_Error',
    'RespStatus == 200',
    'RespStatus > 503',
    'ReqURL == 5',
    'ReqURL != 5',
    'End == 0',
    'ReqURL eq "/CART?a=b"',
    'ReqHeader:hos',
    'ReqHeader:host[2] eq x',
    'Timestamp:Resp[9] > 0',
    '{2}RespStatus',
    '{2+}RespStatus',
    '{1-}BerespStatus',
    'vxid == 7',
    'not RespStatus',
    'RespStatus and VCL_Error',
    'VCL_Error or FetchError',
  ])('%s does not hold', (query) => {
    expect(holds(query)).toBe(false)
  })

  it.each([
    ['', 0, /is empty/],
    ['   ', 3, /is empty/],
    ['ReqULR ~ x', 0, /no tag "ReqULR"; did you mean ReqURL\?/],
    ['ReqURL,Foo == 1', 7, /no tag "Foo"/],
    ['{2}Foo', 3, /no tag "Foo"/],
    ['Foo*', 0, /no tag/],
    ['ReqURL ~', 8, /missing/],
    ['ReqURL ~ "a(b"', 11, /./],
    ['ReqURL ~ (a+)+$', 9, /quote/],
    ['ReqURL ~ "(a+)+b"', 10, /./],
    ['RespStatus == x', 14, /number/],
    ['RespStatus ==', 13, /missing/],
    ['RespStatus 200', 11, /operator/],
    ['(RespStatus', 0, /not closed/],
    ['RespStatus)', 10, /no \(/],
    ['RespStatus and', 14, /missing/],
    ['and RespStatus', 0, /missing before and/],
    ['RespStatus ReqURL', 11, /operator/],
    ['ReqURL eq "x', 10, /not closed/],
    ['Timestamp:Resp[0] > 1', 0, /from 1/],
    ['Timestamp:Resp[x] > 1', 0, /from 1/],
    ['{x}ReqURL', 0, /level/],
    ['ReqHeader: eq x', 0, /prefix/],
    ['vxid', 4, /compared/],
    ['vxid ~ 1', 5, /compared/],
    ['"ReqURL"', 0, /begins with a tag/],
    ['RespStatus == 1 ReqURL', 16, /belongs here/],
    ['ReqURL & x', 7, /operator/],
  ])('%j is refused at %d', (query, at, message) => {
    let fault: unknown
    try {
      parseQuery(query)
    } catch (error) {
      fault = error
    }
    expect(fault).toBeInstanceOf(QueryError)
    expect(fault).toMatchObject({ message: expect.stringMatching(message), at })
    if (fault instanceof QueryError) expect(fault.shown.split('\n').at(-1)).toBe(`  ${' '.repeat(at)}^`)
  })

  it('is bounded in length and depth', () => {
    expect(() => parseQuery(`ReqURL ~ ${'a'.repeat(5000)}`)).toThrow(/at most 4096/)
    expect(() => parseQuery(`${'('.repeat(500)}ReqURL${')'.repeat(500)}`)).toThrow(/nested deeper/)
    expect(() => parseQuery(`${'not '.repeat(500)}ReqURL`)).toThrow(/nested deeper/)
  })

  it('whatever it says is parsed, or refused with a place in it', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'and',
        'or',
        'not',
        '(',
        ')',
        '==',
        '~',
        '!~',
        'eq',
        '<=',
        'ReqURL',
        'Resp*',
        'vxid',
        '{2+}',
        '[1]',
        '"',
        "'",
        ':',
        '5',
        '\\',
      ),
      fc.string({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.constantFrom('', ' '), (words, glue) => {
        const query = words.join(glue)
        try {
          matchesQuery(parseQuery(query), [request, fetch])
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError)
          if (error instanceof QueryError) expect(error.at).toBeLessThanOrEqual(query.length)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('holds by the laws of logic, whatever its tests are', () => {
    const test = fc.constantFrom('RespStatus == 503', 'VCL_Error', 'ReqURL ~ ^/cart', 'vxid == 9', '{2}ReqURL', 'Hit[2] > 100')
    const query: fc.Arbitrary<{ text: string; value: boolean }> = fc.letrec<{ all: { text: string; value: boolean } }>((tie) => ({
      all: fc.oneof(
        { maxDepth: 4 },
        test.map((text) => ({ text, value: holds(text) })),
        tie('all').map(({ text, value }) => ({ text: `not (${text})`, value: !value })),
        fc.tuple(tie('all'), tie('all')).map(([a, b]) => ({ text: `(${a.text}) and (${b.text})`, value: a.value && b.value })),
        fc.tuple(tie('all'), tie('all')).map(([a, b]) => ({ text: `(${a.text}) or (${b.text})`, value: a.value || b.value })),
      ),
    })).all
    fc.assert(
      fc.property(query, ({ text, value }) => {
        expect(holds(text)).toBe(value)
      }),
    )
  })
})

describe('a list of tags', () => {
  it('names what it says, in any case, * at either end', () => {
    expect(tagsOf('requrl')).toEqual(new Set(['ReqURL']))
    expect(tagsOf('Resp*')).toEqual(new Set(TAG_NAMES.filter((tag) => tag.startsWith('Resp'))))
    expect(tagsOf('*acct')).toEqual(new Set(['ReqAcct', 'PipeAcct', 'BereqAcct']))
    expect(tagsOf('*')).toEqual(new Set(TAG_NAMES))
    expect(tagsOf('ReqURL,Nope')).toEqual({ unknown: 'Nope' })
    expect(tagsOf('ReqURL,')).toEqual({ unknown: '' })
  })
})
