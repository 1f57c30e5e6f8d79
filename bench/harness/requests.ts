/** The request shapes that are measured, byte for byte, and what the origin answers. */

/** `lean`: two lines, as wrk sends them. `browser`: the 16 fields, about 900 bytes, of a desktop browser's navigation. */
export type Shape = 'lean' | 'browser'

/** The beginning of each body, in which its path stands, so that another object's body is noticed. */
export const SIGNATURE_BYTES = 64

const FOX = 'The quick brown fox jumps over the lazy dog. '

/** Fields in the order in which a browser sends them, with analytics cookies only, as on a site nobody is logged in to. */
export const BROWSER_FIELDS: readonly (readonly [name: string, value: string])[] = [
  ['Connection', 'keep-alive'],
  ['Cache-Control', 'max-age=0'],
  ['sec-ch-ua', '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Windows"'],
  ['Upgrade-Insecure-Requests', '1'],
  ['User-Agent', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-User', '?1'],
  ['Sec-Fetch-Dest', 'document'],
  ['Referer', 'http://www.example.com/articles/archive/2026/11/index.html?page=3'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['Cookie', '_ga=GA1.1.1304857206.1790000000; _gid=GA1.2.55217331.1790000000'],
]

type Field = readonly [name: string, value: string]

export function requestText(shape: Shape, host: string, path: string, more: readonly Field[] = []): string {
  const fields = [...(shape === 'lean' ? [] : BROWSER_FIELDS), ...more].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`
}

/** The body of `bytes` that lies under a path: the path, padded, and then the same text for all. */
export function bodyOf(path: string, bytes: number): string {
  return path.padEnd(SIGNATURE_BYTES) + textOf(bytes - SIGNATURE_BYTES)
}

let text = ''

function textOf(bytes: number): string {
  if (text.length !== bytes) text = FOX.repeat(Math.ceil(bytes / FOX.length)).slice(0, bytes)
  return text
}

/** The head of what the origin answers; `cacheable` for an hour, or never. `coding`: what the body is said to be coded in; default: nothing. */
export function originHead(cacheable: boolean, bodyBytes: number, coding: string = ''): string {
  const control = cacheable ? 'public, max-age=3600' : 'no-store'
  return [
    'HTTP/1.1 200 OK',
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${bodyBytes}`,
    `Cache-Control: ${control}`,
    ...(coding === '' ? [] : [`Content-Encoding: ${coding}`, 'Vary: Accept-Encoding']),
    'ETag: "a-quick-brown-fox"',
    '\r\n',
  ].join('\r\n')
}
