import { describe, expect, it } from 'vitest'
import { fields } from '../../vcl-ts/fields.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'

const lines = (pairs: HeaderPairs, change: (headers: HeaderMap) => unknown): (readonly [string, string])[] => {
  const headers = HeaderMap.of(pairs)
  change(headers)
  return [...headers]
}
const TWO: HeaderPairs = [
  ['X-A', 'one'],
  ['Other', '1'],
  ['x-a', 'two'],
]

describe('fields', () => {
  it('append to the last line, or begin one', () => {
    expect(lines(TWO, (headers) => fields.append(headers, 'X-A', 'three'))).toEqual([
      ['X-A', 'one'],
      ['Other', '1'],
      ['X-A', 'two, three'],
    ])
    expect(lines([], (headers) => fields.append(headers, 'X-A', 'a', '; '))).toEqual([['X-A', 'a']])
    expect(lines([['X-A', 'a']], (headers) => fields.append(headers, 'X-A', 'b', '; '))).toEqual([['X-A', 'a; b']])
  })

  it('collect all lines into one', () => {
    expect(lines(TWO, (headers) => fields.collect(headers, 'x-a'))).toEqual([
      ['x-a', 'one, two'],
      ['Other', '1'],
    ])
    const cookies: HeaderPairs = [
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ]
    expect(lines(cookies, (headers) => fields.collect(headers, 'Cookie'))).toEqual([['Cookie', 'a=1; b=2']])
    expect(lines(cookies, (headers) => fields.collect(headers, 'Cookie', ''))).toEqual([['Cookie', 'a=1b=2']])
    expect(lines([], (headers) => fields.collect(headers, 'X-A'))).toEqual([])
  })

  it('copy every line, and nothing is a copy of nothing', () => {
    expect(lines([...TWO, ['X-B', 'old']], (headers) => fields.copy(headers, 'X-A', 'X-B')).filter(([name]) => name === 'X-B')).toEqual([
      ['X-B', 'one'],
      ['X-B', 'two'],
    ])
    expect(lines([['X-B', 'old']], (headers) => fields.copy(headers, 'X-A', 'X-B'))).toEqual([])
  })

  it('remove the lines that a pattern finds, whatever its flags', () => {
    let gone = 0
    expect(lines(TWO, (headers) => (gone = fields.remove(headers, 'X-A', /^t/gy)))).toEqual([
      ['X-A', 'one'],
      ['Other', '1'],
    ])
    expect(gone).toBe(1)
    expect(lines(TWO, (headers) => (gone = fields.remove(headers, 'X-A', /x/)))).toEqual([...TWO])
    expect(gone).toBe(0)
  })

  it('replace in every line, or in the first', () => {
    expect(lines(TWO, (headers) => fields.replace(headers, 'X-A', /o/g, '0')).map(([, value]) => value)).toEqual(['0ne', '1', 'tw0'])
    expect(lines(TWO, (headers) => fields.replaceFirst(headers, 'X-A', /o/, '0')).map(([, value]) => value)).toEqual(['0ne', '1', 'two'])
    expect(fields.replace(HeaderMap.of(TWO), 'X-A', /z/, '')).toBe(false)
    expect(fields.replace(HeaderMap.of(TWO), 'X-B', /z/, '')).toBe(false)
    expect(fields.replace(HeaderMap.of(TWO), 'X-A', /(o)/, '[$1]')).toBe(true)
  })

  it('include and exclude members of a list', () => {
    const vary: HeaderPairs = [
      ['Vary', 'Accept, cookie'],
      ['Vary', 'Accept-Encoding'],
    ]
    expect(lines(vary, (headers) => fields.include(headers, 'Vary', 'Cookie'))).toEqual([...vary])
    expect(lines(vary, (headers) => fields.include(headers, 'Vary', 'Origin'))).toEqual([
      ['Vary', 'Accept, cookie, Accept-Encoding, Origin'],
    ])
    expect(lines([['Vary', '*']], (headers) => fields.include(headers, 'Vary', 'Origin'))).toEqual([['Vary', '*']])
    expect(lines([], (headers) => fields.include(headers, 'Vary', 'Origin'))).toEqual([['Vary', 'Origin']])
    expect(lines(vary, (headers) => fields.exclude(headers, 'Vary', 'COOKIE'))).toEqual([['Vary', 'Accept, Accept-Encoding']])
    expect(lines([['Vary', ' Cookie ,']], (headers) => fields.exclude(headers, 'Vary', 'cookie'))).toEqual([])
    expect(lines(vary, (headers) => fields.exclude(headers, 'Vary', 'Origin'))).toEqual([...vary])
  })

  it('refuse what no field may be', () => {
    const headers = HeaderMap.of([['X-A', 'a']])
    expect(() => fields.append(headers, 'X-A', 'b\r\nSet-Cookie: x')).toThrow(TypeError)
    expect(() => fields.replace(headers, 'X-A', /a/, '\n')).toThrow(TypeError)
    expect(() => fields.copy(headers, 'X-A', 'Content-Length')).toThrow('framing')
    expect([...headers]).toEqual([['X-A', 'a']])
  })
})
