import { describe, expect, it } from 'vitest'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const map = (): HeaderMap =>
  HeaderMap.of([
    ['Accept', 'a'],
    ['X-One', '1'],
    ['accept', 'b'],
    ['Content-Length', '5'],
  ])

describe('a header map', () => {
  it('keeps lines in order and finds them in any case', () => {
    const headers = map()
    expect(headers.get('ACCEPT')).toBe('a')
    expect(headers.getAll('Accept')).toEqual(['a', 'b'])
    expect(headers.joined('accept')).toBe('a, b')
    expect(headers.get('absent')).toBeUndefined()
    expect(headers.joined('absent')).toBeUndefined()
    expect([...headers].map(([name]) => name)).toEqual(['Accept', 'X-One', 'accept', 'Content-Length'])
  })

  it('replaces all lines of a name at the place of the first', () => {
    const headers = map()
    headers.set('ACCEPT', 'c')
    expect([...headers]).toEqual([
      ['ACCEPT', 'c'],
      ['X-One', '1'],
      ['Content-Length', '5'],
    ])
  })

  it('deletes all lines of a name and says whether there was one', () => {
    const headers = map()
    expect(headers.delete('Accept')).toBe(true)
    expect(headers.delete('Accept')).toBe(false)
    expect(headers.size).toBe(2)
  })

  it('clones without sharing', () => {
    const headers = map()
    headers.clone().delete('accept')
    expect(headers.size).toBe(4)
  })

  it.each(['Content-Length', 'content-length', 'Transfer-Encoding', 'TRANSFER-ENCODING'])('leaves %s to the engine', (name) => {
    const headers = map()
    expect(() => headers.set(name, '5')).toThrow(/framing/)
    expect(() => headers.append(name, '5')).toThrow(/framing/)
    expect(() => headers.delete(name)).toThrow(/framing/)
    expect([...headers]).toEqual([...map()])
  })

  it.each(['', 'a b', 'a:', 'a\r\nb', 'é', 'a\0', ':method', '(x)'])('refuses the name %j', (name) => {
    expect(() => new HeaderMap().set(name, 'x')).toThrow(TypeError)
    expect(() => new HeaderMap().append(name, 'x')).toThrow(TypeError)
    expect(() => HeaderMap.of([[name, 'x']])).toThrow(TypeError)
  })

  it.each(['a\r\nSet-Cookie: b=c', 'a\n', '\r', 'a\0b', '\x7f', '\x1b[0m', '\u20ac', 7, undefined])('refuses the value %j', (value) => {
    const headers = new HeaderMap()
    expect(() => headers.set('X', value as string)).toThrow(TypeError)
    expect(() => headers.append('X', value as string)).toThrow(TypeError)
    expect(headers.size).toBe(0)
  })

  it.each(['', 'a\tb', 'caf\xe9', '~!@#'])('accepts the value %j', (value) => {
    const headers = new HeaderMap()
    headers.set('X', value)
    expect(headers.get('x')).toBe(value)
  })
})
