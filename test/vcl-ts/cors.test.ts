/** Cross-origin requests: what browsers are told, of answers that are stored once for all. */
import { describe, expect, it } from 'vitest'
import { type OriginReply, type PolicyTest, type TestAnswer, testPolicy } from '../../src/testing/index.ts'
import { type CorsOptions, cors, definePolicy, stack } from '../../vcl-ts/index.ts'

const PAGE: OriginReply = { headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept' }, body: 'page' }
const APP = 'https://app.example'
const FIELDS = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers', 'vary']

const site = (options: CorsOptions, origin = PAGE): Promise<PolicyTest> => testPolicy(stack(cors(options), definePolicy({})), { origin })
const told = ({ headers }: TestAnswer): (string | undefined)[] => FIELDS.map((name) => headers.joined(name))
const from = (origin: string, url = '/') => ({ url, headers: { Origin: origin } })
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  url: '/api',
  headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
})

describe('cors', () => {
  it('tells each origin what is for it, from one stored answer', async () => {
    const cache = await site({ origins: [APP, 'https://*.trusted.example'], credentials: true, expose: ['X-Total', 'ETag'] })
    expect(told(await cache.request('/'))).toEqual([undefined, undefined, undefined, 'Accept, Origin'])
    expect(told(await cache.request(from(APP)))).toEqual([APP, 'true', 'X-Total, ETag', 'Accept, Origin'])
    expect(told(await cache.request(from('https://a.trusted.example')))).toEqual([
      'https://a.trusted.example',
      'true',
      'X-Total, ETag',
      'Accept, Origin',
    ])
    expect(told(await cache.request(from('https://evil.example')))).toEqual([undefined, undefined, undefined, 'Accept, Origin'])
    expect(cache.stat()).toMatchObject({ cache_miss: 1, cache_hit: 3 })
  })

  it('needs no Vary where everybody is told the same', async () => {
    const cache = await site({ origins: '*' })
    expect(told(await cache.request(from('https://any.example')))).toEqual(['*', undefined, undefined, 'Accept'])
    expect(told(await cache.request(from('null')))).toEqual(['*', undefined, undefined, 'Accept'])
  })

  it.each([
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'https://evilapp.example',
    'https://APP.example',
    'https://trusted.example',
    'https://.trusted.example',
    'https://a..trusted.example',
    'https://evil.example/.trusted.example',
    'https://evil.example#.trusted.example',
    'null',
    '',
  ])('does not take %j for one that is allowed', async (origin) => {
    const cache = await site({ origins: [APP, 'https://*.trusted.example'], credentials: true })
    expect(told(await cache.request(from(origin)))[0]).toBeUndefined()
  })

  it('asks a function about others', async () => {
    const cache = await site({ origins: (origin) => origin.endsWith('.test') })
    expect(told(await cache.request(from('https://a.test')))[0]).toBe('https://a.test')
    expect(told(await cache.request(from('https://a.example')))[0]).toBeUndefined()
  })

  it('answers preflights itself, before anybody is asked', async () => {
    const asked: string[] = []
    const cache = await testPolicy(
      stack(
        cors({ origins: [APP], methods: ['PUT', 'DELETE'], headers: ['Authorization'], maxAge: '1h', credentials: true }),
        definePolicy({
          recv({ req, synth }) {
            asked.push(req.method)
            return synth(401)
          },
        }),
      ),
    )
    const { status, body, headers } = await cache.request(preflight(APP))
    expect([status, body]).toEqual([204, ''])
    expect(
      ['allow-origin', 'allow-credentials', 'allow-methods', 'allow-headers', 'max-age'].map((name) =>
        headers.get(`access-control-${name}`),
      ),
    ).toEqual([APP, 'true', 'PUT, DELETE', 'Authorization', '3600'])
    expect(headers.get('vary')).toBe('Origin')
    expect((await cache.request(preflight('https://evil.example'))).headers.has('access-control-allow-origin')).toBe(false)
    expect(asked).toEqual([])
    await cache.request({ method: 'OPTIONS', url: '/', headers: { Origin: APP } })
    expect(asked).toEqual(['OPTIONS'])
  })

  it('lets scripts read errors that are made here', async () => {
    const cache = await testPolicy(stack(cors({ origins: [APP] }), definePolicy({ recv: ({ synth }) => synth(401) })))
    const answer = await cache.request(from(APP))
    expect([answer.status, ...told(answer)]).toEqual([401, APP, undefined, undefined, 'Origin'])
  })

  it('replaces what the origin server said for somebody else', async () => {
    const said = { 'Access-Control-Allow-Origin': 'https://other.example', 'Access-Control-Allow-Credentials': 'true' }
    const cache = await site({ origins: [APP] }, { headers: { 'Cache-Control': 'max-age=60', ...said } })
    expect(told(await cache.request(from('https://other.example')))).toEqual([undefined, undefined, undefined, 'Origin'])
    expect(told(await cache.request(from(APP)))).toEqual([APP, undefined, undefined, 'Origin'])
  })

  it.each([
    [{ origins: '*', credentials: true }, 'any site read'],
    [{ origins: [] }, 'at least one origin'],
    [{ origins: ['app.example'] }, 'is no origin'],
    [{ origins: ['https://app.example/'] }, 'is no origin'],
    [{ origins: ['null'] }, 'is no origin'],
    [{ origins: ['https://app.*.example'] }, 'is no origin'],
    [{ origins: /app/ }, 'a function'],
    [{ origins: '*', headers: ['a b'] }, '"a b" in headers is no name'],
    [{ origins: '*', methods: ['PUT\r\n'] }, 'in methods is no name'],
    [{ origins: [APP], headers: ['*'], credentials: true }, '"*" in headers'],
  ])('refuses %j', (options, fault) => {
    expect(() => cors(options as unknown as CorsOptions)).toThrow(fault)
  })
})
