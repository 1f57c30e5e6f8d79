/** Requests that are to be explained, as somebody types them. */
import { describe, expect, it } from 'vitest'
import { checkRequest } from '../../src/admin/explain/request.ts'
import { variantParts } from '../../src/admin/explain/variants.ts'
import { ExplainError } from '../../src/admin/explain.ts'
import type { ExplainRequest } from '../../src/admin/explanation.ts'
import { partsOf } from '../../src/object/key-text.ts'
import { variantKey } from '../../src/wire/vary.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const check = (given: ExplainRequest): ReturnType<typeof checkRequest> => checkRequest(given, (ip) => ip === '10.0.0.1')

describe('a request to be explained', () => {
  it.each([
    ['http://www.example/a?b#c', 'http', 'www.example', '/a?b'],
    ['HTTPS://WWW.example:8443', 'https', 'WWW.example:8443', '/'],
    ['http://www.example?q=1', 'http', 'www.example', '/?q=1'],
    ['http://www.example/%7Ea/../b', 'http', 'www.example', '/%7Ea/../b'],
    ['http://www.example/grün', 'http', 'www.example', '/gr%C3%BCn'],
    ['http://[::1]:80/', 'http', '[::1]:80', '/'],
  ])('may be a URL as people write it: %s', (url, scheme, host, target) => {
    expect(check({ url })).toMatchObject({ head: { method: 'GET', target, host, version: '1.1' }, peer: { scheme, trusted: false } })
  })

  it('may be a path with a Host, which wins over that of a URL', () => {
    expect(check({ url: '/a', headers: [['host', 'b.example']] }).head).toMatchObject({ target: '/a', host: 'b.example' })
    expect(check({ url: 'http://127.0.0.1:8080/a', headers: [['Host', 'b.example']] }).head.host).toBe('b.example')
  })

  it('comes from nobody unless an address is given', () => {
    expect(check({ url: 'http://a/' }).peer).toMatchObject({ address: '192.0.2.1', trusted: false })
    expect(check({ url: 'http://a/', ip: '10.0.0.1' }).peer).toMatchObject({ address: '10.0.0.1', trusted: true })
  })

  it.each<readonly [string, ExplainRequest]>([
    ['nothing', { url: '' }],
    ['a bare word', { url: 'page', headers: [['Host', 'a']] }],
    ['a space', { url: 'http://a/b c' }],
    ['no host', { url: '/a' }],
    [
      'two hosts',
      {
        url: '/a',
        headers: [
          ['Host', 'a'],
          ['Host', 'b'],
        ],
      },
    ],
    ['a bad host', { url: 'http://a b/' }],
    ['a host that is none', { url: '/', headers: [['Host', 'a/b']] }],
    ['a field that cannot be', { url: 'http://a/', headers: [['a b', 'c']] }],
    ['a value that cannot be', { url: 'http://a/', headers: [['a', 'b\r\nc: d']] }],
    ['a body', { url: 'http://a/', headers: [['Content-Length', '3']] }],
    ['a bad method', { url: 'http://a/', method: 'G T' }],
    ['an address that is none', { url: 'http://a/', ip: 'here' }],
    ['something unsafe that would be sent', { url: 'http://a/', method: 'DELETE', fetch: true }],
  ])('is refused with what, why and how: %s', (_what, given) => {
    const refused = (): unknown => check(given)
    expect(refused).toThrow(ExplainError)
    try {
      refused()
    } catch (error) {
      const { what, why, how } = error as ExplainError
      for (const text of [what, why, how]) expect(text.length).toBeGreaterThan(3)
    }
  })
})

describe('texts of the table, taken apart', () => {
  it('are the values that the variant was made of', () => {
    const names = ['accept-encoding', 'x-a', 'x-b', 'x-c']
    const headers = HeaderMap.of([
      ['X-A', 'a;3:b, c'],
      ['X-C', ''],
    ])
    expect(variantParts(names, `https ${variantKey(names, headers, 'set')}`)).toEqual({
      scheme: 'https',
      arm: null,
      vary: [
        { name: 'accept-encoding', value: null },
        { name: 'x-a', value: 'a;3:b,c' },
        { name: 'x-b', value: null },
        { name: 'x-c', value: '' },
      ],
    })
    const languages = HeaderMap.of([['Accept-Language', 'en, de;q=0.8']])
    const [language] = variantParts(['accept-language'], `http ${variantKey(['accept-language'], languages, 'set')}`).vary
    expect(language?.value).toMatch(/^(?:en,de;0\.8|de;0\.8,en)$/)
    expect(variantParts([], 'http')).toEqual({ scheme: 'http', arm: null, vary: [] })
    expect(variantParts([], '@next')).toEqual({ scheme: null, arm: 'next', vary: [] })
    expect(variantParts(['x-b'], ` ${variantKey(['x-b'], headers, 'set')}`)).toEqual({
      scheme: null,
      arm: null,
      vary: [{ name: 'x-b', value: null }],
    })
  })

  it('are the parts of the key, whatever they hold', () => {
    expect(partsOf('4:/a:b3:x:10:')).toEqual(['/a:b', 'x:1', ''])
    expect(partsOf('-1:a2:bc')).toEqual(['a', 'bc'])
    expect(partsOf('-')).toEqual([])
  })
})
