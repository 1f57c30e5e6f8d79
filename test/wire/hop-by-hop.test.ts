import { describe, expect, test } from 'vitest'
import { connectionOptions, forbiddenNomination, nominated, stripHopByHop } from '../../src/wire/hop-by-hop.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const map = (...lines: [string, string][]): HeaderMap => HeaderMap.of(lines)

describe('fields of one connection', () => {
  test('are removed in both directions, every line of them, and Content-Length stays', () => {
    for (const direction of ['request', 'response'] as const) {
      const headers = map(
        ['TE', 'trailers'],
        ['A', '1'],
        ['te', 'x'],
        ['Connection', 'close'],
        ['Keep-Alive', 'timeout=5'],
        ['Proxy-Connection', 'keep-alive'],
        ['Proxy-Authenticate', 'Basic'],
        ['Proxy-Authentication-Info', 'x'],
        ['Proxy-Authorization', 'Basic x'],
        ['Trailer', 'x'],
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'x'],
        ['connection', 'TE'],
        ['B', '2'],
      )
      stripHopByHop(headers, direction)
      expect([...headers]).toEqual([
        ['A', '1'],
        ['Content-Length', '5'],
        ['B', '2'],
      ])
    }
  })

  test('include what Connection nominates, on any of its lines and in any case', () => {
    const headers = map(['Connection', 'close, X-One'], ['x-one', '1'], ['X-Two', '2'], ['X-Three', '3'], ['Connection', ' ,x-two'])
    stripHopByHop(headers, 'request')
    expect([...headers]).toEqual([['X-Three', '3']])
  })

  test('do not include what identifies, dates or restricts a message, whoever nominates it', () => {
    const names =
      `Authorization Cookie Set-Cookie Cache-Control Vary Age Date Expires ETag Clearcoat-Cache-Control CDN-Cache-Control Surrogate-Control
      Forwarded X-Forwarded-For X-Forwarded-Proto X-Forwarded-Anything Via Content-Length Host`.split(/\s+/)
    const headers = map(['Connection', names.join(', ')], ...names.map((name): [string, string] => [name, '1']))
    stripHopByHop(headers, 'response')
    expect([...headers].map(([name]) => name)).toEqual(names)
  })

  test('are none in a message without such fields, which is left as it is', () => {
    const headers = map(['A', '1'], ['B', '2'])
    stripHopByHop(headers, 'request')
    expect(headers.size).toBe(2)
    expect(nominated(headers)).toBe(nominated(map()))
    expect(nominated(headers)).toEqual([])
  })
})

test.each([
  ['Host', true],
  ['close, CONTENT-LENGTH', true],
  ['transfer-encoding', true],
  ['close, x', false],
  ['', false],
])('Connection: %s in a request is forbidden: %j', (value, expected) => {
  expect(forbiddenNomination(map(['Connection', value]))).toBe(expected)
})

test('connection options are read from all lines, without regard to case', () => {
  expect(connectionOptions(map(['Connection', 'Upgrade'], ['Connection', 'Keep-Alive']))).toEqual({
    close: false,
    keepAlive: true,
    upgrade: true,
  })
  expect(connectionOptions(map(['Connection', 'CLOSE']))).toEqual({ close: true, keepAlive: false, upgrade: false })
  expect(connectionOptions(map(['Connection', 'closed, disclose']))).toEqual({ close: false, keepAlive: false, upgrade: false })
  expect(connectionOptions(map())).toEqual({ close: false, keepAlive: false, upgrade: false })
})
