import { expect, test } from 'vitest'
import { FieldScanner } from '../../src/wire/fields.ts'
import { CONNECTION_FIELDS, checkFieldLines, InvalidHead, serializeFields } from '../../src/wire/message-head.ts'
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

function read(lines: string, before: string = 'GET / HTTP/1.1\r\n'): HeaderMap {
  const scanner = new FieldScanner({ line: 40_000, count: 100 })
  const bytes = Buffer.from(`${before}${lines}\r\nthe body`, 'latin1')
  scanner.begin(before.length)
  expect(scanner.scan(bytes, bytes.length)).toBe(before.length + lines.length + 2)
  return scanner.headers(bytes.toString('latin1', 0, bytes.length - 8), 0)
}

/** What was written last is known to be valid: that it would be found so as well. */
function checked(lines: string): string {
  checkFieldLines('X: another\r\n')
  return checkFieldLines(lines)
}

const name = fc.constantFrom('Host', 'via', 'ETag', 'X-A', 'x-a', 'Age', 'Connection', 'TE', 'X-Forwarded-For', 'Content-Length')
const line = fc.record({
  name,
  between: fc.constantFrom(': ', ': ', ': ', ':', ':  ', ':\t', ': \t'),
  value: fc.constantFrom('1', 'two words', '\xe9\xff', '"q", a;b=c', ''),
  behind: fc.constantFrom('', '', '', ' ', '\t '),
})
const step = fc.record({
  verb: fc.constantFrom('set', 'append', 'removeRaw', 'removeEach', 'ask', 'clone'),
  name,
  value: fc.constantFrom('3', 'new'),
})
const SOME = new NameSet(['x-a', 'age', 'host'])

test('writes the lines that there are, whatever was read and whatever became of it', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(step, { maxLength: 6 }), (came, steps) => {
      let map = read(came.map(({ name, between, value, behind }) => `${name}${between}${value}${behind}\r\n`).join(''))
      for (const { verb, name, value } of steps) {
        const lower = name.toLowerCase()
        if (verb === 'removeRaw') map.removeRaw(lower)
        else if (verb === 'removeEach') map.removeEach(SOME)
        else if (verb === 'ask') map.joinedLower(lower)
        else if (verb === 'clone') map = map.clone()
        else if (lower !== 'content-length') map[verb as 'set' | 'append'](name, value)
        const lines = [...map].filter(([each]) => !CONNECTION_FIELDS.has(each.toLowerCase()))
        const written = serializeFields(map)
        expect(written).toBe(lines.map(([each, value]) => `${each}: ${value}\r\n`).join(''))
        expect(checked(written)).toBe(written)
      }
    }),
    { numRuns: 1000 },
  )
})

test('lets out nothing that the reader let in and the check would not: byte by byte, in names and values', () => {
  let admitted = 0
  for (let byte = 0; byte < 256; byte++) {
    const odd = String.fromCharCode(byte)
    for (const line of [`X${odd}Y: v`, `X: v${odd}w`, `X: ${odd}`, `${odd}: v`]) {
      const scanner = new FieldScanner({ line: 100, count: 10 })
      const bytes = Buffer.from(`A: b\r\n${line}\r\nC: d\r\n\r\n`, 'latin1')
      scanner.begin(0)
      if (scanner.scan(bytes, bytes.length) !== bytes.length) continue
      admitted++
      const written = serializeFields(scanner.headers(bytes.toString('latin1'), 0))
      expect(checked(written)).toBe(written)
    }
  }
  // 77 bytes of names, and those of values; a colon ends a name.
  expect(admitted).toBeGreaterThan(2 * 77 + 2 * 190)
})

test('writes lines that lie too far behind, or are too long, to be told by their place', () => {
  const lines = `A: 1\r\nX-Long: ${'l'.repeat(33_000)}\r\nHost: a\r\nVia: b\r\n`
  expect(serializeFields(read(lines))).toBe(lines)
  expect(serializeFields(read('Host: a\r\n', `GET /${'u'.repeat(40_000)} HTTP/1.1\r\n`))).toBe('Host: a\r\n')
})

test.each([
  ['a line of its own', '1\r\nX-B: 2'],
  ['a bare line feed', '1\nX-B: 2'],
  ['a carriage return', '1\r2'],
  ['a zero byte', '1\x002'],
  ['what is no latin-1', '\u0100'],
])('refuses a value that brings %s beside lines as they were read', (_, value) => {
  const map = read('Host: a\r\nX-A: 1\r\nVia: b\r\n')
  map.appendRaw('X-New', 'x-new', value)
  expect(() => serializeFields(map)).toThrow(InvalidHead)
  expect(() => serializeFields(map)).toThrow(InvalidHead)
})

test('refuses lines that are made of valid ones as a whole, though what was written last is known to be valid', () => {
  const map = read('Host: a\r\n')
  map.appendRaw('X-A', 'x-a', '1')
  map.appendRaw('X-B', 'x-b', '2')
  serializeFields(map)
  const other = read('Host: a\r\n')
  other.appendRaw('X-A', 'x-a', '1\r\nX-B: 2')
  expect(() => serializeFields(other)).toThrow('line break')
})
