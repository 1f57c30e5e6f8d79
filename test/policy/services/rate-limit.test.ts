/** `rateLimit` in hooks and as a policy, in the real engine. */
import { describe, expect, it } from 'vitest'
import { runHook, testPolicy } from '../../../src/testing/index.ts'
import { definePolicy, networkOf, type RateRule, rateLimit, ServiceError, stack } from '../../../vcl-ts/index.ts'

const FRESH = { headers: { 'Cache-Control': 'max-age=60' } }

describe('a limit', () => {
  it('is asked in a hook, and counts per key', async () => {
    const limit = rateLimit({ limit: 2, period: '10s' })
    const policy = definePolicy({
      services: { limit },
      recv: ({ client, synth }) => (limit.isDenied(client.ip) ? synth(429) : undefined),
    })
    const cache = await testPolicy(policy, { origin: FRESH })
    const statuses = async (ip: string, times: number): Promise<number[]> => {
      const all: number[] = []
      for (let i = 0; i < times; i++) all.push((await cache.request({ url: '/', ip })).status)
      return all
    }
    expect(await statuses('192.0.2.1', 4)).toEqual([200, 200, 429, 429])
    expect(await statuses('192.0.2.2', 1)).toEqual([200])
    await cache.advance(5)
    expect(await statuses('192.0.2.1', 2)).toEqual([200, 429])
  })

  it('tells what is left, what is blocked, and takes tokens back', async () => {
    const limit = rateLimit({ limit: 3, period: 60, block: '5m' })
    const cache = await testPolicy(definePolicy({ services: { limit } }))
    expect([limit.remaining('a'), limit.isDenied('a'), limit.remaining('a')]).toEqual([3, false, 2])
    limit.returnToken('a')
    expect(limit.remaining('a')).toBe(3)
    for (let i = 0; i < 4; i++) limit.isDenied('a')
    expect([limit.blocked('a'), limit.remaining('a'), limit.retryAfter('a')]).toEqual([300, 0, 300])
    await cache.advance(299)
    expect([limit.isDenied('a'), limit.blocked('a')]).toEqual([true, 1])
    limit.remove('a')
    expect([limit.blocked('a'), limit.isDenied('a')]).toEqual([0, false])
  })

  it('takes another rule for a call, whose buckets are its own', async () => {
    const throttle = rateLimit({ limit: 1, period: 1 })
    await testPolicy(definePolicy({ services: { throttle } }))
    const times = (rule: RateRule, count: number): boolean[] => Array.from({ length: count }, () => throttle.isDenied('a', rule))
    expect(times({ limit: 2, period: 10, block: 30 }, 3)).toEqual([false, false, true])
    expect(times({ limit: 3, period: 10 }, 4)).toEqual([false, false, false, true])
    expect(throttle.blocked('a', { limit: 2, period: 10 })).toBe(30)
    expect(throttle.isDenied('a')).toBe(false)
  })

  it('says so when no policy names it', async () => {
    const limit = rateLimit({ limit: 2, period: 10 })
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
    expect(() => limit.isDenied('a')).toThrow(/this rateLimit does not run: name it in the policy/)
    const { action } = await runHook(definePolicy({ recv: ({ synth }) => (limit.isDenied('a') ? synth(429) : undefined) }), 'recv')
    expect(action).toMatchObject({ type: 'fail' })
  })

  it('ends with its policy', async () => {
    const limit = rateLimit({ limit: 2, period: 10 })
    const cache = await testPolicy(definePolicy({ services: { limit }, fini: () => void limit.isDenied('a') }))
    expect(await cache.close()).toEqual([])
    expect(() => limit.isDenied('a')).toThrow(ServiceError)
  })

  it.each([
    [{ limit: 0, period: 1 }],
    [{ limit: 1.5, period: 1 }],
    [{ limit: 1, period: 0 }],
    [{ limit: 1, period: '31d' }],
    [{ limit: 1, period: 'soon' }],
    [{ limit: 1, period: 1, block: -1 }],
  ] as unknown as [RateRule][])('refuses %j', (rule) => {
    expect(() => rateLimit(rule)).toThrow(/rateLimit|duration/)
  })

  it('refuses a key that is no text', async () => {
    const limit = rateLimit({ limit: 2, period: 10 })
    await testPolicy(definePolicy({ services: { limit } }))
    expect(() => limit.isDenied(undefined as unknown as string)).toThrow('rateLimit: a key is text, not undefined')
  })
})

