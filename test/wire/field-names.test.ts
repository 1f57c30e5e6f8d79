import { expect, test } from 'vitest'
import { FieldScanner } from '../../src/wire/fields.ts'

function scan(text: string): { names: string[]; lower: string[]; values: string[] } {
  const scanner = new FieldScanner({ line: 8192, count: 100 })
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${text}\r\n`, 'latin1')
  const start = bytes.indexOf('\n') + 1
  scanner.begin(start)
  expect(scanner.scan(bytes, bytes.length)).toBe(bytes.length)
  const headers = scanner.headers(bytes.toString('latin1', start), start)
  const at = Array.from({ length: headers.size }, (_, i) => i)
  return { names: at.map((i) => headers.nameAt(i)), lower: at.map((i) => headers.lowerAt(i)), values: at.map((i) => headers.valueAt(i)) }
}

const NAMES =
  'Host Accept-Encoding If-None-Match TE ETag Set-Cookie Sec-CH-UA-Platform Transfer-Encoding X-Forwarded-For Via X-Unheard-Of Hosts Hos A'

test.each(NAMES.split(' '))('keeps the spelling of %s and knows its lower case, however it is spelled', (name) => {
  const lower = name.toLowerCase()
  const odd = name.toLowerCase().replace(/.$/, (last) => last.toUpperCase())
  const spellings = [name, lower, name.toUpperCase(), odd]
  const found = scan(spellings.map((spelling, i) => `${spelling}: v${i}\r\n`).join(''))
  expect(found).toEqual({ names: spellings, lower: spellings.map(() => lower), values: ['v0', 'v1', 'v2', 'v3'] })
})
