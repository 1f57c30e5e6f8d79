import { expect, test } from 'vitest'
import { CHUNK_END, ChunkedDecoder, chunkHead, LAST_CHUNK } from '../../src/body/chunked.ts'
import { MORE, RequestParser } from '../../src/listen/http1/parser.ts'
import { serializeFields } from '../../src/wire/message-head.ts'
import fc from '../support/properties.ts'
import { MemoryListener } from './memory-connection.ts'

const LIMITS = { head: 32 * 1024, line: 8 * 1024, fields: 100 }

const of = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...characters), { minLength, maxLength }).map((parts) => parts.join(''))

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join('')
const OBS = Array.from({ length: 128 }, (_, i) => String.fromCharCode(0x80 + i)).join('')

const OWN = new Set([
  'host',
  'content-length',
  'content_length',
  'transfer-encoding',
  'transfer_encoding',
  'expect',
  'connection',
  'upgrade',
])
const method = of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_!'0123456789", 1, 20).filter((name) => !['CONNECT', 'PRI'].includes(name))
const target = of(VISIBLE.replace('#', '').replace('\\', ''), 0, 60).map((rest) => `/${rest}`)
const field = fc.tuple(
  of(TOKEN, 1, 20).filter(
    (name) =>
      !OWN.has(name.toLowerCase()) && !['keep-alive', 'te', 'trailer', 'proxy-connection', 'http2-settings'].includes(name.toLowerCase()),
  ),
  of(`${VISIBLE}${OBS} \t`, 0, 60).map((value) => value.replace(/^[ \t]+|[ \t]+$/g, '')),
)
const head = fc.record({
  method,
  target,
  host: of('abcdefghijklmnopqrstuvwxyz0123456789-', 1, 30),
  fields: fc.array(field, { maxLength: 20 }),
})
type Head = { method: string; target: string; host: string; fields: [string, string][] }

const write = ({ method: name, target: to, host, fields }: Head): string =>
  `${name} ${to} HTTP/1.1\r\nHost: ${host}\r\n${fields.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n`

test('parsing and serializing a canonical head is the identity', () => {
  const parser = new RequestParser(LIMITS)
  fc.assert(
    fc.property(head, fc.integer({ min: 0, max: 50 }), (message, offset) => {
      const text = write(message)
      const bytes = Buffer.from(`${'x'.repeat(offset)}${text}rest`, 'latin1')
      parser.begin(offset)
      expect(parser.parse(bytes, bytes.length)).toBe(offset + text.length)
      const { method: name, target: to, headers } = parser.head!
      expect(`${name} ${to} HTTP/1.1\r\n${serializeFields(headers)}\r\n`).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test('a chunked body decodes to what was encoded, in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 10 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
      (parts, sizes) => {
        const bytes = Buffer.concat([
          ...parts.flatMap((part) => [Buffer.from(chunkHead(part.length)), part, Buffer.from(CHUNK_END)]),
          Buffer.from(`${LAST_CHUNK}rest`),
        ])
        const decoder = new ChunkedDecoder()
        const views: Buffer[] = []
        let at = 0
        while (!decoder.done) {
          const piece = bytes.subarray(at, at + sizes.next().value)
          const taken = decoder.push(piece, 0, (view) => {
            views.push(Buffer.from(view))
            return true
          })
          expect(decoder.fault).toBeNull()
          at += taken
        }
        expect(at).toBe(bytes.length - 4)
        expect(Buffer.concat(views).equals(Buffer.concat(parts))).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})

/** Bytes near the grammar: good messages with a few bytes changed, left out or put in. */
const DAMAGE = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '0',
  '1',
  'a',
  '\x7f',
  '\x80',
  'Host: x\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.0',
]
const damage = fc.array(fc.record({ at: fc.nat(), remove: fc.integer({ min: 0, max: 2 }), insert: fc.constantFrom('', ...DAMAGE) }), {
  maxLength: 3,
})
const body = fc.constantFrom(
  '',
  'Content-Length: 5\r\n\r\nabcde',
  'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n',
  'Content-Length: 0\r\n\r\n',
  'Connection: close\r\n\r\n',
  'Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab',
)
const conversation = fc.tuple(fc.array(fc.tuple(head, body), { minLength: 1, maxLength: 3 }), damage).map(([messages, changes]) => {
  let text = messages.map(([message, rest]) => (rest === '' ? write(message) : write(message).slice(0, -2) + rest)).join('')
  for (const { at, remove, insert } of changes) {
    const place = at % (text.length + 1)
    text = text.slice(0, place) + insert + text.slice(place + remove)
  }
  return text
})

test('no split of any conversation changes what is seen, answered or refused', async () => {
  const memory = new MemoryListener()
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(conversation, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), async (text, sizes) => {
      const bytes = Buffer.from(text, 'latin1')
      const whole = await memory.feed([bytes])
      refusals += whole.rejected.length
      const pieces: Buffer[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length]!
        pieces.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(await memory.feed(pieces)).toEqual(whole)
      expect(await memory.feed(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(whole)
    }),
    { numRuns: 1500 },
  )
  expect(refusals).toBeGreaterThan(100)
})

test('no bytes make the parser throw, and it never passes the end of what it was given', () => {
  const parser = new RequestParser(LIMITS)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        conversation.map((text) => Buffer.from(text, 'latin1')),
      ),
      (input) => {
        const bytes = Buffer.from(input)
        parser.begin(0)
        const after = parser.parse(bytes, bytes.length)
        if (after === MORE) expect(parser.head === null || parser.refusal !== null).toBe(true)
        else expect(after).toBeLessThanOrEqual(bytes.length)
      },
    ),
    { numRuns: 3000 },
  )
})
