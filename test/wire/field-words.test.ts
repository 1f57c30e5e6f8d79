import { expect, test } from 'vitest'
import { FieldScanner, MORE } from '../../src/wire/fields.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

const LIMITS = { line: 400, count: 60 }

/** What comes of a section that is there at once, which is looked at in words. */
function atOnce(bytes: Buffer): unknown {
  const scanner = new FieldScanner(LIMITS)
  scanner.begin(0)
  const end = scanner.scan(bytes, bytes.length)
  return verdict(scanner, bytes, end)
}

/** The same of a section that comes byte by byte. */
function singly(bytes: Buffer): unknown {
  const scanner = new FieldScanner(LIMITS)
  scanner.begin(0)
  let end = MORE
  for (let length = 1; length <= bytes.length && end === MORE && scanner.fault === null; length++) end = scanner.scan(bytes, length)
  return verdict(scanner, bytes, end)
}

/** What should come of a section with not too many lines, none of them too long, as RFC 9112 §5 says it; `null` where it is not whole. */
function expected(bytes: Buffer): unknown {
  const lines: (readonly string[])[] = []
  let rest = bytes.toString('latin1')
  for (;;) {
    if (rest.startsWith('\r\n')) return { end: bytes.length - rest.length + 2, lines }
    const line = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\n/.exec(rest)
    if (line === null) return { fault: faultOf(rest) }
    lines.push([line[1] as string, (line[1] as string).toLowerCase(), line[2] as string])
    rest = rest.slice(line[0].length)
  }
}

function faultOf(rest: string): string | null {
  if (/^\r?$/.test(rest)) return null
  if (rest.startsWith('\r')) return 'bare_cr'
  if (rest.startsWith('\n')) return 'bare_lf'
  if (/^[ \t]/.test(rest)) return 'folded_line'
  const [name = ''] = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*/.exec(rest) ?? []
  if (name.length === rest.length) return null
  const after = rest[name.length]
  if (after !== ':' || name === '') return after === '\n' ? 'bare_lf' : 'field_name'
  const behind = /^[\t\x20-\x7e\x80-\xff]*/.exec(rest.slice(name.length + 1))?.[0] ?? ''
  const ending = rest.slice(name.length + 1 + behind.length)
  if (ending === '' || ending === '\r') return null
  return ending.startsWith('\r') ? 'bare_cr' : ending.startsWith('\n') ? 'bare_lf' : 'field_value'
}

function verdict(scanner: FieldScanner, bytes: Buffer, end: number): unknown {
  if (end === MORE) return { fault: scanner.fault }
  return { end, lines: lines(scanner.headers(bytes.toString('latin1', 0, end), 0)) }
}

function lines(headers: HeaderMap): readonly (readonly string[])[] {
  return Array.from({ length: headers.size }, (_, i) => [headers.nameAt(i), headers.lowerAt(i), headers.valueAt(i)])
}

const name = fc.oneof(
  fc.constantFrom(
    'Host',
    'TE',
    'Via',
    'ETag',
    'Upgrade-Insecure-Requests',
    'sec-ch-ua',
    'User-Agent',
    'x-unheard-of',
    'HOST',
    'Cooki',
    'Cookie2',
  ),
  fc.string({ unit: fc.constantFrom(...'abcdefgABC-_1:\x80 ;'), maxLength: 40 }),
)
const valueByte = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
)
const value = fc.array(valueByte, { maxLength: 120 }).map((codes) => String.fromCharCode(...codes))
const clean = fc.string({ unit: fc.constantFrom(...'abc,=; \t\x80\xff"\x7e\x20'), maxLength: 120 })
const line = fc.tuple(
  name,
  fc.constantFrom(': ', ':', ':\t ', ': \t'),
  fc.oneof({ weight: 9, arbitrary: clean }, { weight: 1, arbitrary: value }),
)

test('judges a section as its bytes one by one are to be judged', () => {
  let accepted = 0
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n'),
      (parts, ending) => {
        const text = parts.map(([name, colon, value], i) => `${name}${colon}${value}${i === parts.length - 1 ? ending : '\r\n'}`).join('')
        const bytes = Buffer.from(`${text}\r\n`, 'latin1')
        const found = atOnce(bytes)
        if (typeof found === 'object' && found !== null && 'end' in found) accepted++
        expect(found).toEqual(expected(bytes))
        expect(found).toEqual(singly(bytes))
      },
    ),
    { numRuns: 1500 },
  )
  expect(accepted).toBeGreaterThan(20)
})

test.each(Array.from({ length: 256 }, (_, byte) => byte))(
  'takes byte %i in a value for what it is, wherever in a word it stands',
  (byte) => {
    for (let at = 0; at < 9; at++) {
      const bytes = Buffer.from(`A: ${'v'.repeat(20)}\r\nB: ${'x'.repeat(150)}\r\nC: ${'y'.repeat(150)}\r\n\r\n`, 'latin1')
      bytes[8 + at] = byte
      const found = atOnce(bytes)
      const legal = byte === 9 || (byte >= 32 && byte !== 127)
      if (byte === 13) expect(found).toEqual({ fault: 'bare_cr' })
      else if (byte === 10) expect(found).toEqual({ fault: 'bare_lf' })
      else expect(typeof found === 'object' && found !== null && 'end' in found).toBe(legal)
      expect(found).toEqual(singly(bytes))
    }
  },
)

test.each(['Host', 'ETag', 'Cookie', 'User-Agent', 'Set-Cookie', 'Cache-Control', 'sec-ch-ua-platform', 'Upgrade-Insecure-Requests'])(
  'does not take for %s what differs from it in one byte',
  (name) => {
    const others = Array.from(name, (_, at) => `${name.slice(0, at)}q${name.slice(at + 1)}`)
    const bytes = Buffer.from(`${[name, ...others].map((other) => `${other}: ${'v'.repeat(60)}\r\n`).join('')}\r\n`, 'latin1')
    const found = atOnce(bytes) as { readonly lines: readonly (readonly string[])[] }
    expect(found.lines.map(([given]) => given)).toEqual([name, ...others])
  },
)

test('keeps the lines of a section whose values are asked for late, or lie far behind', () => {
  const scanner = new FieldScanner({ line: 50_000, count: 60 })
  const long = 'l'.repeat(40_000)
  const bytes = Buffer.from(`Cookie: a=1\r\nX-Long: ${long}\r\nVia: 1.0 far\r\ncookie: b=2\r\nX-Last: z\r\n\r\n`, 'latin1')
  scanner.begin(0)
  const end = scanner.scan(bytes, bytes.length)
  const headers = scanner.headers(bytes.toString('latin1', 0, end), 0)
  const copy = headers.clone()
  expect(headers.joined('Cookie')).toBe('a=1, b=2')
  expect(headers.get('x-long')).toBe(long)
  headers.set('COOKIE', 'c=3')
  headers.delete('via')
  expect([...headers]).toEqual([
    ['COOKIE', 'c=3'],
    ['X-Long', long],
    ['X-Last', 'z'],
  ])
  expect([...copy]).toEqual([
    ['Cookie', 'a=1'],
    ['X-Long', long],
    ['Via', '1.0 far'],
    ['cookie', 'b=2'],
    ['X-Last', 'z'],
  ])
})
