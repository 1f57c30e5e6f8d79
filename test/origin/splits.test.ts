import { expect, test } from 'vitest'
import { ResponseParser } from '../../src/origin/http1/response-parser.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, get, rig } from './rig.ts'

const LIMITS = { head: 128 * 1024, line: 128 * 1024, fields: 200 }
const HEAD = 'HTTP/1.1 203 Non Authoritative\r\nETag: "a"\r\nX-A:  b c \t\r\nx-empty:\r\nContent-Length: 007\r\n\r\n'

/** Feeds pieces one after another, each in the same reused buffer, and answers what was parsed. */
function parse(pieces: readonly string[], parser: ResponseParser = new ResponseParser(LIMITS, 'fail')): unknown {
  const buffer = Buffer.alloc(256 * 1024)
  let consumed = 0
  for (const piece of pieces) {
    const end = 3 + buffer.write(piece, 3, 'latin1')
    const at = parser.push(buffer, 3, end)
    if (parser.fault !== null) return parser.fault
    if (at >= 0) {
      consumed += at - 3
      const head = parser.head(buffer, 3, false)
      return head === null ? parser.fault : { ...head, response: { ...head.response, headers: [...head.response.headers] }, consumed }
    }
    consumed += piece.length
  }
  return 'more'
}

test('a head split at any offset is the head sent whole', () => {
  const whole = parse([`${HEAD}surplus`])
  expect(whole).toMatchObject({ consumed: HEAD.length, response: { status: 203, reason: 'Non Authoritative', contentLength: 7 } })
  expect(whole).toHaveProperty('response.headers', [
    ['ETag', '"a"'],
    ['X-A', 'b c'],
    ['x-empty', ''],
    ['Content-Length', '7'],
  ])
  const all = `${HEAD}surplus`
  for (let i = 1; i < all.length; i++) expect(parse([all.slice(0, i), all.slice(i)])).toEqual(whole)
  for (let i = 1; i < HEAD.length; i += 7)
    for (let j = i + 1; j < HEAD.length; j += 5) expect(parse([all.slice(0, i), all.slice(i, j), all.slice(j)])).toEqual(whole)
  expect(parse([...all])).toEqual(whole)
})

test('a head is never complete before its last byte', () => {
  for (let i = 0; i < HEAD.length; i++) expect(parse([HEAD.slice(0, i)])).toBe('more')
})

test.each([
  'HTTP/1.1 200 O\x01K\r\nA: b\r\n\r\n',
  'HTTP/1.1 200 OK\nA: b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: b\r\n\rX',
  'HTTP/3.1 200 OK\r\nA: b\r\n\r\n',
  'HTTP/1.1 2000 OK\r\nA: b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
])('the refusal of %j does not depend on how it is split', (bytes) => {
  const fault = parse([bytes])
  expect(fault).toMatch(/^(malformed_head|bad_status|bad_framing)$/)
  for (let i = 1; i < bytes.length; i++) expect(parse([bytes.slice(0, i), bytes.slice(i)])).toBe(fault)
  expect(parse([...bytes])).toBe(fault)
})

test('garbage is refused at its first wrong byte, without waiting for a line', () => {
  expect(parse(['HTTP/1.1 2'])).toBe('more')
  expect(parse(['HTTQ'])).toBe('malformed_head')
  expect(parse(['\r'])).toBe('malformed_head')
  expect(parse(['HTTP/1.1 200 OK\r\nA: b\r\nContent-Le', 'ngth 5'])).toBe('malformed_head')
  expect(parse([...'HTTP/1.1 200 OK\r\nno field'])).toBe('malformed_head')
})

test('the limits count a head, however it is split, and not what comes behind it', () => {
  const limits = { head: 100, line: 100, fields: 3 }
  const parser = (): ResponseParser => new ResponseParser(limits, 'fail')
  const sized = (size: number): string => `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(size - 24)}\r\n\r\n`
  expect(sized(100)).toHaveLength(100)
  const body = 'b'.repeat(5000)
  for (const cut of [1, 10, 60, 99]) {
    const fits = sized(100) + body
    expect(parse([fits.slice(0, cut), fits.slice(cut)], parser())).toHaveProperty('consumed', 100)
    const over = sized(101) + body
    expect(parse([over.slice(0, cut), over.slice(cut)], parser())).toBe('head_too_large')
  }
  expect(parse(['HTTP/1.1 200 OK\r\n', 'a:1\r\nb:2\r\nc:3\r\nd:4\r\n\r\n'], parser())).toBe('head_too_large')
  expect(parse(['HTTP/1.1 200 OK\r\nA: ', ...'x'.repeat(90)], parser())).toBe('head_too_large')
})

test('parses one head after another', () => {
  const parser = new ResponseParser(LIMITS, 'fail')
  const first = parse([HEAD], parser)
  expect(parse([...'HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n'], parser)).toMatchObject({ response: { status: 404, version: '1.0' } })
  expect(parse([HEAD], parser)).toEqual(first)
})

test('answers that come one byte a segment are the answers sent whole', async () => {
  const answers = [
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-A: b\r\n\r\nnine byte',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x="y"\r\nnine\r\n5\r\n byte\r\n0\r\nT: 1\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  ]
  for (const bytes of answers) {
    const whole = await rig(await ByteOrigin.answering(() => bytes))
    const split = await rig(async (connection) => {
      while ((await connection.request()) !== null) await connection.trickle(bytes)
    })
    const expected = await ask(whole.origin, get('/'))
    for (let i = 0; i < 2; i++) {
      const answer = await ask(split.origin, get('/'))
      expect(answer.outcome).toBe('complete')
      expect(answer.head).toEqual(expected.head)
      expect(answer.text).toBe(expected.text)
      expect(answer.interims).toEqual(expected.interims)
    }
    expect(split.counters.get('backend_reuse')).toBe(1)
  }
})

test.each([
  ['a control byte in the reason', `HTTP/1.1 200 ${'O'.repeat(400)}\x01\r\n\r\n`],
  ['a bare LF', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(400)}\n\r\n`],
  ['the end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(400)}\r\n\r\n`],
])('a head with %s beyond its limit is too large however it is split', (_title, bytes) => {
  const small = (): ResponseParser => new ResponseParser({ head: 256, line: 256, fields: 200 }, 'fail')
  for (const pieces of [[bytes], [...bytes], [bytes.slice(0, 256), bytes.slice(256)], [bytes.slice(0, 300), bytes.slice(300)]])
    expect(parse(pieces, small())).toBe('head_too_large')
})
