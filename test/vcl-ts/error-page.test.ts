import { describe, expect, it } from 'vitest'
import { errorPage, escapeHtml } from '../../vcl-ts/builtin/error-page.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const input = { status: 503, reason: '<script>alert(1)</script>', cause: 'ERROR', id: '"><img src=x>' } as const

describe('the error page', () => {
  it('escapes what it shows', () => {
    const { body } = errorPage(input)
    expect(body).not.toMatch(/<script|<img/)
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(body).toContain('&quot;&gt;&lt;img src=x&gt;')
    expect(escapeHtml(`a&b'\0\x1b\n`)).toBe('a&amp;b&#39;\ufffd\ufffd\n')
  })

  it('is never stored, never sniffed, and its fields are valid', () => {
    const headers = HeaderMap.of(errorPage(input).headers)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('tells cause and id, but no version and no stack', () => {
    const { body } = errorPage({ ...input, id: 'id-1' })
    expect(body).toContain('the origin could not be asked')
    expect(body).toContain('id-1')
    expect(body).not.toMatch(/clearcoat|node|\bat \w+ \(/i)
    expect(errorPage({ ...input, cause: null }).body).not.toContain('ERROR')
  })

  it.each([
    [undefined, 'text/html'],
    ['*/*', 'text/html'],
    ['text/html, text/plain;q=0.5', 'text/html'],
    ['text/plain', 'text/plain'],
    ['application/json, TEXT/PLAIN', 'text/plain'],
  ])('for Accept %s is %s', (accept, type) => {
    expect(HeaderMap.of(errorPage({ ...input, accept }).headers).get('content-type')).toBe(`${type}; charset=utf-8`)
  })

  it('as text is what it says', () => {
    expect(errorPage({ status: 502, reason: '', cause: 'BROKEN', id: 'x', accept: 'text/plain' }).body).toMatch(
      /^502\n.*\(BROKEN\)\nRequest x\n$/,
    )
  })
})
