/** The most specific route, against a slow reading of the same rules. */
import { describe, expect, it } from 'vitest'
import { type ParsedRoute, parseRoute } from '../../vcl-ts/route-pattern.ts'
import { RouteTable } from '../../vcl-ts/route-table.ts'
import fc from '../support/properties.ts'

function tableOf(patterns: readonly string[]): RouteTable {
  const table = new RouteTable()
  for (const [number, pattern] of patterns.entries()) table.add(parsed(pattern), number)
  return table
}

function parsed(pattern: string): ParsedRoute {
  const route = parseRoute(pattern)
  if (typeof route === 'string') throw new Error(`${pattern}: ${route}`)
  return route
}

const found = (patterns: readonly string[], host: string, path: string): string | undefined => patterns[tableOf(patterns).find(host, path)]

describe('the route of a request', () => {
  const PATTERNS = [
    'shop.example.com/*',
    'shop.example.com/api/*',
    'shop.example.com/api/v2/*',
    'shop.example.com/api/v2/ping',
    '*.example.com/*',
    '*.eu.example.com/*',
    '/static/*',
    '/*',
    '[::1]/health',
  ]

  it.each([
    ['the host before a wildcard', 'shop.example.com', '/', 'shop.example.com/*'],
    ['the longest beginning of the path', 'shop.example.com', '/api/v2/x', 'shop.example.com/api/v2/*'],
    ['a whole path before a beginning', 'shop.example.com', '/api/v2/ping', 'shop.example.com/api/v2/ping'],
    ['what is below a whole path by its beginning', 'shop.example.com', '/api/v2/ping/', 'shop.example.com/api/v2/*'],
    ['/api/* for /api/ itself', 'shop.example.com', '/api/', 'shop.example.com/api/*'],
    ['/api/* not for /api', 'shop.example.com', '/api', 'shop.example.com/*'],
    ['/api/* not for /apis/x', 'shop.example.com', '/apis/x', 'shop.example.com/*'],
    ['the longer wildcard', 'a.eu.example.com', '/', '*.eu.example.com/*'],
    ['a wildcard for hosts at any depth', 'a.b.c.example.com', '/static/x', '*.example.com/*'],
    ['a wildcard not for the host itself', 'example.com', '/x', '/*'],
    ['any host last', 'other.example', '/static/x', '/static/*'],
    ['whatever the port is', 'shop.example.com:8080', '/api/x', 'shop.example.com/api/*'],
    ['an address in brackets', '[::1]:8080', '/health', '[::1]/health'],
    ['paths as they are spelled', 'shop.example.com', '//api/x', 'shop.example.com/*'],
    ['case in paths', 'shop.example.com', '/API/x', 'shop.example.com/*'],
    ['no host at all', '', '/x', '/*'],
  ])('takes %s', (_title, host, path, pattern) => {
    expect(found(PATTERNS, host, path)).toBe(pattern)
  })

  it('goes on to wildcards and any host where the host’s own paths do not fit', () => {
    expect(found(['a.example/x', '*.example/y', '/z'], 'a.example', '/y')).toBe('*.example/y')
    expect(found(['a.example/x', '*.example/y', '/z'], 'a.example', '/z')).toBe('/z')
    expect(found(['a.example/x', '*.example/y', '/z'], 'a.example', '/w')).toBeUndefined()
  })

  it('is none for what is no path, nor for a host that no name can be', () => {
    expect(found(['/*'], 'a.example', '*')).toBeUndefined()
    expect(found(['*.example/*'], `${'a.'.repeat(200)}example`, '/')).toBeUndefined()
  })

  it('tells equal patterns by answering the first one’s number', () => {
    const table = tableOf(['a.example/x', '/y/*'])
    expect([table.add(parsed('A.Example/x'), 7), table.add(parsed('*/y/*'), 8), table.add(parsed('/y'), 9)]).toEqual([0, 1, 9])
  })

  it('takes no longer for a hostile path than it is long', () => {
    const table = tableOf(['a.example/*', `*.example/${'a/'.repeat(2000)}*`, '/*'])
    const started = performance.now()
    for (let round = 0; round < 200; round++) table.find('a.b.example', `/${'a/'.repeat(4000)}x`)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('any request among any routes', () => {
  const label = fc.constantFrom('a', 'b', 'example')
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
  const path = fc.array(fc.constantFrom('', 'x', 'y', 'x:y'), { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
  const hosts = fc.oneof(
    host,
    host.map((name) => `*.${name}`),
    fc.constantFrom('', '*'),
  )
  const paths = fc.oneof(
    path,
    path.map((text) => `${text.replace(/\/$/, '')}/*`),
  )
  const pattern = fc.tuple(hosts, paths).map(([where, what]) => where + what)

  it('finds what a reading of each pattern by itself finds', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 12 }), host, path, fc.constantFrom('', ':8080'), (all, name, url, port) => {
        const patterns = all.filter((one, at) => all.findIndex((other) => same(other, one)) === at)
        const fitting = patterns.filter((one) => fits(one, name, url))
        const best = fitting.toSorted((a, b) => rank(b) - rank(a))[0]
        expect(found(patterns, name + port, url)).toBe(best)
      }),
      { numRuns: 3000 },
    )
  })

  const hostOf = (text: string): string => text.slice(0, text.indexOf('/')).replace(/^\*$/, '')
  const pathOf = (text: string): string => text.slice(text.indexOf('/'))
  const same = (a: string, b: string): boolean => hostOf(a) === hostOf(b) && pathOf(a) === pathOf(b)

  function fits(text: string, name: string, url: string): boolean {
    const [where, what] = [hostOf(text), pathOf(text)]
    const there = where === '' || (where.startsWith('*') ? name.endsWith(where.slice(1)) : name === where)
    return there && (what.endsWith('/*') ? url.startsWith(what.slice(0, -1)) : url === what)
  }

  function rank(text: string): number {
    const [where, what] = [hostOf(text), pathOf(text)]
    const host = where === '' ? 0 : where.startsWith('*') ? where.length : 1000
    return host * 1000 + (what.endsWith('/*') ? what.length : 900)
  }
})

describe('a pattern that cannot be', () => {
  it.each([
    ['shop.example.com', 'it has no path; for all of a host write "shop.example.com/*"'],
    ['https://shop.example.com/*', 'begins with a scheme'],
    ['shop.example.com:8080/*', 'has a port'],
    ['*shop.example.com/*', 'has a * within'],
    ['shop.*.com/*', 'has a * within'],
    ['münchen.example/*', 'xn--'],
    ['shop_.example..com/*', 'is not a host'],
    ['a.example/x?y=1', 'has a query'],
    ['a.example/x#y', 'percent-encoded'],
    ['a.example/ä', 'percent-encoded'],
    ['a.example/a b', 'percent-encoded'],
    ['a.example/x*', 'not its last segment'],
    ['a.example/*/x', 'not its last segment'],
    ['a.example/x/**', 'not its last segment'],
  ])('%s: says what is wrong and how to mend it', (pattern, fault) => {
    expect(parseRoute(pattern)).toContain(fault)
  })
})
