import { describe, expect, test } from 'vitest'
import {
  appendForwarded,
  clientAddress,
  effectiveScheme,
  type ForwardingFacts,
  isValidHost,
  loops,
  normaliseHost,
} from '../../src/wire/forwarded.ts'
import { plainAddress, trustList } from '../../src/wire/ip.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'

describe('client address', () => {
  const isTrusted = trustList(['10.0.0.0/8', 'fd00::/8'])
  test.each([
    ['192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['::ffff:10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['10.0.0.1', '[2001:db8::1]:80', '2001:db8::1'],
    ['10.0.0.1', '2001:db8::1', '2001:db8::1'],
    ['10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '203.0.113.9, unknown', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9, unknown, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '127.0.0.1, fe80::1%lo', '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['', '127.0.0.1', ''],
  ])('from %j with X-Forwarded-For %j is %s', (peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, isTrusted)).toBe(expected)
  })
})

describe('forwarding fields', () => {
  const facts: ForwardingFacts = {
    peerAddress: '192.0.2.1',
    trusted: false,
    scheme: 'https',
    host: 'example.com',
    name: 'clearcoat',
    httpVersion: '1.1',
  }
  const forward = (lines: HeaderPairs, more: Partial<ForwardingFacts> = {}): Record<string, string> => {
    const headers = HeaderMap.of(lines)
    appendForwarded(headers, { ...facts, ...more })
    return Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value]))
  }
  const anew = {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'example.com',
    forwarded: 'for=192.0.2.1;host="example.com";proto=https',
    via: '1.1 clearcoat',
    'cdn-loop': 'clearcoat',
  }

  test('are set anew for a client that sent none', () => {
    expect(forward([])).toEqual(anew)
  })

  test.each(
    `X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Server X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Scheme X-Forwarded-Ssl
    X-Real-IP Forwarded X-Original-URL X-Original-Host X-Rewrite-URL X-Host X-HTTP-Method-Override X-HTTP-Method X-Method-Override
    Front-End-Https Proxy`.split(/\s+/),
  )('%s from a peer that is not trusted does not reach the origin', (name) => {
    expect(
      forward([
        [name, 'evil'],
        [name.toLowerCase(), 'evil too'],
      ]),
    ).toEqual(anew)
  })

  test('are appended to what a trusted peer sent', () => {
    const sent: HeaderPairs = [
      ['X-Forwarded-For', '203.0.113.9'],
      ['X-Forwarded-For', '198.51.100.1'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Host', 'public.example'],
      ['X-Real-IP', '203.0.113.9'],
      ['Forwarded', 'for=203.0.113.9'],
    ]
    expect(forward(sent, { trusted: true })).toEqual({
      ...anew,
      'x-forwarded-for': '203.0.113.9, 198.51.100.1, 192.0.2.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'public.example',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9, for=192.0.2.1;host="example.com";proto=https',
    })
  })

  test('Via and CDN-Loop are appended whoever sent them', () => {
    expect(
      forward(
        [
          ['Via', '1.0 a'],
          ['CDN-Loop', 'b; x=1'],
        ],
        { httpVersion: '2' },
      ),
    ).toMatchObject({
      via: '1.0 a, 2 clearcoat',
      'cdn-loop': 'b; x=1, clearcoat',
    })
  })

  test('RFC 7239 §6: an IPv6 address is bracketed and quoted, a Unix socket is unknown', () => {
    expect(forward([], { peerAddress: '2001:db8::1' })).toMatchObject({ forwarded: 'for="[2001:db8::1]";host="example.com";proto=https' })
    const local = forward([], { peerAddress: '', host: '' })
    expect(local['forwarded']).toBe('for=unknown;proto=https')
    expect(local).not.toHaveProperty('x-forwarded-for')
    expect(local).not.toHaveProperty('x-forwarded-host')
  })

  test.each([
    [[['Via', '1.1 clearcoat']], true],
    [[['Via', '1.0 a, HTTP/1.1 Clearcoat (x)']], true],
    [
      [
        ['Via', '1.0 a'],
        ['Via', '2 clearcoat'],
      ],
      true,
    ],
    [[['Via', '1.1 clearcoat-2, 1.1 other (clearcoat)']], false],
    [[['CDN-Loop', 'a, clearcoat; id="1"']], true],
    [[['CDN-Loop', 'a; b="x, clearcoat, y"']], false],
    [[['CDN-Loop', 'clearcoats']], false],
    [[], false],
  ] as [HeaderPairs, boolean][])('a request with %j has been here before: %j', (lines, expected) => {
    expect(loops(HeaderMap.of(lines), 'clearcoat')).toBe(expected)
  })

  test.each([
    ['https', true, 'https'],
    ['HTTPS', true, 'https'],
    ['https, http', true, 'http'],
    ['ftp', true, 'http'],
    ['', true, 'http'],
    ['https', false, 'http'],
    [null, true, 'http'],
  ])('X-Forwarded-Proto %j, trusted %j, on an http listener is %s', (value, trusted, expected) => {
    expect(effectiveScheme(HeaderMap.of(value === null ? [] : [['X-Forwarded-Proto', value]]), trusted, 'http')).toBe(expected)
  })
})

