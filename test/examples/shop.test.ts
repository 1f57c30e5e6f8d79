import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Shop, startShop } from '../../examples/shop/server.ts'

describe('the demo shop', () => {
  let shop: Shop

  beforeAll(async () => {
    shop = await startShop()
  })

  afterAll(() => shop.close())

  const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${shop.url}${path}`, { redirect: 'manual', ...init })

  it.each([
    ['/', 200, 's-maxage=30, stale-while-revalidate=60'],
    ['/shop/teapot', 200, 'max-age=10, s-maxage=60'],
    ['/images/teapot.svg', 200, 'public, max-age=31536000, immutable'],
    ['/api/products', 200, 's-maxage=5, stale-if-error=600'],
    ['/api/time', 200, 'no-store'],
    ['/cart', 200, 'private, no-store'],
    ['/nothing', 404, 's-maxage=5'],
    ['/shop/nothing', 404, 's-maxage=5'],
  ])('answers %s with %d and says how long it may be kept', async (path, status, cacheControl) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBe(cacheControl)
    expect((await response.text()).length).toBeGreaterThan(0)
  })

  it('keeps the cart in a cookie, which only the cart’s page reads', async () => {
    const added = await get('/cart', { method: 'POST', body: new URLSearchParams({ id: 'lamp' }) })
    expect(added.status).toBe(303)
    const cookie = added.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(cookie).toBe('cart=lamp')
    expect(await (await get('/cart', { headers: { Cookie: cookie } })).text()).toContain('Reading lamp')
    expect(await (await get('/cart')).text()).toContain('It is empty')
  })

  it('refuses what it does not sell', async () => {
    expect((await get('/cart', { method: 'POST', body: new URLSearchParams({ id: '<script>' }) })).status).toBe(400)
  })

  it('confirms with 304 what has not changed', async () => {
    const etag = (await get('/images/lamp.svg')).headers.get('etag') ?? ''
    const again = await get('/images/lamp.svg', { headers: { 'If-None-Match': etag } })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
  })
})