describe('a limit as a policy', () => {
  it('answers 429 with what the client needs to know', async () => {
    const cache = await testPolicy(stack(rateLimit({ limit: 2, period: 60 }).policy(), definePolicy({})), { origin: FRESH })
    await cache.request('/')
    await cache.request('/')
    await cache.advance(10)
    const { status, headers } = await cache.request('/')
    expect(status).toBe(429)
    expect(headers.get('retry-after')).toBe('20')
    expect(headers.get('ratelimit-policy')).toBe('"default";q=2;w=60')
    expect(headers.get('ratelimit')).toBe('"default";r=0;t=20')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('shows what is left where that is asked for, and stores none of it', async () => {
    const cache = await testPolicy(rateLimit({ limit: 5, period: 60 }).policy({ fields: true }), { origin: FRESH })
    const left = async (): Promise<string | undefined> => (await cache.request('/')).headers.get('ratelimit')
    expect([await left(), await left()]).toEqual(['"default";r=4;t=12', '"default";r=3;t=12'])
  })

  it('does not limit what has no key', async () => {
    const limit = rateLimit({ limit: 1, period: 60 })
    const policy = limit.policy({ key: ({ req, client }) => (req.path === '/login' ? client.ip : null) })
    const cache = await testPolicy(policy, { origin: FRESH })
    const statuses: number[] = []
    for (const url of ['/', '/', '/login', '/login', '/']) statuses.push((await cache.request(url)).status)
    expect(statuses).toEqual([200, 200, 200, 429, 200])
  })

  it('counts a page once, whatever it includes and however often it begins again', async () => {
    const limit = rateLimit({ limit: 3, period: 3600 })
    const policy = stack(
      limit.policy(),
      definePolicy({
        recv: ({ req, restart }) => (req.restarts === 0 && req.url === '/' ? restart() : undefined),
        backendResponse: ({ bereq, beresp }) => void (beresp.esi = bereq.url === '/'),
      }),
    )
    const page = '<esi:include src="/a"/><esi:include src="/b"/><esi:include src="/c"/>'
    const cache = await testPolicy(policy, { origin: ({ url }) => ({ ...FRESH, body: url === '/' ? page : url }) })
    expect((await cache.request('/')).body).toBe('/a/b/c')
    expect(limit.remaining('192.0.2.1')).toBe(2)
  })

  it('takes a /64 of IPv6 for one client', async () => {
    const cache = await testPolicy(rateLimit({ limit: 1, period: 60 }).policy(), { origin: FRESH })
    const statuses: number[] = []
    for (const ip of ['2001:db8::1', '2001:db8::2:3', '2001:db8:0:1::1', '::ffff:192.0.2.1', '192.0.2.1'])
      statuses.push((await cache.request({ url: '/', ip })).status)
    expect(statuses).toEqual([200, 429, 200, 200, 429])
  })
})

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['::ffff:192.0.2.1', undefined, '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2:0:0:0:0/64'],
    ['2001:db8:1:2ff:3:4:5:6', 56, '2001:db8:1:200:0:0:0:0/56'],
    ['2001:db8::6', 128, '2001:db8:0:0:0:0:0:6/128'],
    ['fe80::1%eth0', undefined, 'fe80:0:0:0:0:0:0:0/64'],
    ['unix', undefined, 'unix'],
  ])('%s /%s is %s', (address, bits, network) => {
    expect(networkOf(address, bits)).toBe(network)
  })

  it('refuses bits that cannot be', () => {
    expect(() => networkOf('::1', 8)).toThrow(RangeError)
  })
})
