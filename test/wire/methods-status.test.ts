import { expect, test } from 'vitest'
import { methodFacts } from '../../src/wire/methods.ts'
import { isHeuristicallyCacheable, isUnderstood, reasonPhrase, varnishStorable } from '../../src/wire/status.ts'

test.each([
  ['GET', true, true, true],
  ['HEAD', true, true, true],
  ['OPTIONS', true, true, true],
  ['TRACE', true, true, true],
  ['PROPFIND', true, true, true],
  ['QUERY', true, true, true],
  ['SEARCH', true, true, true],
  ['REPORT', true, true, true],
  ['PUT', false, true, true],
  ['DELETE', false, true, true],
  ['MKCOL', false, true, true],
  ['MOVE', false, true, true],
  ['UNLOCK', false, true, true],
  ['VERSION-CONTROL', false, true, true],
  ['POST', false, false, true],
  ['PATCH', false, false, true],
  ['LOCK', false, false, true],
  ['CONNECT', false, false, true],
  ['get', false, false, false],
  ['PURGE', false, false, false],
  ['BAN', false, false, false],
  ['M-SEARCH', false, false, false],
  ['*', false, false, false],
  ['', false, false, false],
  ['constructor', false, false, false],
])('%s is safe: %j, idempotent: %j, registered: %j', (method, safe, idempotent, registered) => {
  expect(methodFacts(method)).toEqual({ safe, idempotent, registered })
})

test('registered statuses have their phrase, others none', () => {
  expect([200, 304, 413, 421, 502, 299, 999].map(reasonPhrase)).toEqual([
    'OK',
    'Not Modified',
    'Content Too Large',
    'Misdirected Request',
    'Bad Gateway',
    '',
    '',
  ])
})

test('the statuses that allow a heuristic are those of RFC 9110 §15.1', () => {
  const all = Array.from({ length: 900 }, (_, index) => index + 100)
  expect(all.filter(isHeuristicallyCacheable)).toEqual([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])
})

test('a cache that must understand knows registered final statuses only', () => {
  for (const status of [200, 206, 301, 404, 421, 428, 429, 431, 451, 503]) expect(isUnderstood(status)).toBe(true)
  for (const status of [100, 103, 299, 306, 418, 499, 599, 999]) expect(isUnderstood(status)).toBe(false)
})

test('varnish stores its list, 302 and 307 with explicit freshness only', () => {
  for (const status of [200, 203, 204, 300, 301, 304, 404, 410, 414]) expect(varnishStorable(status, false)).toBe(true)
  for (const status of [302, 307]) expect([varnishStorable(status, false), varnishStorable(status, true)]).toEqual([false, true])
  for (const status of [206, 303, 308, 500, 503]) expect(varnishStorable(status, true)).toBe(false)
})
