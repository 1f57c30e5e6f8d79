/** Request targets that look alike: pairs that are two resources, and detours to a personal page. */

/** Queries of which no two may share an answer (parameter cloaking, repeated names, encodings, case, order). */
export const QUERIES: readonly string[] = [
  '',
  '?',
  '?a',
  '?a=',
  '?a=1',
  '?A=1',
  '?a=1&',
  '?&a=1',
  '?a=1;utm_x=2',
  '?a=1&utm_x=2',
  '?a=1&utm_content=z;a=2',
  '?a=1&utm_content=z&a=2',
  '?a=1&a=2',
  '?a=2&a=1',
  '?a=1%26a=2',
  '?a=1%26a%3D2',
  '?a=1%3Ba=2',
  '?a[]=1',
  '?a%5B%5D=1',
  '?a=+',
  '?a=%20',
  '?a=%2B',
  '?a=%2b',
  '?a=1?b=2',
  '?a=1%23b',
  '?a=%00',
  '?b=2&a=1',
  '?a=1&b=2',
  '?callback=x&callback=y',
  '?_=1',
  '?__proto__=1',
  '?constructor=1',
]

/** Paths of which no two may share an answer. */
export const PATHS: readonly string[] = [
  '/a',
  '/A',
  '/%61',
  '/%41',
  '/a/',
  '//a',
  '/./a',
  '/b/../a',
  '/b/%2e%2e/a',
  '/b/%2E%2E/a',
  '/b%2f..%2fa',
  '/b%2F..%2Fa',
  '/a%2f',
  '/a%2F',
  '/a;',
  '/a;x=1',
  '/a%3b',
  '/a%3f',
  '/a%3F',
  '/a%23',
  '/a%00',
  '/a%20',
  '/a+',
  '/a%252f',
  '/a%0d%0a',
  '/a%c0%af',
  '/a.',
  '/a..',
  '/a,b',
  '/a:80',
  '/a@b',
  '/a~',
  '/a"',
  '/a%22',
  '/a|',
  '/a%7c',
  '/__proto__',
  '/constructor',
  '/toString',
  '/hasOwnProperty',
]

const STATIC = ['/x.css', '/x.js', '/x.png', '/x.ico', '/static/x.css', '.css', '.js', '.avif', '.woff2']

/** Ways to make a personal page look like a static one (“Gotta cache 'em all”). */
export function detours(page: string): readonly string[] {
  const targets = new Set<string>([page])
  for (let code = 0x21; code < 0x7f; code++) {
    const character = String.fromCharCode(code)
    const encoded = `%${code.toString(16).padStart(2, '0')}`
    for (const tail of ['x.css', '/x.css']) {
      targets.add(`${page}${character}${tail}`)
      targets.add(`${page}${encoded}${tail}`)
    }
  }
  for (const control of [
    '%00',
    '%09',
    '%0a',
    '%0d',
    '%0d%0a',
    '%20',
    '%3f',
    '%23',
    '%2f',
    '%5c',
    '%7f',
    '%ff',
    '%c0%af',
    '%e2%80%ae',
    '%25%32%66',
  ])
    for (const tail of ['', 'x.css', '/x.css', '.css']) targets.add(`${page}${control}${tail}`)
  for (const tail of STATIC) targets.add(`${page}${tail}`)
  for (const prefix of ['/static', '/assets', '/robots.txt', '/favicon.ico', '/x.css'])
    for (const up of ['/..', '/%2e%2e', '..%2f..', '%2f%2e%2e', '/..;', '/.%2e', '%5c..']) targets.add(`${prefix}${up}${page}`)
  targets.add(`${page}/..%2fstatic/x.css`)
  targets.add(`${page}/%2e%2e/static/x.css`)
  targets.add(`/${page}`)
  targets.add(`${page}?x.css`)
  targets.add(`${page}?/static/x.css`)
  return [...targets]
}
