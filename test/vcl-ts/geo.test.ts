import { describe, expect, it } from 'vitest'
import { type OriginHandler, testPolicy } from '../../src/testing/index.ts'
import { definePolicy, type GeoOptions, geo, type Place, stack } from '../../vcl-ts/index.ts'

const PLACES: Readonly<Record<string, Place>> = {
  '192.0.2.1': { country: 'DE', city: 'Łódź %' },
  '192.0.2.2': { country: 'FR', city: 'Paris', zone: 3 },
}
const told: OriginHandler = ({ headers }) => ({
  headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Country' },
  body: `${headers.joined('x-country') ?? 'none'} ${headers.get('x-city') ?? ''}`.trim(),
})
const behind = (options: Partial<GeoOptions>, origin = told) =>
  testPolicy(stack(geo({ lookup: (ip) => PLACES[ip] ?? null, ...options }), definePolicy({})), { origin })

describe('geo', () => {
  it('tells hooks and origin where the client is, and removes what a client says itself', async () => {
    const cache = await behind({})
    const ask = async (ip: string) => (await cache.request({ url: '/', ip, headers: { 'x-country': 'XX' } })).body
    expect([await ask('192.0.2.1'), await ask('192.0.2.2'), await ask('192.0.2.3')]).toEqual(['DE', 'FR', 'none'])
    expect(cache.stat()).toMatchObject({ cache_miss: 3 })
    expect(await ask('192.0.2.1')).toBe('DE')
    expect(cache.stat()).toMatchObject({ cache_hit: 1 })
  })

  it('may tell more, in more fields, encoded where it has to be', async () => {
    const cache = await behind({ headers: { 'X-City': 'city', 'X-Zone': 'zone' } }, ({ headers }) => ({
      body: `${headers.get('x-city')} ${headers.get('x-zone')} ${headers.get('x-country')}`,
    }))
    expect((await cache.request('/')).body).toBe('%C5%81%C3%B3d%C5%BA%20%25 undefined undefined')
    expect((await cache.request({ url: '/', ip: '192.0.2.2' })).body).toBe('Paris 3 undefined')
  })

  it('lets nothing that a database holds become a header', async () => {
    const cache = await behind({ lookup: () => ({ country: 'DE\r\nX-Admin: 1\ud800' }) })
    expect((await cache.request('/')).body).toBe('DE%0D%0AX-Admin%3A%201%EF%BF%BD')
  })

  it('waits for a look-up, before the next policy is asked', async () => {
    const seen: (string | undefined)[] = []
    const lookup = (ip: string) => Promise.resolve(PLACES[ip] ?? null)
    const cache = await testPolicy(
      stack(geo({ lookup }), definePolicy({ recv: ({ req }) => void seen.push(req.headers.get('x-country')) })),
      { origin: told },
    )
    await cache.request('/')
    expect(seen).toEqual(['DE'])
  })

  it('knows nothing where the look-up fails, and notes it', async () => {
    for (const lookup of [
      () => {
        throw new Error('closed')
      },
      () => Promise.reject(new Error('closed')),
    ]) {
      const { status, body, trace } = await (await behind({ lookup })).request({ url: '/', headers: { 'X-Country': 'XX' } })
      expect([status, body, trace.notes]).toEqual([200, 'none', [['geo', 'closed']]])
    }
  })

  it('may be part of the key', async () => {
    const same: OriginHandler = ({ headers }) => ({ headers: { 'Cache-Control': 'max-age=60' }, body: headers.get('x-country') ?? 'none' })
    const keyed = await behind({ key: true }, same)
    const shared = await behind({ key: false }, same)
    for (const [cache, wanted] of [
      [keyed, 'FR'],
      [shared, 'DE'],
    ] as const) {
      await cache.request('/')
      expect((await cache.request({ url: '/', ip: '192.0.2.2' })).body).toBe(wanted)
    }
  })

  it('refuses names that no field may have', () => {
    const lookup = (): Place | null => null
    expect(() => geo({ lookup, headers: { 'X Country': 'country' } })).toThrow('"X Country" is not a token')
    expect(() => geo({ lookup, headers: { 'Content-Length': 'country' } })).toThrow('framing')
    expect(() => geo({} as never)).toThrow('give lookup')
  })
})
