/** Where a redirect may lead, whatever it was made of. */
import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { definePolicy, type RedirectOptions, redirect } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

const location = (to: string, options?: RedirectOptions): string | undefined =>
  redirect(to, options).headers?.find(([name]) => name === 'Location')?.[1]

/** What a browser that is at https://shop.example/here makes of it. */
const followed = (to: string, options?: RedirectOptions): URL => new URL(location(to, options) ?? '', 'https://shop.example/here')

describe('redirect', () => {
  it('is an answer with Location, 302 unless it says otherwise', () => {
    expect(redirect('/new')).toEqual({
      type: 'synth',
      status: 302,
      reason: null,
      body: '/new\n',
      close: false,
      contentType: 'text/plain; charset=utf-8',
      headers: [['Location', '/new']],
    })
    for (const status of [301, 302, 303, 307, 308] as const) expect(redirect('/new', { status }).status).toBe(status)
    expect(redirect('/new', { status: 308, maxAge: '1d' }).headers?.[1]).toEqual(['Cache-Control', 'max-age=86400'])
    expect(() => redirect('/new', { status: 304 as never })).toThrow('304 is no redirect')
  })

  it.each([
    ['/new?a=b#c', '/new?a=b#c'],
    ['/a/../b', '/b'],
    ['/ä b', '/%C3%A4%20b'],
    ['//evil.example/x', '/evil.example/x'],
    ['/\\evil.example', '/evil.example'],
    ['\\\\evil.example', '/evil.example'],
    ['/\t/evil.example', '/evil.example'],
    ['/.//evil.example', '/evil.example'],
    ['/a\r\nSet-Cookie: x=1', '/aSet-Cookie:%20x=1'],
    ['/a\x00\x7f', '/a%00%7F'],
    ['https://EXAMPLE.com', 'https://example.com/'],
    ['http://example.com:8080/x?y#z', 'http://example.com:8080/x?y#z'],
    ['https://example.com\\@evil.example', 'https://example.com/@evil.example'],
    ['https://example.com/a\r\nX: y', 'https://example.com/aX:%20y'],
  ])('%j leads to %s', (to, wanted) => {
    expect(location(to)).toBe(wanted)
  })

  it.each(['new', '', 'javascript:alert(1)', 'https:evil.example', 'https://user@evil.example/', 'https://', 'http://[::1', 'ftp://a/'])(
    'refuses %j, and says what to give',
    (to) => {
      expect(() => redirect(to)).toThrow('give a path')
      expect(location(to, { hosts: ['evil.example'] })).toBe('/')
    },
  )

  it('keeps a query that it is given, before the fragment', () => {
    expect(location('/new', { query: 'a=1&b=' })).toBe('/new?a=1&b=')
    expect(location('/new?c=2#end', { query: 'a=1' })).toBe('/new?c=2&a=1#end')
    expect(location('https://a.example', { query: 'a' })).toBe('https://a.example/?a')
    expect(location('/new', { query: '' })).toBe('/new')
    expect(location('/new', { query: 'a#b' })).toBe('/new?a%23b')
  })

  it.each([
    ['https://shop.example/x', 'https://shop.example/x'],
    ['https://a.b.example/x', 'https://a.b.example/x'],
    ['https://b.example/x', '/home'],
    ['https://evil.example/', '/home'],
    ['https://shop.example.evil.example/', '/home'],
    ['https://shop.example:8443/', '/home'],
    ['https://port.example:8443/', 'https://port.example:8443/'],
    ['//evil.example/', '/evil.example/'],
    ['evil', '/home'],
  ])('with hosts that are allowed, %s leads to %s', (to, wanted) => {
    expect(location(to, { hosts: ['shop.example', '*.b.example', 'port.example:8443'], otherwise: '/home' })).toBe(wanted)
  })

  it('stays on the site with no hosts, whatever a client writes', () => {
    const hostile = fc.stringMatching(/^[/\\.:@?# \t\r\na-z%]{0,20}$/)
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string(), fc.webUrl()), (to) => {
        const url = followed(to, { hosts: [] })
        expect(url.origin).toBe('https://shop.example')
        expect(location(to, { hosts: [] })).toMatch(/^\/(?!\/)[\x21-\x7e]*$/)
      }),
      { numRuns: 3000 },
    )
  })

  it('of a path stays on the site, with nothing that a header may not hold', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[/\\][/\\.:@?# \t\r\nä]{0,20}[a-z]*$/), (to) => {
        expect(followed(to).origin).toBe('https://shop.example')
        expect(location(to)).toMatch(/^[\x21-\x7e]+$/)
      }),
    )
  })

  it('reaches the client, who is told nothing of an error page', async () => {
    const cache = await testPolicy(definePolicy({ recv: ({ req }) => redirect('/new', { status: 301, query: req.query }) }))
    const answer = await cache.request('/old?a=1')
    expect([answer.status, answer.headers.get('location'), answer.body]).toEqual([301, '/new?a=1', '/new?a=1\n'])
    expect(answer.headers.has('cache-control')).toBe(false)
  })
})
