/** What remains of VMODs std and blob: shell patterns, conversions, times, encodings. */
import { describe, expect, it } from 'vitest'
import { type BlobEncoding, blob, convert, fnmatch, strftime } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

describe('fnmatch', () => {
  it.each([
    ['/img/*.png', '/img/a.png', true],
    ['/img/*.png', '/img/b/a.png', false],
    ['/img/*.png', '/img/.png', true],
    ['/img/*.png', '/img/a.png?x', false],
    ['/*/x', '/a/x', true],
    ['/*/x', '/a/b/x', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x[!0-9]', 'bxz', true],
    ['[a-c]x[^0-9]', 'bx5', false],
    ['[]x]', ']', true],
    ['[a/]', '/', false],
    ['[a', '[a', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['a\\', 'a\\', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['**a', 'bba', true],
    ['a.c', 'abc', false],
  ])('%s is for %s: %s', (pattern, text, wanted) => {
    expect(fnmatch(pattern, text)).toBe(wanted)
  })

  it('may take slashes for any character', () => {
    expect(fnmatch('/img/*.png', '/img/b/a.png', { pathname: false })).toBe(true)
    expect(fnmatch('a?[/]c', 'a//c', { pathname: false })).toBe(true)
  })

  it('finds what a regular expression for the same finds', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '/', '*', '?', '[ab]', '[!a]'), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[abc/]{0,8}$/), fc.boolean(), (glob, text, pathname) => {
        const one = pathname ? '[^/]' : '[^]'
        const source = glob
          .replaceAll(/\[!a\]/g, pathname ? '\u0001' : '\u0002')
          .replaceAll('*', `${one}*`)
          .replaceAll('?', one)
          .replaceAll('\u0001', '[^a/]')
          .replaceAll('\u0002', '[^a]')
        expect(fnmatch(glob, text, { pathname })).toBe(new RegExp(`^${source}$`).test(text))
      }),
      { numRuns: 3000 },
    )
  })

  it('takes no more time than both lengths allow', () => {
    const began = performance.now()
    expect(fnmatch(`${'*a'.repeat(30)}b`, 'a'.repeat(8000), { pathname: false })).toBe(false)
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

describe('convert', () => {
  it.each([
    ['integer', '42', 42],
    ['integer', ' -7 ', -7],
    ['integer', '+3', 3],
    ['integer', '1e3', 'no'],
    ['integer', '0x10', 'no'],
    ['integer', '4.2', 'no'],
    ['integer', '1234567890123456', 'no'],
    ['integer', '', 'no'],
    ['integer', undefined, 'no'],
    ['real', '4.25', 4.25],
    ['real', '-1', -1],
    ['real', '.5', 'no'],
    ['real', 'Infinity', 'no'],
    ['real', 'NaN', 'no'],
    ['duration', '90', 90],
    ['duration', '1.5h', 5400],
    ['duration', '250ms', 0.25],
    ['duration', '1h30m', 'no'],
    ['duration', 'soon', 'no'],
    ['bytes', '512', 512],
    ['bytes', '64k', 65_536],
    ['bytes', '1.5MB', 1_572_864],
    ['bytes', '2T', 2 * 1024 ** 4],
    ['bytes', '-1', 'no'],
    ['bytes', '1KK', 'no'],
    ['time', 'Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
    ['time', '1994-11-06T08:49:37Z', 784_111_777],
    ['time', '1994-11-06T08:49:37.250Z', 784_111_777.25],
    ['time', '784111777', 784_111_777],
    ['time', 'Sun Nov  6 08:49:37 1994', 'no'],
    ['time', '1994-13-06T08:49:37Z', 'no'],
    ['time', 'tomorrow', 'no'],
    ['real', '1'.repeat(100), 'no'],
  ] as const)('%s of %j is %j', (kind, text, wanted) => {
    expect(convert[kind](text, 'no')).toBe(wanted)
  })

  it('is as fast for what is no number at all', () => {
    const began = performance.now()
    for (const kind of ['integer', 'real', 'duration', 'bytes', 'time'] as const) convert[kind](' '.repeat(1_000_000), 0)
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('strftime', () => {
  const TIME = Date.UTC(2026, 1, 3, 4, 5, 6) / 1000

  it.each([
    ['%Y-%m-%dT%H:%M:%SZ', '2026-02-03T04:05:06Z'],
    ['%a, %d %b %Y %T GMT', 'Tue, 03 Feb 2026 04:05:06 GMT'],
    ['%A %B %e %j %u %w %y %C', 'Tuesday February  3 034 2 2 26 20'],
    ['%I %p %R %F %D %s', '04 AM 04:05 2026-02-03 02/03/26 1770091506'],
    ['%c%n%t%z %Z', 'Tue Feb  3 04:05:06 2026\n\t+0000 UTC'],
    ['100%% %%Y', '100% %Y'],
  ])('%s', (format, wanted) => {
    expect(strftime(format, TIME)).toBe(wanted)
  })

  it('knows noon, midnight, Sunday and the last day of a leap year', () => {
    expect(strftime('%I%p %u', Date.UTC(2026, 1, 1, 12) / 1000)).toBe('12PM 7')
    expect(strftime('%I%p %j', Date.UTC(2024, 11, 31) / 1000)).toBe('12AM 366')
  })

  it('refuses what it does not know', () => {
    expect(() => strftime('%Q', TIME)).toThrow('there is no "%Q"')
    expect(() => strftime('50%', TIME)).toThrow('write %% for a percent sign')
    expect(() => strftime('%Y', Number.NaN)).toThrow(RangeError)
  })
})

describe('blob', () => {
  const BYTES = Uint8Array.from([0xfb, 0xff, 0x00, 0x41])

  it.each([
    ['base64', '+/8AQQ=='],
    ['base64url', '-_8AQQ'],
    ['base64cf', '-~8AQQ__'],
    ['hex', 'fbff0041'],
    ['url', '%FB%FF%00A'],
  ] as const)('%s is %s', (encoding, text) => {
    expect(blob.encode(encoding, BYTES)).toBe(text)
    expect(blob.decode(encoding, text)).toEqual(BYTES)
  })

  it.each([
    ['base64', '+/8AQ'],
    ['base64', '-_8AQQ'],
    ['base64', 'a=a'],
    ['base64', 'ab c'],
    ['base64url', '+/8AQQ'],
    ['base64cf', '+/8AQQ=='],
    ['hex', 'fbf'],
    ['hex', 'xx'],
    ['url', '%F'],
    ['url', '%'],
  ] as const)('%s is not %j', (encoding, text) => {
    expect(blob.decode(encoding, text)).toBeNull()
  })

  it('takes text as UTF-8, padding or not, hex in any case', () => {
    expect(blob.encode('base64', 'ä')).toBe('w6Q=')
    expect(blob.encode('text', Uint8Array.from([0xc3, 0xa4, 0xff]))).toBe('ä\ufffd')
    expect(blob.decode('base64', 'w6Q')).toEqual(blob.decode('text', 'ä'))
    expect(blob.decode('base64url', 'w6Q=')).toEqual(blob.decode('hex', 'C3a4'))
    expect(blob.encode('url', 'a b~/é')).toBe('a%20b~%2F%C3%A9')
    expect(blob.decode('url', 'é%C3%A9')).toEqual(blob.decode('text', 'éé'))
  })

  it('gives back whatever it encoded', () => {
    const encodings: readonly BlobEncoding[] = ['base64', 'base64url', 'base64cf', 'hex', 'url']
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...encodings), (bytes, encoding) => {
        expect(blob.decode(encoding, blob.encode(encoding, bytes))).toEqual(new Uint8Array(bytes))
      }),
    )
  })
})
