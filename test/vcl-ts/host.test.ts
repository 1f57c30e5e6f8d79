import { describe, expect, it, test } from 'vitest'
import { isValidHost } from '../../src/wire/host.ts'
import { isNormalHost, normaliseHost } from '../../vcl-ts/host.ts'
import fc from '../support/properties.ts'

const text = fc.string({ unit: fc.constantFrom(...'aZ09-_.:[]~ %/@é0480443'), maxLength: 14 })

/** The same without the short way: a host with an upper-case letter never takes it, and lower case is what it comes out as. */
function theLongWay(host: string, scheme: 'http' | 'https'): string {
  return normaliseHost(
    host.replace(/[a-z]/, (letter) => letter.toUpperCase()),
    scheme,
  )
}

describe('the short way for hosts in normal form', () => {
  it.each(['example.com', 'a', '127.0.0.1', '127.0.0.1:8080', 'a-b.c:1', 'a.b:65535'])('takes %s', (host) => {
    expect(isNormalHost(host, 'http')).toBe(true)
  })

  it.each(['', '.', 'a.', '.a', 'a..b', 'A', 'a:', 'a:80', 'a:080', 'a:65536', 'a:x', 'a:1:2', ':1', '[::1]', 'a_b', 'a b', 'é'])(
    'leaves %j to the long way',
    (host) => {
      expect(isNormalHost(host, 'http')).toBe(false)
    },
  )

  test('depends on the scheme for the port alone', () => {
    expect(isNormalHost('a:80', 'https')).toBe(true)
    expect(isNormalHost('a:443', 'https')).toBe(false)
    expect(isNormalHost('a:443', 'http')).toBe(true)
  })

  test('takes only what is valid and what the long way leaves as it is', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('http' as const, 'https' as const), (host, scheme) => {
        if (!isNormalHost(host, scheme)) return
        expect(isValidHost(host.toUpperCase())).toBe(true)
        if (/[a-z]/.test(host)) expect(theLongWay(host, scheme)).toBe(host)
      }),
      { numRuns: 3000 },
    )
  })
})
