/** Header fields as a test writes them: an object, or pairs where one name has several lines. */
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'

/** `{ 'Cache-Control': 'max-age=60', 'Set-Cookie': ['a=1', 'b=2'] }`, pairs of name and value, or a `HeaderMap`, which is copied. */
export type HeadersGiven = HeaderMap | HeaderPairs | Readonly<Record<string, string | readonly string[]>>

/** Throws a `TypeError` for a name or value that cannot be sent. */
export function headerMap(given: HeadersGiven = {}): HeaderMap {
  if (given instanceof HeaderMap) return given.clone()
  if (Array.isArray(given)) return HeaderMap.of(given as HeaderPairs)
  return HeaderMap.of(Object.entries(given).flatMap(([name, value]) => lines(name, value as string | readonly string[])))
}

/** From lines as they are sent, each ended by CRLF. */
export function parseFieldLines(text: string): HeaderMap {
  const headers = new HeaderMap()
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':')
    if (at > 0) headers.appendRaw(line.slice(0, at), line.slice(0, at).toLowerCase(), line.slice(at + 1).trim())
  }
  return headers
}

function lines(name: string, value: string | readonly string[]): HeaderPairs {
  return typeof value === 'string' ? [[name, value]] : value.map((each) => [name, each] as const)
}
