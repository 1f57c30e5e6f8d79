/**
 * Our parser against llhttp, which stands in Node's own server, over generated requests. Wherever the two differ, a rule of the
 * table below names why; an unexplained difference fails.
 */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RefusalReason } from '../../src/listen/http1/refusal.ts'
import fc from '../support/properties.ts'
import { MemoryListener } from './memory-connection.ts'

interface Message {
  readonly method: string
  readonly target: string
  readonly host: string | null
  readonly body: string
}

/** Refusals of ours that llhttp (Node's server with its default, strict settings) does not share, each with its reason. */
const STRICTER: Partial<Record<RefusalReason, string>> = {
  host: 'RFC 9110 §7.2: an invalid Host is refused; Node takes any text',
  host_missing: 'RFC 9112 §3.2: Node answers 400 as we do, but reads on behind it',
  host_repeated: 'RFC 9112 §3.2: Node takes the first of several Host lines',
  coding: 'RFC 9112 §6.1: llhttp takes empty members and codings it does not know',
  coding_repeated: 'RFC 9112 §6.1: llhttp joins the lines',
  coding_unsupported: 'RFC 9112 §6.1: Node hands coded bytes on as if they were plain',
  coding_in_1_0: 'RFC 9112 §6.1: llhttp takes Transfer-Encoding in HTTP/1.0',
  expect: 'RFC 9110 §10.1.1: any other expectation, or one without body, is refused',
  nomination: 'Connection may not nominate what decides framing or routing',
  target: 'forms that RFC 9112 §3.2 does not have, and bytes outside 0x21–0x7E',
  request_line: 'one space between the parts of the request line; llhttp takes more',
  version: 'the same, before the version',
  version_unsupported: 'HTTP/0.9 and HTTP/2.0 are no versions of this connection',
  leading_bytes: 'RFC 9112 §2.2: one empty line in front; llhttp skips any number of CR and LF',
  chunk_size: 'digits only; llhttp skips spaces behind the size',
  field_name: 'names that look like a framing field with an underscore',
}

/** Differences that are no refusal of ours. */
const OTHERWISE = {
  unknown_method: 'llhttp has a list of methods; any token is one here',
  absolute_form: 'RFC 9112 §3.2.2: target and host of an absolute form are split; Node hands on the whole URI and the Host line',
}

/** Methods that llhttp does not know; it refuses them, we pass them on to policy. */
const UNKNOWN_METHODS = ['BAN', 'FOO', 'X-Y']

let server: Server
let seen: Message[] = []
beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 0, connectionsCheckingInterval: 1_000_000 }, (request, response) => {
    const parts: Buffer[] = []
    const entry = { method: request.method ?? '', target: request.url ?? '', host: request.headers.host ?? null, body: '' }
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => parts.push(chunk))
    request.on('end', () => {
      seen.push({ ...entry, body: Buffer.concat(parts).toString('latin1') })
      response.end()
    })
  })
  server.on('checkExpectation', (_request, response) => response.writeHead(417).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** What Node's server makes of the bytes followed by FIN. */
function askNode(bytes: Buffer): Promise<Message[]> {
  seen = []
  return new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.resume()
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(seen))
    socket.end(bytes)
  })
}

const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

/** Mostly the good value, else one of the odd ones. */
const mostly = (good: string, ...odd: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: pick(...odd) })

const LINE_ENDS = ['\n', '\r', '\r\r\n', '\r\n ']
const METHODS = ['POST', 'PUT', 'HEAD', 'OPTIONS', 'get', 'BAN', 'FOO', 'X-Y', 'CONNECT', 'GE T', 'G@T', ' GET', 'PRI']
const TARGETS = [
  '/a?b=c',
  '/a#b',
  '/\\b',
  'http://b/p',
  'http://b',
  '*',
  'b',
  '/a b',
  '/\x80',
  '/\x01',
  '//x',
  '/%00',
  'ftp://b/',
  '/"<>^`{|}',
]
const VERSIONS = ['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11']
const VALUES = ['', 'a\0', 'a\x7f', '\xff', 'a\tb', 'close', 'keep-alive', 'host', 'upgrade', '100-continue', 'y 100-continue']
const LENGTHS = ['03', '+3', '-3', '3, 3', '0x3', '3 3', '', '9007199254740993', '18446744073709551619', '0']
const CODINGS = [
  'Chunked',
  ',chunked',
  'chunked,',
  'gzip, chunked',
  'identity',
  'chunked, chunked',
  'xchunked',
  '',
  'chunked;a=b',
  '\x0bchunked',
]
const CHUNK_BODIES = [
  '3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n',
  '3\nabc\r\n0\r\n\r\n',
  '3 \r\nabc\r\n0\r\n\r\n',
  '0x3\r\nabc\r\n0\r\n\r\n',
  '3;\x01\r\nabc\r\n0\r\n\r\n',
  '3;a="b\r\nabc\r\n0\r\n\r\n',
  '3; a\r\nabc\r\n0\r\n\r\n',
  '3\r\nabcd\r\n0\r\n\r\n',
  '3\r\nabc\n0\r\n\r\n',
  '3\r\nabc\r\n0\r\nT u\r\n\r\n',
  '3\r\nabc\r\n0\r\nT : u\r\n\r\n',
  '3\r\nabc\r\n0\n\n',
  '00000000000000003\r\nabc\r\n0\r\n\r\n',
]

