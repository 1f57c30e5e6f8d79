/** What a client likes best of what is on offer, and roughly what it is. */
import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { accept, definePolicy, HeaderMap } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

const headers = (name: string, ...lines: readonly string[]): HeaderMap => HeaderMap.of(lines.map((line) => [name, line] as const))

describe('accept.language', () => {
  it.each([
    ['the one of the highest weight', 'en;q=0.7, de;q=0.9, fr;q=0.8', ['en', 'fr', 'de'], 'de'],
    ['the nearer range', 'de-CH, de;q=0.5', ['de', 'de-CH'], 'de-CH'],
    ['what a region is a kind of', 'de-CH', ['en', 'de'], 'de'],
    ['a region where only the language was asked for', 'en', ['de', 'en-GB'], 'en-GB'],
    ['whatever the case is', 'DE-ch', ['en', 'de-CH'], 'de-CH'],
    ['the first of equals', 'fr, de', ['de', 'fr'], 'de'],
    ['the first when it likes none', 'it', ['en', 'de'], 'en'],
    ['the first when it says nothing', '', ['en', 'de'], 'en'],
    ['any for *', 'it, *;q=0.1', ['en', 'de'], 'en'],
    ['not what is refused', 'en;q=0, *', ['en', 'de'], 'de'],
    ['not a language that merely begins alike', 'den', ['en', 'de'], 'en'],
    ['not what has no weight that can be read', 'de;q=high, en;q=0.1', ['fr', 'de', 'en'], 'en'],
    ['whatever else is in the field', ' ;q=1, , de ; q=1.000 ;x', ['en', 'de'], 'de'],
  ] as const)('takes %s', (_title, field, offered, wanted) => {
    expect(accept.language(headers('Accept-Language', field), offered)).toBe(wanted)
  })

  it('reads several lines, and 64 ranges of them', () => {
    expect(accept.language(headers('Accept-Language', 'it', 'de'), ['en', 'de'])).toBe('de')
    expect(accept.language(headers('Accept-Language', `${'it,'.repeat(64)}de`), ['en', 'de'])).toBe('en')
    expect(accept.language(new HeaderMap(), ['en', 'de'])).toBe('en')
    expect(() => accept.language(new HeaderMap(), [] as never)).toThrow('at least one')
  })

  it('makes of any field one of what is on offer', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z*,;=q0-9. -]*$/), (field) => {
        expect(['en', 'de', 'fr-CA']).toContain(accept.language(headers('Accept-Language', field), ['en', 'de', 'fr-CA']))
      }),
    )
  })

  it('in place of the field leaves as many variants as languages', async () => {
    const cache = await testPolicy(
      definePolicy({ recv: ({ req }) => req.headers.set('Accept-Language', accept.language(req.headers, ['en', 'de'])) }),
      {
        origin: ({ headers: sent }) => ({
          headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' },
          body: sent.get('accept-language') ?? '',
        }),
      },
    )
    const ask = async (field: string) => (await cache.request({ url: '/', headers: { 'Accept-Language': field } })).body
    const asked = ['de-DE,de;q=0.9', 'de', 'de-AT, en;q=0.1', 'en', 'fr', 'xx;q=0.3']
    const answers: string[] = []
    for (const field of asked) answers.push(await ask(field))
    expect(answers).toEqual(['de', 'de', 'de', 'en', 'en', 'en'])
    expect(cache.stat()).toMatchObject({ cache_miss: 2, cache_hit: 4 })
  })
})

describe('accept.type and accept.encoding', () => {
  it.each([
    ['application/json', 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/html'],
    ['application/*', 'application/json'],
    ['text/html;q=0.1, application/json;q=0.2', 'application/json'],
    ['*/*', 'text/html'],
    ['image/png', 'text/html'],
    ['text/html;q=0, */*', 'application/json'],
  ])('%s: %s', (field, wanted) => {
    expect(accept.type(headers('Accept', field), ['text/html', 'application/json'])).toBe(wanted)
  })

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['x-gzip', 'gzip'],
    ['br;q=0.1, gzip', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['deflate', 'identity'],
    ['*;q=0', 'identity'],
  ])('%s: %s', (field, wanted) => {
    expect(accept.encoding(headers('Accept-Encoding', field), ['br', 'gzip'])).toBe(wanted)
  })
})

describe('accept.device', () => {
  const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0'

  it.each([
    ['desktop', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`],
    ['desktop', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15'],
    ['desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    [
      'mobile',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    ],
    ['mobile', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`],
    ['mobile', 'Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0'],
    ['tablet', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Safari/537.36`],
    [
      'tablet',
      'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1',
    ],
    ['tablet', 'Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0'],
    ['bot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
    ['bot', `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${CHROME} Mobile Safari/537.36 (compatible; bingbot/2.0)`],
    ['bot', 'curl/8.5.0'],
    ['bot', 'facebookexternalhit/1.1'],
    ['desktop', ''],
  ])('%s: %s', (device, agent) => {
    expect(accept.device(headers('User-Agent', agent))).toBe(device)
  })

  it('believes the hint that a browser sends', () => {
    const plain = headers('User-Agent', `Mozilla/5.0 (Windows NT 10.0) ${CHROME}`)
    plain.set('Sec-CH-UA-Mobile', '?1')
    expect(accept.device(plain)).toBe('mobile')
  })

  it('takes no time for a hostile field', () => {
    const hostile = headers('User-Agent', 'nexus '.repeat(1300))
    const began = performance.now()
    for (let round = 0; round < 1000; round++) accept.device(hostile)
    expect(performance.now() - began).toBeLessThan(1000)
  })
})
