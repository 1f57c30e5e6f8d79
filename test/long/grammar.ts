/** Requests, answers, chunked bodies and field values near the grammar: well-formed ones, and what mutation makes of them. */
import type { Random } from './random.ts'

/** Pieces that parsers disagree on. */
const POISON = [
  '\r',
  '\n',
  '\r\n',
  '\r\r\n',
  '\n\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\x85',
  '\xa0',
  '\xff',
  ':',
  ';',
  ',',
  '=',
  '"',
  '\\',
  '/',
  '#',
  '?',
  '%',
  '@',
  '*',
  '+',
  '-',
  '_',
  '0',
  '1',
  '9',
  'a',
  'F',
  '0x',
  '00',
  '1e1',
  '-1',
  '+5',
  '18446744073709551616',
  '9007199254740993',
  'ffffffffffffffff',
  '4294967295',
  'Host: evil\r\n',
  'host: a, b\r\n',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'content-length:+7\r\n',
  'Content-Length: 5, 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'transfer-encoding: Chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer_Encoding: chunked\r\n',
  ' folded: line\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, X-Nonce\r\n',
  'Connection: Content-Length\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'TE: trailers\r\n',
  'Trailer: X-T\r\n',
  'Proxy-Connection: keep-alive\r\n',
  'Range: bytes=0-1\r\n',
  'HTTP/1.0',
  'HTTP/1.1',
  'HTTP/2.0',
  'GET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nabcde\r\n',
  'chunked',
  'bytes=',
  'max-age=',
  'no-store',
  'private="',
  'W/"',
] as const

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'PROPFIND',
  'TRACE',
  'PURGE',
  'BREW',
  'get',
  'CONNECT',
]
const STATUSES = [200, 200, 200, 200, 204, 206, 301, 304, 404, 500, 503, 100, 103, 101, 199, 600, 999]
const NAMES = [
  'Accept',
  'Accept-Encoding',
  'Cookie',
  'X-A',
  'X-Forwarded-For',
  'Via',
  'If-None-Match',
  'Cache-Control',
  'Range',
  'User-Agent',
  'Referer',
  'A',
  'x_y',
]
const VALUES = [
  '',
  'a',
  'a, b',
  '*/*',
  'gzip, br',
  'a=b; c=d',
  '"x"',
  'bytes=0-4',
  'no-cache',
  '\x80\xff',
  'a\tb',
  'x'.repeat(200),
  '127.0.0.1',
]

/** `content` is the body where there is one. */
export function request(random: Random, nonce: string, content: string = 'b'.repeat(random.below(20))): string {
  const method = random.of(METHODS)
  const target = random.once(12)
    ? random.of(['*', 'http://h/abs', 'HTTP://h?q', 'https://h:443/', '//h/x', '/a b', '/%00', '/\\'])
    : `/${nonce}${random.of(['', '?q=1', '/a/b', '/..'])}`
  const lines = [`Host: ${random.of(['h', 'h', 'h', 'h:80', '[::1]:80', 'h.'])}`, `X-Nonce: ${nonce}`]
  for (const name of random.many(0, 4, () => random.of(NAMES))) lines.push(`${name}: ${random.of(VALUES)}`)
  let body = ''
  if (random.once(3)) {
    body = content
    if (random.once(2)) lines.push(`Content-Length: ${body.length}`)
    else {
      lines.push('Transfer-Encoding: chunked')
      body = chunked(random, body)
    }
  }
  if (random.once(10))
    lines.push(random.of(['Connection: close', 'Connection: keep-alive', 'Connection: x-a', 'Expect: 100-continue', 'TE: trailers']))
  return `${method} ${target} HTTP/1.${random.once(15) ? 0 : 1}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

export function answer(random: Random): string {
  const lines = random.many(
    0,
    5,
    () =>
      `${random.of(['Date', 'ETag', 'Vary', 'Age', 'Cache-Control', 'Content-Type', 'Set-Cookie', 'Location', 'X-A'])}: ${random.of(VALUES)}`,
  )
  let body = 'b'.repeat(random.below(30))
  const framing = random.below(4)
  if (framing < 2) lines.push(`Content-Length: ${body.length}`)
  if (framing === 2) {
    lines.push('Transfer-Encoding: chunked')
    body = chunked(random, body)
  }
  if (random.once(6)) lines.push(random.of(['Connection: close', 'Connection: keep-alive, x-a', 'Keep-Alive: timeout=5', 'Upgrade: h2c']))
  return `HTTP/1.${random.once(8) ? 0 : 1} ${random.of(STATUSES)} ${random.of(['OK', '', 'Not Found', 'caf\xe9'])}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
}