describe('host', () => {
  test.each([
    'example.com',
    'EXAMPLE.com.',
    'localhost',
    'a_b.c-d',
    '127.0.0.1',
    'a:80',
    'a:',
    'a:65535',
    '[::1]',
    '[2001:db8::1]:8080',
    '[::ffff:1.2.3.4]',
  ])('%s is one', (host) => {
    expect(isValidHost(host)).toBe(true)
  })

  test.each([
    ...[
      '',
      'a, b',
      'a,b',
      'u@b',
      'a/b',
      'a b',
      'a#b',
      'a?b',
      '[::1',
      '::1',
      '[::1]x',
      '[::1%eth0]',
      '[1.2.3.4]',
      '[]',
      'a:99999',
      'a:65536',
    ],
    ...['a:8x', 'a:80:80', 'a:-1', 'a:+1', ':80', '.', '.a', 'a..b', 'a%41', 'a\\b', 'a\tb', 'é', '\x00', '*', 'a'.repeat(300), '[v1.x]'],
  ])('%j is none', (host) => {
    expect(isValidHost(host)).toBe(false)
  })

  test.each([
    ['EXAMPLE.com', 'http', 'example.com'],
    ['example.com.', 'http', 'example.com'],
    ['example.com:80', 'http', 'example.com'],
    ['example.com.:80', 'http', 'example.com'],
    ['example.com:', 'http', 'example.com'],
    ['example.com:080', 'http', 'example.com'],
    ['example.com:443', 'https', 'example.com'],
    ['example.com:80', 'https', 'example.com:80'],
    ['example.com:8080', 'http', 'example.com:8080'],
    ['[2001:DB8::1]:80', 'http', '[2001:db8::1]'],
    ['[::1]', 'http', '[::1]'],
    ['[::1]:8080', 'http', '[::1]:8080'],
  ] as const)('%s over %s is %s', (host, scheme, expected) => {
    expect(normaliseHost(host, scheme)).toBe(expected)
  })
})

describe('address blocks', () => {
  const inside = trustList(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1'])
  test.each(['10.255.0.1', '192.0.2.1', '::ffff:10.0.0.1', '::ffff:a00:1', 'fd12::1', '::1'])('%s is in them', (ip) => {
    expect(inside(ip)).toBe(true)
  })
  test.each(['11.0.0.1', '192.0.2.2', '::ffff:11.0.0.1', 'fe80::1', 'fd12::1%eth0', '', 'localhost', '10.0.0.0/8'])('%j is not', (ip) => {
    expect(inside(ip)).toBe(false)
  })
  test('nothing is in no blocks', () => {
    expect(trustList([])('127.0.0.1')).toBe(false)
  })
  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/-1',
    '::1/129',
    '300.0.0.1',
    'fe80::1%eth0/64',
    '10.0.0.0/8/8',
  ])('%j is refused with its own text in the message', (cidr) => {
    expect(() => trustList([cidr])).toThrow(
      new TypeError(`${JSON.stringify(cidr)} is not an address block; write it as 10.0.0.0/8, 192.0.2.1 or fd00::/8`),
    )
  })
  test('an IPv4-mapped address is written as IPv4', () => {
    expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1')
    expect(plainAddress('2001:db8::1')).toBe('2001:db8::1')
  })
})
