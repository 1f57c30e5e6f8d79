import { describe, expect, it } from 'vitest'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { type SetCookieOptions, setCookie } from '../../vcl-ts/set-cookie.ts'

const lines = (name: string, value: string, options?: SetCookieOptions, headers = new HeaderMap()): string[] => {
  setCookie(headers, name, value, options)
  return headers.getAll('set-cookie')
}

describe('setCookie', () => {
  it('is careful unless it is told otherwise', () => {
    expect(lines('a', '1')).toEqual(['a=1; Path=/; Secure; HttpOnly; SameSite=Lax'])
    expect(lines('a', '', { maxAge: 0, secure: false, httpOnly: false, sameSite: 'Strict', path: '/x' })).toEqual([
      'a=; Path=/x; Max-Age=0; SameSite=Strict',
    ])
    expect(lines('a', '1', { maxAge: '1y', domain: 'example.com', sameSite: 'None', partitioned: true })).toEqual([
      'a=1; Path=/; Domain=example.com; Max-Age=31536000; Secure; HttpOnly; SameSite=None; Partitioned',
    ])
  })

  it('replaces the cookie of that name, and leaves others', () => {
    const headers = HeaderMap.of([
      ['Set-Cookie', 'a=old; Path=/'],
      ['Set-Cookie', 'ab=1'],
    ])
    expect(lines('a', 'new', {}, headers)).toEqual(['ab=1', 'a=new; Path=/; Secure; HttpOnly; SameSite=Lax'])
  })

  it.each([
    ['a b', '1', {}],
    ['a', '1; Domain=evil.example', {}],
    ['a', '1\r\nX: y', {}],
    ['a', '1', { path: '/; Domain=evil.example' }],
    ['a', '1', { domain: 'a\r\nb' }],
    ['a', '1', { secure: false, sameSite: 'None' }],
    ['a', '1', { secure: false, partitioned: true }],
    ['__Secure-a', '1', { secure: false }],
    ['__Host-a', '1', { domain: 'example.com' }],
    ['__host-a', '1', { path: '/x' }],
  ] as const)('refuses %s=%s with %j', (name, value, options) => {
    expect(() => lines(name, value, options)).toThrow(TypeError)
  })
})
