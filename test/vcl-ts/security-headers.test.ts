import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { definePolicy, type SecurityHeadersOptions, securityHeaders, stack } from '../../vcl-ts/index.ts'

const NAMES = ['strict-transport-security', 'x-content-type-options', 'x-frame-options', 'referrer-policy', 'content-security-policy']
const FRESH = { 'Cache-Control': 'max-age=60' }

async function sent(options: SecurityHeadersOptions | undefined, scheme: 'http' | 'https', fields: Readonly<Record<string, string>> = {}) {
  const cache = await testPolicy(
    stack(securityHeaders(options), definePolicy({ recv: ({ req, synth }) => (req.url === '/no' ? synth(403) : undefined) })),
    {
      origin: { headers: { ...FRESH, ...fields } },
    },
  )
  const all: (string | undefined)[][] = []
  for (const url of ['/', '/', '/no']) {
    const { headers } = await cache.request({ url, scheme })
    all.push(NAMES.map((name) => headers.joined(name)))
  }
  return all
}

describe('securityHeaders', () => {
  it('is on every answer: fetched, stored, and made here', async () => {
    const usual = ['max-age=31536000', 'nosniff', 'SAMEORIGIN', 'strict-origin-when-cross-origin', undefined]
    expect(await sent(undefined, 'https')).toEqual([usual, usual, usual])
  })

  it('says nothing of https over http', async () => {
    const [first] = await sent({ csp: "default-src 'self'", frame: 'DENY', referrer: false }, 'http')
    expect(first).toEqual([undefined, 'nosniff', 'DENY', undefined, "default-src 'self'"])
  })

  it('leaves what the origin set, unless it is to go before it', async () => {
    const own = { 'X-Frame-Options': 'DENY', 'Content-Security-Policy': "script-src 'none'" }
    expect((await sent({ csp: "default-src 'self'" }, 'http', own))[1]?.slice(2)).toEqual([
      'DENY',
      'strict-origin-when-cross-origin',
      "script-src 'none'",
    ])
    expect((await sent({ csp: "default-src 'self'", override: true }, 'http', own))[1]?.slice(2)).toEqual([
      'SAMEORIGIN',
      'strict-origin-when-cross-origin',
      "default-src 'self'",
    ])
  })

  it('writes what HSTS is to say', async () => {
    const hsts = async (options: SecurityHeadersOptions['hsts'] & object) => (await sent({ hsts: options }, 'https'))[0]?.[0]
    expect(await hsts({ maxAge: '2y', includeSubDomains: true, preload: true })).toBe('max-age=63072000; includeSubDomains; preload')
    expect(await hsts({ maxAge: 0 })).toBe('max-age=0')
    expect((await sent({ hsts: false, nosniff: false, frame: false, referrer: false }, 'https'))[0]).toEqual(NAMES.map(() => undefined))
  })

  it('refuses what no list takes and no field may hold', () => {
    expect(() => securityHeaders({ hsts: { preload: true } })).toThrow('needs includeSubDomains')
    expect(() => securityHeaders({ csp: "default-src 'self'\r\nX: y" })).toThrow('Content-Security-Policy cannot be')
    expect(() => securityHeaders({ permissions: '' })).toThrow('Permissions-Policy')
  })
})