const line = fc
  .tuple(
    mostly('', '\r\n', '\r\n\r\n', '\n', '\r'),
    mostly('GET', ...METHODS),
    mostly(' ', '  ', '\t'),
    mostly('/', ...TARGETS),
    mostly(' ', '  ', '\t'),
    mostly('HTTP/1.1', ...VERSIONS),
    mostly('\r\n', ...LINE_ENDS),
  )
  .map((parts) => parts.join(''))

const field = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(name, mostly(': ', ':', ':\t', '', ' : '), value, mostly('\r\n', ...LINE_ENDS)).map((parts) => parts.join(''))

const other = field(
  pick('X', 'X', 'X', 'Connection', 'Connection', 'Expect', 'Host', 'X@', '', 'X\0', 'content_length'),
  pick('x', ...VALUES),
)

/** A framing and the body that goes with it, either of them odd at times. */
const framed = fc.oneof(
  fc.constant('\r\n'),
  fc
    .tuple(field(mostly('Content-Length', 'content-length', 'Content-Length '), mostly('3', ...LENGTHS)), fc.constant('\r\nabc'))
    .map((parts) => parts.join('')),
  fc
    .tuple(
      field(mostly('Transfer-Encoding', 'transfer-encoding'), mostly('chunked', ...CODINGS)),
      fc.constant('\r\n'),
      fc.oneof(fc.constant('3\r\nabc\r\n0\r\n\r\n'), pick(...CHUNK_BODIES)),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      field(fc.constant('Content-Length'), fc.constant('3')),
      field(pick('Content-Length', 'Transfer-Encoding'), pick('3', 'chunked')),
      fc.constant('\r\nabc'),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      pick('Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n'),
      fc.constant('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
    )
    .map((parts) => parts.join('')),
)

const request = fc
  .tuple(line, mostly('Host: h\r\n', 'Host: a b\r\n', 'Host:\r\n', '', 'Host: a\r\nHost: b\r\n'), fc.oneof(fc.constant(''), other), framed)
  .map((parts) => parts.join(''))

const NEXT = 'GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n'

test('every difference from llhttp over 6,000 generated requests is explained', { timeout: 60_000 }, async () => {
  const memory = new MemoryListener()
  const explained = new Map<string, string>()
  const unexplained: string[] = []
  let agreed = 0
  for (const text of fc.sample(request, { numRuns: 6000, seed: 20260101 })) {
    const bytes = Buffer.from(text + NEXT, 'latin1')
    const own = await memory.feed([bytes])
    const ours: Message[] = own.seen
      .filter((entry) => entry.body !== null)
      .map(({ method, target, host, body }) => ({ method, target, host, body: body ?? '' }))
    const theirs = await askNode(bytes)
    if (JSON.stringify(ours) === JSON.stringify(theirs)) {
      agreed++
      continue
    }
    const why = explain(text, ours, theirs, own.rejected)
    if (why === null)
      unexplained.push(`${JSON.stringify(text)}: ours ${JSON.stringify([ours, own.rejected])}, llhttp ${JSON.stringify(theirs)}`)
    else if (!explained.has(why)) explained.set(why, text)
  }
  expect(unexplained.slice(0, 10)).toEqual([])
  expect(agreed).toBeGreaterThan(2000)
  // The table lists what happens and no more.
  expect([...explained.keys()].sort()).toEqual([...Object.keys(STRICTER), ...Object.keys(OTHERWISE)].sort())
})

/** The rule under which the two may differ, or `null`. */
function explain(text: string, ours: readonly Message[], theirs: readonly Message[], rejected: readonly string[]): string | null {
  const reason = rejected[0]
  const isPrefix = JSON.stringify(theirs.slice(0, ours.length)) === JSON.stringify(ours)
  if (reason !== undefined && reason in STRICTER && isPrefix && theirs.length > ours.length) return reason
  if (UNKNOWN_METHODS.some((method) => text.trimStart().startsWith(`${method} `)) && theirs.length === 0) return 'unknown_method'
  if (ours[0]?.host === 'b' && theirs[0]?.target.startsWith('http://b')) return 'absolute_form'
  return null
}
