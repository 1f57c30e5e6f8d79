/** The shop's policy, tested without a server: `clearcoat test examples/policy/shop.test.ts`. */
import {
  actions,
  beforeEach,
  describe,
  expect,
  it,
  type OriginHandler,
  type PolicyTest,
  runHookSync,
  testPolicy,
} from 'clearcoat/vcl-ts/testing'
import shop from './shop.ts'

let down = false
let cache: PolicyTest

const origin: OriginHandler = ({ url, headers }) => {
  if (down) return { fails: 'refuse' }
  if (url === '/account') return { headers: { 'X-Page': 'personal' }, body: `for ${headers.get('cookie') ?? 'nobody'}` }
  if (url === '/cart') return { headers: { 'Cache-Control': 'private' }, body: headers.get('cookie') ?? 'empty' }
  return { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'a teapot' }
}

beforeEach(async () => {
  down = false
  cache = await testPolicy(shop, { origin })
})

describe('the shop', () => {
  it('shares its pages, whatever cookies scripts have set', async () => {
    await cache.request({ url: '/teapot', headers: { Cookie: 'theme=dark' } })
    const { body, trace } = await cache.request({ url: '/teapot', headers: { Cookie: 'theme=light' } })
    expect(body).toBe('a teapot')
    expect(trace).toMatchObject({ decision: 'hit', reason: 'HIT', class: 'anonymous' })
  })

  it('keeps one copy of a page, wherever the visitor came from', async () => {
    const first = await cache.request('/search?q=pot&utm_source=mail&page=2')
    expect(first.trace.origin[0]?.url).toBe('/search?page=2&q=pot')
    expect((await cache.request('/search?page=2&q=pot&fbclid=x')).trace.decision).toBe('hit')
    const purged = await cache.request({ method: 'PURGE', url: '/search?q=pot&page=2', ip: '10.0.0.1' })
    expect(purged.trace.detail).toBe('purged 1')
  })

  it('passes who has a cart, and the origin sees the cookie', async () => {
    const { body, trace } = await cache.request({ url: '/cart', headers: { Cookie: 'theme=dark; cart=42' } })
    expect(body).toBe('cart=42')
    expect(trace).toMatchObject({ decision: 'pass', reason: 'POLICY', stored: false })
    expect(trace.hooks[0]).toEqual({ hook: 'recv', action: actions.pass(), by: 'recv of policy shop' })
  })

  it('gives nobody the page of another who has a cart', async () => {
    const ada = await cache.request({ url: '/teapot', headers: { Cookie: 'cart=ada' } })
    const ben = await cache.request({ url: '/teapot', headers: { Cookie: 'cart=ben' } })
    const visitor = await cache.request('/teapot')
    expect([ada, ben, visitor].map(({ trace }) => trace.decision)).toEqual(['pass', 'pass', 'miss'])
    expect(ben.trace.origin[0]?.headers.get('cookie')).toBe('cart=ben')
    expect(visitor.trace.origin[0]?.headers.get('cookie')).toBe(undefined)
  })

  it('shares pages again once the cart is gone', async () => {
    await cache.request('/teapot')
    expect((await cache.request({ url: '/teapot', headers: { Cookie: 'theme=dark' } })).trace.decision).toBe('hit')
  })

  it('serves a page of the last ten minutes at once while it is refreshed', async () => {
    await cache.request('/teapot')
    await cache.advance('5m')
    const { trace } = await cache.request('/teapot')
    expect(trace).toMatchObject({ decision: 'stale', reason: 'GRACE', origin: [] })
    expect(trace.background.origin[0]?.headers.get('if-none-match')).toBe('"1"')
    expect((await cache.request('/teapot')).trace.decision).toBe('hit')
  })

  it('serves a page of today while the origin is down', async () => {
    await cache.request('/teapot')
    await cache.advance('12h')
    down = true
    expect(await cache.request('/teapot')).toMatchObject({ status: 200, body: 'a teapot', trace: { reason: 'STALE_IF_ERROR' } })
    await cache.advance('2d')
    expect((await cache.request('/teapot')).status).toBe(502)
  })

  it('never shares a personal page, and remembers for two minutes that it is one', async () => {
    const first = await cache.request('/account')
    expect(first.trace).toMatchObject({ decision: 'miss', stored: false })
    expect(first.headers.has('x-page')).toBe(false)
    const second = await cache.request('/account')
    expect(second.trace).toMatchObject({ decision: 'pass', reason: 'HIT_FOR_PASS', origin: [{ url: '/account' }] })
    await cache.advance('3m')
    expect((await cache.request('/account')).trace.decision).toBe('miss')
  })

  it('is purged from the office alone', async () => {
    await cache.request('/teapot')
    const stranger = await cache.request({ method: 'PURGE', url: '/teapot', ip: '203.0.113.9' })
    expect(stranger.status).toBeGreaterThanOrEqual(400)
    expect(stranger.trace).toMatchObject({ decision: 'synth', origin: [] })
    expect((await cache.request('/teapot')).trace.decision).toBe('hit')
    const office = await cache.request({ method: 'PURGE', url: '/teapot', ip: '10.20.30.40' })
    expect(office).toMatchObject({ status: 200, trace: { detail: 'purged 1' } })
    expect((await cache.request('/teapot')).trace.decision).toBe('miss')
  })

  it('drops a product’s page and picture together, and nothing else', async () => {
    for (const url of ['/shop/lamp', '/images/lamp.svg', '/shop/chair']) await cache.request(url)
    const purged = await cache.request({ method: 'PURGE', url: '/', headers: { 'xkey-purge': 'product-lamp' }, ip: '10.20.30.40' })
    expect(purged.trace.detail).toBe('purged 2')
    const decisions = []
    for (const url of ['/shop/lamp', '/images/lamp.svg', '/shop/chair']) decisions.push((await cache.request(url)).trace.decision)
    expect(decisions).toEqual(['miss', 'miss', 'hit'])
  })
})

describe('its hooks', () => {
  it('believe no address of the office that is excepted', () => {
    const purge = (ip: string): string => runHookSync(shop, 'recv', { req: { method: 'PURGE' }, client: { ip } }).action.type
    expect([purge('10.1.2.4'), purge('10.1.2.3')]).toEqual(['purge', 'synth'])
  })

  it('give an answer without a lifetime one minute', () => {
    const { nouns } = runHookSync(shop, 'backendResponse', { beresp: { headers: {} } })
    expect(nouns.beresp).toMatchObject({ ttl: 60, grace: 600, staleIfError: 86_400 })
  })
})
