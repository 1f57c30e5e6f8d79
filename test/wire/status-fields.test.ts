import { parseList } from 'structured-headers'
import { expect, test } from 'vitest'
import { cacheStatus } from '../../src/wire/cache-status.ts'
import { proxyStatus } from '../../src/wire/proxy-status.ts'

test('RFC 9211: a hit says so, with its remaining freshness and the reason', () => {
  expect(cacheStatus('clearcoat', { hit: true, ttl: 29.9, detail: 'HIT' })).toBe('clearcoat; hit; ttl=29; detail=HIT')
  expect(cacheStatus('clearcoat', { hit: true, ttl: -0.5, detail: 'GRACE' })).toBe('clearcoat; hit; ttl=-1; detail=GRACE')
})

test('RFC 9211 §2: an extension parameter, a token, tells which tier behind memory had it', () => {
  const value = cacheStatus('clearcoat', { hit: true, ttl: 5, detail: 'HIT', tier: 'redis' })
  expect(value).toBe('clearcoat; hit; ttl=5; detail=HIT; tier=redis')
  expect(String(parseList(value)[0]?.[1].get('tier'))).toBe('redis')
})

test('RFC 9211 §2.2: a forwarded request says why, and what came of it', () => {
  expect(
    cacheStatus('clearcoat', { hit: false, fwd: 'stale', fwdStatus: 304, stored: true, collapsed: true, ttl: 60, detail: 'REVALIDATED' }),
  ).toBe('clearcoat; fwd=stale; fwd-status=304; stored; collapsed; ttl=60; detail=REVALIDATED')
  expect(cacheStatus('clearcoat', { hit: false, fwd: 'uri-miss', stored: false, detail: 'NO_FRESHNESS' })).toBe(
    'clearcoat; fwd=uri-miss; detail=NO_FRESHNESS',
  )
})

test('RFC 9211 §2.1: a hit is never also forwarded', () => {
  expect(cacheStatus('clearcoat', { hit: true, fwd: 'stale', detail: 'STALE_IF_ERROR' })).toBe('clearcoat; hit; detail=STALE_IF_ERROR')
})

test('RFC 9209: the error is named, and its details cannot break out of their string', () => {
  expect(proxyStatus('clearcoat', 'connection_refused')).toBe('clearcoat; error=connection_refused')
  const value = proxyStatus('clearcoat', 'http_protocol_error', 'a "b" \\ c\r\nX: y é')
  expect(value).toBe('clearcoat; error=http_protocol_error; details="a \\"b\\" \\\\ c??X: y ?"')
  expect(parseList(value)[0]?.[1].get('details')).toBe('a "b" \\ c??X: y ?')
})
