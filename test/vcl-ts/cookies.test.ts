import { describe, expect, it } from 'vitest'
import { cookies } from '../../vcl-ts/cookies.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const request = (...lines: string[]): HeaderMap => HeaderMap.of(lines.map((line) => ['Cookie', line] as const))
const changed = (headers: HeaderMap, change: (headers: HeaderMap) => void): string | undefined => {
  change(headers)
  return headers.joined('cookie')
}

describe('cookies', () => {
  it('gives the first of a name, from any line', () => {
    const headers = request('a=1; b=2', 'b=3; c="x=y"')
    expect([cookies.get(headers, 'b'), cookies.get(headers, 'c'), cookies.get(headers, 'A')]).toEqual(['2', '"x=y"', undefined])
    expect(cookies.get(new HeaderMap(), 'a')).toBeUndefined()
  })

  it('gives the first that a pattern finds, and tells which there are', () => {
    const headers = request('_ga=1; session_b=2; session_a=3', 'x')
    expect(cookies.get(headers, /^session_/g)).toBe('2')
    expect(cookies.get(headers, /^none/)).toBeUndefined()
    expect([cookies.has(headers, 'x'), cookies.has(headers, /^_/), cookies.has(headers, 'session')]).toEqual([true, true, false])
    expect(cookies.names(headers)).toEqual(['_ga', 'session_b', 'session_a', 'x'])
    expect([cookies.names(new HeaderMap()), cookies.has(new HeaderMap(), 'x')]).toEqual([[], false])
  })

  it.each([
    ['keeps what is named', 'a=1; b=2; c=3', ['a', 'c'], 'a=1; c=3'],
    ['keeps what a pattern finds', 'session_a=1; _ga=2; session_b=3', [/^session_/], 'session_a=1; session_b=3'],
    ['is not misled by flags of a pattern', 'a1=1; a2=2; a3=3', [/a/gy], 'a1=1; a2=2; a3=3'],
    ['removes the field with the last cookie', 'a=1', ['b'], undefined],
    ['removes a field without any cookie', ' ; ;', ['a'], undefined],
    ['keeps several of one name', 'a=1; b=2; a=3', ['a'], 'a=1; a=3'],
    ['compares case', 'A=1; a=2', ['a'], 'a=2'],
    ['takes __proto__ for a name like any other', '__proto__=1; constructor=2', ['__proto__'], '__proto__=1'],
    ['keeps bytes as they are', 'a = "1 %3B" ;x', ['a'], 'a = "1 %3B"'],
  ] as const)('%s', (_title, field, names, kept) => {
    expect(changed(request(field), (headers) => cookies.keep(headers, ...names))).toBe(kept)
  })

  it('leaves a field untouched of which nothing is deleted', () => {
    expect(changed(request('a=1;b=2 ;  c'), (headers) => cookies.delete(headers, 'd'))).toBe('a=1;b=2 ;  c')
    expect(changed(request('a=1', 'b=2'), (headers) => cookies.delete(headers, 'd'))).toBe('a=1, b=2')
  })

  it('deletes, from every line', () => {
    expect(changed(request('a=1; b=2', 'b=3; c=4'), (headers) => cookies.delete(headers, 'b'))).toBe('a=1; c=4')
  })

  it('deletes by what a function answers', () => {
    const short = (headers: HeaderMap): void => cookies.filter(headers, (name, value) => name !== 'a' && value.length < 3)
    expect(changed(request('a=1; b=2; c=long'), short)).toBe('b=2')
  })

  it('sets in place of all of that name, else at the end', () => {
    expect(changed(request('a=1; b=2; a=3'), (headers) => cookies.set(headers, 'a', 'x'))).toBe('a=x; b=2')
    expect(changed(request('b=2'), (headers) => cookies.set(headers, 'a', ''))).toBe('b=2; a=')
    expect(changed(new HeaderMap(), (headers) => cookies.set(headers, 'a', '1'))).toBe('a=1')
  })

  it.each([
    ['a b', '1'],
    ['', '1'],
    ['a', '1; admin=1'],
    ['a', '1\r\nX: y'],
    ['a', 'ü'],
  ])('sets nothing that would be read as something else: %j %j', (name, value) => {
    const headers = request('b=2')
    expect(() => cookies.set(headers, name, value)).toThrow(TypeError)
    expect(headers.get('cookie')).toBe('b=2')
  })
})