export function chunked(random: Random, body: string): string {
  let text = ''
  for (let at = 0; at < body.length; ) {
    const size = 1 + random.below(body.length - at)
    // Now and then 2^32 too many, which a counter of 32 bits would take for the right number.
    const high = random.once(40) ? '1' : ''
    text += `${random.once(8) ? '0' : ''}${high}${size.toString(16).padStart(high === '' ? 0 : 8, '0')}${random.once(8) ? random.of([';a', ';a=b', ';a="q\\"t"', ';a;b=c']) : ''}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  return `${text}0\r\n${random.once(6) ? random.of(['T: u\r\n', 'Content-Length: 3\r\n', 'A:\r\nB: \t c\r\n']) : ''}\r\n`
}

const DIRECTIVES = [
  'no-store',
  'no-cache',
  'private',
  'public',
  'max-age',
  's-maxage',
  'must-revalidate',
  'stale-while-revalidate',
  'stale-if-error',
  'max-stale',
  'min-fresh',
  'immutable',
  'x-ext',
]
const ARGUMENTS = ['', '', '=0', '=60', '="60"', '=2147483648', '=1e3', '="a, b"', '="', '=-1', '=\x80', '="set-cookie"']

export function cacheControl(random: Random): string {
  return random.many(0, 6, () => random.of(DIRECTIVES) + random.of(ARGUMENTS)).join(random.of([', ', ',', ' ,\t', ';']))
}

export function range(random: Random): string {
  const position = (): string => random.of(['', '0', '1', '5', '9', '10', '499', '00', '9007199254740993', '1'.repeat(40)])
  return `${random.of(['bytes', 'bytes', 'bytes', 'Bytes', 'items', ''])}=${random.many(1, 6, () => `${position()}-${position()}`).join(random.of([',', ', ', ' , ']))}`
}

export function contentRange(random: Random): string {
  const position = (): string => random.of(['0', '1', '9', '10', '*', '999999999999999', '1'.repeat(20)])
  return `bytes ${random.once(5) ? '*' : `${position()}-${position()}`}/${position()}`
}

export function date(random: Random): string {
  return random.of([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Tue, 29 Feb 2028 23:59:60 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    '0',
    '-1',
  ])
}

export function entityTags(random: Random): string {
  return random
    .many(0, 5, () => random.of(['"a"', 'W/"a"', '"b"', 'w/"a"', '""', '*', 'a', '"a', '"\x80"', '"a,b"']))
    .join(random.of([', ', ',', ' ']))
}

export function list(random: Random): string {
  return random
    .many(0, 6, () =>
      random.of([
        'accept',
        'Cookie',
        '*',
        'gzip',
        'br;q=0.5',
        'en-US;q=0.8',
        'de',
        'q=1',
        '"a, b"',
        '1.2.3.4',
        '[::1]:5',
        'for=1.2.3.4;proto=https',
        '1.1 x',
        'x'.repeat(130),
      ]),
    )
    .join(random.of([', ', ',', ' ,, ']))
}

/** What a few random changes make of a text. None once in five times. */
export function mutate(random: Random, text: string, other: () => string): string {
  let mutated = text
  for (let changes = random.below(5); changes > 0; changes--) mutated = change(random, mutated, other)
  return mutated
}

function change(random: Random, text: string, other: () => string): string {
  const at = random.below(text.length + 1)
  const to = Math.min(text.length, at + 1 + random.below(random.once(4) ? 40 : 3))
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return text.slice(0, at) + random.of(POISON) + text.slice(at)
    case 3:
      return text.slice(0, at) + random.of(POISON) + text.slice(to)
    case 4:
      return text.slice(0, at) + text.slice(to)
    case 5:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
    case 6:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + random.below(random.once(50) ? 400 : 4)) + text.slice(to)
    case 7:
      return random.once(3)
        ? text.slice(0, at)
        : text.slice(0, at) + text.slice(at, to).replace(/[a-z]+/g, (letters) => letters.toUpperCase()) + text.slice(to)
    case 8: {
      const second = other()
      return text.slice(0, at) + second.slice(random.below(second.length + 1))
    }
    default:
      return changeLine(random, text)
  }
}

/** Doubles, moves, drops or poisons one line, so that the lines around it stay good. */
function changeLine(random: Random, text: string): string {
  const lines = text.split('\r\n')
  const from = random.below(lines.length)
  const line = lines[from] ?? ''
  switch (random.below(4)) {
    case 0:
      lines.splice(random.below(lines.length), 0, line)
      break
    case 1:
      lines.splice(from, 1)
      break
    case 2:
      lines.splice(random.below(lines.length), 0, ...lines.splice(from, 1))
      break
    default: {
      const colon = line.indexOf(':')
      const at = random.of([0, colon < 0 ? 0 : colon, colon + 1, line.length])
      lines[from] = line.slice(0, at) + random.of(POISON) + line.slice(at)
    }
  }
  return lines.join('\r\n')
}
